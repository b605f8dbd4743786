# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd episodes repair`: seal what a crash, a full disk or a broken copy left behind."""

import argparse
from pathlib import Path

from hvd_ros.cli.episode_verbs.chosen import add_root, root_of

HELP = 'seal what a crash, a full disk or a broken copy left behind'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-verb."""
    add_root(parser)
    parser.add_argument(
        'episodes', nargs='*', type=Path, metavar='FOLDER', help='folders (default: all)'
    )


def run(args: argparse.Namespace) -> int:
    """Say what was done; 1 when something could not be repaired."""
    from hvd_ros.core.episodes.repair import repair, repair_all

    if args.episodes:
        results = [repair(folder) for folder in args.episodes]
    else:
        results = repair_all(root_of(args))
    for result in results:
        if result.done:
            print(f'{result.folder}: {result.done}')
    failed = sum(not result.rescued for result in results)
    repaired = sum(bool(result.done) for result in results) - failed
    print(f'{len(results)} folders, {repaired} repaired, {failed} not')
    return 1 if failed else 0
