# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd demo`: the whole graph with its twins, a scripted operator, and the story of it."""

import argparse
import math
import os
from pathlib import Path
import socket
import subprocess
import sys
import tempfile
import time
from typing import IO, Any

from hvd_ros.cli.arguments import positive
from hvd_ros.cli.demo_story import Story
from hvd_ros.cli.launching.processes import spawn
from hvd_ros.cli.paint import paint_for
from hvd_ros.core.errors import ConfigError, HvdError
from hvd_ros.core.mux.command import Mode
from hvd_ros.core.reasons import explain
from hvd_ros.core.share import user_state_dir

NAME = 'demo'
HELP = 'move a simulated robot through the whole command path and watch it'
EXAMPLES = (
    'hvd demo                 until Ctrl-C when run in a terminal',
    'hvd demo --once          one tour, then a summary',
)
PROGRESS_S = 3.0
TURN_S = 0.1
# The launcher gives its nodes 8 s and then 3 s; see processes.PATIENCE.
LEAVE_S = 15.0


class NothingMoved(HvdError):
    """The demo ran, and the robot stood still."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how long to stay and where the page is."""
    parser.add_argument(
        '--once', action='store_true', help='end after one tour (always so without a terminal)'
    )
    parser.add_argument(
        '--viewer-port',
        type=int,
        metavar='PORT',
        help='port of the page (default: 8080 or the next free)',
    )
    parser.add_argument(
        '--limit', type=positive, default=240.0, metavar='S', help='longest tour (default: 240 s)'
    )


def run(args: argparse.Namespace) -> int:
    """Start the graph, tell its story, sum up; 0 when base and joints have moved."""
    once = args.once or not (sys.stdin.isatty() and sys.stdout.isatty())
    port = args.viewer_port or _free_port()
    log = user_state_dir() / 'demo.log'
    log.parent.mkdir(parents=True, exist_ok=True)
    _refuse_company()
    story = Story(time.monotonic_ns())
    with log.open('wb') as file, tempfile.TemporaryDirectory(prefix='hvd_demo_') as state:
        launcher = _launch(port, once, file, state)
        print(f'watch it: http://127.0.0.1:{port}   (log: {log})', flush=True)
        try:
            _watch(story, launcher, time.monotonic() + args.limit if once else math.inf)
        except KeyboardInterrupt:
            print()
        finally:
            code = _leave(launcher)
    print('\n'.join(story.summary()))
    _judge(story, code, log)
    return 0


def _judge(story: Story, code: int, log: Path) -> None:
    """Raise if the demo showed nothing, after the last words of the nodes."""
    if not code and story.moved:
        return
    print(paint_for(sys.stdout)('what the nodes said last:', 'bad'))
    print(*log.read_text(errors='replace').splitlines()[-15:], sep='\n')
    what = f'the graph ended with code {code}' if code else 'base or joints did not move'
    raise NothingMoved(f'{what}; all that the nodes said: {log}; then try hvd doctor')


def _refuse_company() -> None:
    """Two graphs in one domain would fight over the robot; the mux would rightly refuse both."""
    from hvd_ros.cli.ros_session import DISCOVERY_S, Session, where_we_looked

    with Session() as session:
        if session.spin_until(lambda: 'mux' in session.node.get_node_names(), DISCOVERY_S):
            raise ConfigError(
                f'a mux is already running ({where_we_looked()}); stop that graph, or give the '
                'demo a domain of its own: ROS_DOMAIN_ID=17 hvd demo'
            )


def _launch(port: int, once: bool, log: IO[bytes], state: str) -> 'subprocess.Popen[bytes]':
    words = ['operator:=tour', f'operator_once:={str(once).lower()}', f'viewer_port:={port}']
    command = [sys.executable, '-m', 'hvd_ros.cli.main', 'launch', 'teleop', *words]
    # An e-stop latched by an earlier run must not keep the demo still, nor the other way round.
    return spawn(command, os.environ | {'HVD_STATE_DIR': state}, stdout=log)


def _watch(story: Story, launcher: 'subprocess.Popen[bytes]', until_s: float) -> None:
    """Listen and print until the launcher ends, which it does after the tour."""
    from hvd_ros.cli.ros_session import Session

    with Session() as session:
        _listen(session, story)
        next_s = time.monotonic() + PROGRESS_S
        while launcher.poll() is None:
            session.spin(TURN_S)
            if time.monotonic() > next_s:
                print(story.progress(time.monotonic_ns()), flush=True)
                next_s += PROGRESS_S
            if time.monotonic() > until_s:
                print('the tour is cut off at --limit; a busy machine makes it stop and retry')
                return


def _listen(session: Any, story: Story) -> None:
    from hvd_msgs.msg import CommandTrace, MuxStatus
    from nav_msgs.msg import Odometry
    from sensor_msgs.msg import JointState

    from hvd_ros.nodes.shell import qos

    def on_status(message: Any) -> None:
        why = explain(message.reason)[0] if message.reason else ''
        mode = Mode(message.mode).name.lower()
        line = story.status(time.monotonic_ns(), mode, message.moving, why)
        if line:
            print(line, flush=True)

    def on_odometry(message: Any) -> None:
        at, turn = message.pose.pose.position, message.pose.pose.orientation
        story.base(at.x, at.y, 2.0 * math.atan2(turn.z, turn.w))

    def on_trace(message: Any) -> None:
        if message.sent:
            story.command(time.monotonic_ns())
        if message.refusal:
            story.refused(message.refusal)

    node = session.node
    node.create_subscription(MuxStatus, 'mux/status', on_status, qos.LATCHED)
    node.create_subscription(Odometry, 'odom', on_odometry, qos.STATE)
    node.create_subscription(
        JointState,
        'joint_states',
        lambda message: story.joints(dict(zip(message.name, message.position, strict=True))),
        qos.STATE,
    )
    node.create_subscription(CommandTrace, 'mux/trace', on_trace, qos.EVENTS)


def _leave(launcher: 'subprocess.Popen[bytes]') -> int:
    """End the launcher if it still runs; return its exit code."""
    if launcher.poll() is None:
        launcher.terminate()
    try:
        return launcher.wait(LEAVE_S)
    except subprocess.TimeoutExpired:
        launcher.kill()
        return launcher.wait()


def _free_port() -> int:
    for port in range(8080, 8100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(('127.0.0.1', port))
            except OSError:
                continue
            return port
    raise ConfigError('ports 8080 to 8099 are all taken; name one with --viewer-port')
