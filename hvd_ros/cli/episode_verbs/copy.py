# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd episodes copy`: to another disk, compared after writing, so that one may delete here."""

import argparse
from pathlib import Path

from hvd_ros.cli.episode_verbs.chosen import add_choice, chosen

HELP = 'copy episodes to another disk and compare what was written'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-verb."""
    parser.add_argument('target', type=Path, help='folder of episodes on the other disk')
    add_choice(parser)


def run(args: argparse.Namespace) -> int:
    """Copy, one line per episode."""
    from hvd_ros.core.episodes.copying import Copied, copy_episodes

    def tell(copied: Copied) -> None:
        what = f'{copied.bytes_copied / 1e6:.1f} MB' if copied.bytes_copied else 'there already'
        print(f'{copied.folder}: {what}')

    done = copy_episodes(chosen(args), args.target, tell)
    print(f'{len(done)} episodes are whole in {args.target}')
    return 0
