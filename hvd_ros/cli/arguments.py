# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Arguments that mean the same in every verb; imports nothing of ROS."""

import argparse
from collections.abc import Sequence
import importlib
from pathlib import Path


def add_namespace(parser: argparse.ArgumentParser) -> None:
    """Add --namespace, for verbs that talk to one robot's graph."""
    parser.add_argument(
        '--namespace', default='', metavar='NS', help='namespace of the robot (default: none)'
    )


def add_json(parser: argparse.ArgumentParser, what: str) -> None:
    """Add --json."""
    parser.add_argument('--json', action='store_true', help=what)


def add_sub_verbs(parser: argparse.ArgumentParser, package: str, names: Sequence[str]) -> None:
    """Add one parser per module of a package, which says HELP and its own arguments."""
    parsers = parser.add_subparsers(metavar='DO', title='what to do', required=True)
    for name in names:
        module = importlib.import_module(f'{package}.{name}')
        part = parsers.add_parser(name, help=module.HELP, description=module.HELP)
        module.add_arguments(part)
        part.set_defaults(sub_verb=module)


def positive(text: str) -> float:
    """Read a number of seconds or minutes above zero."""
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"'{text}' must be above 0")
    return value


def absolute(policy: str) -> str:
    """Return a policy so that a node finds it from whatever folder it runs in."""
    kind, colon, place = policy.partition(':')
    path = Path(place if colon else policy)
    if not path.exists():
        return policy
    return f'{kind}:{path.resolve()}' if colon else str(path.resolve())
