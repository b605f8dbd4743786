# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd home`: move the body slowly to a named pose while somebody watches."""

import argparse

from hvd_ros.cli.arguments import add_namespace

NAME = 'home'
HELP = 'move the body to its home pose, or another named one, while you watch'
EXAMPLES = (
    'hvd home                       # shows the way, asks, moves; Ctrl-C stops and holds',
    'hvd home --pose park --yes',
    'exit codes: 0 arrived, 1 refused or stopped, 3 no mux heard, 130 Ctrl-C',
)


def add_arguments(parser: argparse.ArgumentParser, pose: str = 'home') -> None:
    """Add the arguments of this verb."""
    add_namespace(parser)
    parser.add_argument(
        '--pose', default=pose, metavar='NAME', help=f'pose of the robot file (default: {pose})'
    )
    parser.add_argument('--yes', action='store_true', help='move without asking')
    parser.add_argument(
        '--robot', default='r1', metavar='NAME', help='robot description (default: r1)'
    )


def run(args: argparse.Namespace) -> int:
    """Move there."""
    from hvd_ros.cli.guarded_move import move

    return move(args)
