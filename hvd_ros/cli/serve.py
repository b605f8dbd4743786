# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd serve`: a policy for a robot whose own computer is too small for it."""

import argparse
from contextlib import closing
import os

from hvd_ros.core.robot.description import load_body

NAME = 'serve'
HELP = 'let a robot on another computer ask a policy that runs here'
EXAMPLES = (
    'hvd serve pen.bundle                         # on this machine only, port 8000',
    'hvd launch deploy policy:=ws://127.0.0.1:8000 scene:=pen_insert',
    'ssh -L 8000:127.0.0.1:8000 gpu-server        # on the robot: the safe way to one elsewhere',
    'HVD_POLICY_TOKEN=... hvd serve pen.bundle --host 0.0.0.0',
    'exit codes: 0 ended, 2 no such policy or port, 4 a damaged bundle or one of another body',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the policy and where it is served."""
    from hvd_ros.runtime.protocol import PORT, TOKEN

    add = parser.add_argument
    add('policy', metavar='POLICY', help='folder of a bundle, KIND:PATH or module:attribute')
    add('--host', default='127.0.0.1', help=f'address to listen on; another one needs {TOKEN}')
    add('--port', type=int, default=PORT, help=f'port; 0 takes a free one (default: {PORT})')
    add('--runtime', default='best', help='what runs a bundle (default: the fastest here)')
    add('--robot', default='r1', help='robot description (default: r1)')


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    from hvd_ros.nodes.policy.opening import open_for_robot
    from hvd_ros.runtime import protocol
    from hvd_ros.runtime.server import PolicyServer, check_host

    token = os.environ.get(protocol.TOKEN, '')
    check_host(args.host, token)
    body = load_body(args.robot)
    policy = open_for_robot(args.policy, body, 'sim', args.runtime)
    with closing(PolicyServer(policy, body, args.host, args.port, token)) as server:
        print(f"'{policy.name}' answers at ws://{server.host}:{server.port}", flush=True)
        server.run()
    return 0
