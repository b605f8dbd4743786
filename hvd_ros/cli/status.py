# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd status`: why does the robot move or not, and what to do about it."""

import argparse
import json
import sys
from typing import Any

from hvd_ros.cli.arguments import add_json, add_namespace, positive
from hvd_ros.cli.paint import paint_for
from hvd_ros.cli.status_view import NODES, Status, as_json, read_status, render

NAME = 'status'
HELP = 'say whether the robot moves, why not, and what to do'
EXAMPLES = (
    'hvd status                     # exit code 0: would move, 1: a gate is closed, 3: no mux',
    'hvd status --watch             # until Ctrl-C',
    'hvd status --json | jq .gates',
    'hvd status --namespace robot1',
)

_SECOND_S = 0.5  # the mux speaks every 0.1 s; five missed ones mean that it is frozen
_PAUSE_S = 0.4  # between two pages of --watch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_namespace(parser)
    add_json(parser, 'print one JSON object instead of a page')
    parser.add_argument('--watch', action='store_true', help='refresh twice a second until Ctrl-C')
    parser.add_argument(
        '--timeout',
        type=positive,
        default=4.0,
        metavar='S',
        help='seconds to wait for the mux (default: 4)',
    )


def run(args: argparse.Namespace) -> int:
    """Show the state; 0 when every gate is open, 1 when one is closed, 3 when no mux is heard."""
    from diagnostic_msgs.msg import DiagnosticStatus
    from hvd_msgs.msg import MuxStatus

    from hvd_ros.cli.ros_session import DISCOVERY_S, Session
    from hvd_ros.nodes.shell import qos

    with Session(args.namespace) as session:
        received = session.collect(MuxStatus, 'mux/status', qos.LATCHED)
        policy = session.collect(DiagnosticStatus, 'policy/status', qos.LATCHED)
        if not session.spin_until(lambda: bool(received), args.timeout):
            return _no_mux(session, args)
        session.spin_until(lambda: set(NODES) <= set(_names(session)), DISCOVERY_S)
        while True:
            status = _look(session, received, policy)
            _show(status, args)
            if not args.watch:
                return 0 if status.would_move else 1
            session.spin(_PAUSE_S)


def _look(session: Any, received: list[Any], policy: list[Any]) -> Status:
    """Wait for one more status, so that the latched word of a frozen mux is not believed."""
    last = received[-1]
    received.clear()
    alive = session.spin_until(lambda: bool(received), _SECOND_S)
    if not alive:
        received.append(last)
    names = _names(session)
    said = policy[-1] if policy and 'policy' in names else None
    return read_status(received[-1], names, alive, said)


def _names(session: Any) -> list[str]:
    space = session.node.get_namespace()
    found = session.node.get_node_names_and_namespaces()
    return [name for name, where in found if where == space]


def _show(status: Status, args: argparse.Namespace) -> None:
    if args.json:
        print(json.dumps(as_json(status)), flush=True)
        return
    # Home and clear below, instead of clearing first: no flicker.
    start, end = ('\x1b[H\x1b[J', '') if args.watch and sys.stdout.isatty() else ('', '')
    print(start + render(status, paint_for(sys.stdout)), end=end, flush=True)


def _no_mux(session: Any, args: argparse.Namespace) -> int:
    from hvd_ros.cli.ros_session import where_we_looked

    topic = session.node.resolve_topic_name('mux/status')
    present = ', '.join(sorted(set(_names(session)) - {session.node.get_name()})) or 'none'
    text = f"no mux heard: nothing on '{topic}' for {args.timeout:g} s ({where_we_looked()})"
    fix = 'start the graph with `hvd launch teleop`, or name its domain and namespace'
    if args.json:
        print(json.dumps({'would_move': False, 'error': text, 'nodes_here': present, 'fix': fix}))
    else:
        print(f'NOT MOVING: {text}; nodes here: {present}; {fix}')
    return 3
