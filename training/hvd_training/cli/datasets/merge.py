# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd dataset merge`: several datasets as one."""

import argparse
from pathlib import Path

HELP = 'put datasets of one body behind each other'
EXAMPLES = ('hvd dataset merge expert rollouts --out mixed',)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add datasets and the place of the new one."""
    add = parser.add_argument
    add('datasets', nargs='+', type=Path, metavar='DIR', help='datasets, in this order')
    add('--out', type=Path, required=True, metavar='DIR', help='folder of the new dataset')
    add('--format', choices=('v3.0', 'v2.1'), help='LeRobot format (default: of the first)')


def run(args: argparse.Namespace) -> int:
    """Merge and say what came of it."""
    from hvd_training.data.dataset import Dataset
    from hvd_training.data.subset import merge

    opened = [Dataset(place) for place in args.datasets]
    made = Dataset(merge(opened, args.out, args.format or opened[0].format))
    print(f'{args.out}: {len(made.rows)} episodes, {made.frames} frames, {made.format}')
    return 0
