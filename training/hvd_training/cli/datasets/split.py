# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd dataset split`: one dataset into disjoint parts, by episode."""

import argparse
from pathlib import Path

from hvd_ros.core.errors import ConfigError

HELP = 'divide a dataset by episode, the same way for the same seed'
EXAMPLES = ('hvd dataset split mixed --out parts --parts train=0.9 val=0.1 --seed 0',)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset, the parts and the seed."""
    add = parser.add_argument
    add('dataset', type=Path, metavar='DIR', help='dataset')
    add('--out', type=Path, required=True, metavar='DIR', help='folder of the parts')
    add('--parts', nargs='+', default=['train=0.9', 'val=0.1'], metavar='NAME=SHARE',
        help='shares that add up to 1 (default: train=0.9 val=0.1)')  # fmt: skip
    add('--seed', type=int, default=0, help='(default: 0)')
    add('--format', choices=('v3.0', 'v2.1'), help='LeRobot format (default: the same)')


def run(args: argparse.Namespace) -> int:
    """Split and say what came of it."""
    from hvd_training.data.dataset import Dataset
    from hvd_training.data.subset import split

    parts = _parts(args.parts)
    data = Dataset(args.dataset)
    made = split(data, args.out, parts, args.seed, args.format or data.format)
    for name, place in made.items():
        part = Dataset(place)
        print(f'{name}: {len(part.rows)} episodes, {part.frames} frames in {place}')
    return 0


def _parts(words: list[str]) -> dict[str, float]:
    parts: dict[str, float] = {}
    for word in words:
        name, _, share = word.partition('=')
        try:
            parts[name] = float(share)
        except ValueError:
            raise ConfigError(f"part '{word}': write NAME=SHARE, such as train=0.9") from None
        if not name.isidentifier():
            raise ConfigError(f"part '{word}': the name becomes a folder; use letters")
    return parts
