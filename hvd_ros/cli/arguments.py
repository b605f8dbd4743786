# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Arguments that mean the same in every verb; imports nothing of ROS."""

import argparse


def add_namespace(parser: argparse.ArgumentParser) -> None:
    """Add --namespace, for verbs that talk to one robot's graph."""
    parser.add_argument(
        '--namespace', default='', metavar='NS', help='namespace of the robot (default: none)'
    )


def add_json(parser: argparse.ArgumentParser, what: str) -> None:
    """Add --json."""
    parser.add_argument('--json', action='store_true', help=what)


def positive(text: str) -> float:
    """Read a number of seconds or minutes above zero."""
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"'{text}' must be above 0")
    return value
