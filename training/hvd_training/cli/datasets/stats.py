# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd dataset stats`: the statistics that state and action are normalised with."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.body import Kind

if TYPE_CHECKING:
    from hvd_training.data.dataset import Dataset
    from hvd_training.data.statistics.norm_stats import NormStats, Representation

HELP = 'compute, share or export the normalisation statistics of a dataset'
EXAMPLES = (
    'hvd dataset stats optimal                   # into optimal/meta/norm_stats.json',
    'hvd dataset stats mixed --use optimal       # the same ones, by path and hash',
    'hvd dataset stats optimal --delta           # of chunks, positions less the present ones',
    'hvd dataset stats optimal --openpi assets/iql_r1/optimal/norm_stats.json',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset and what to do."""
    add = parser.add_argument
    add('dataset', type=Path, metavar='DIR', help='dataset')
    add('--use', type=Path, metavar='OTHER', help='refer to the statistics of another dataset')
    add('--delta', action='store_true', help='positions of an action less those of the state')
    add('--horizon', type=int, metavar='N', help='count whole chunks (default with --delta: that '
        'of the dataset, else every action once)')  # fmt: skip
    add('--floor', type=float, default=1e-2, help='least deviation (default: 0.01)')
    add('--openpi', type=Path, metavar='FILE', help='also write them as openpi reads them')


def run(args: argparse.Namespace) -> int:
    """Compute or refer, then print."""
    from hvd_training.data.dataset import Dataset
    from hvd_training.data.lerobot import layout
    from hvd_training.data.statistics import norm_stats

    data = Dataset(args.dataset)
    if args.use:
        if args.delta or args.horizon:
            raise ConfigError(
                '--use takes the statistics as they are; leave --delta and --horizon'
            )
        made = norm_stats.use(data, Dataset(args.use))
    else:
        made = norm_stats.compute(data, _representation(data, args), args.floor)
        norm_stats.save(made, data, args.floor)
    if args.openpi:
        layout.write_json(args.openpi, norm_stats.as_openpi(made))
    _print(made)
    return 0


def _representation(data: 'Dataset', args: argparse.Namespace) -> 'Representation':
    from hvd_ros.core.robot.description import load_body
    from hvd_training.data.statistics.norm_stats import ABSOLUTE, DELTA, Representation

    if not args.delta:
        return Representation(ABSOLUTE, args.horizon or 1)
    # Base velocities are rates already and openings are few: only positions become differences.
    body = load_body(data.hvd['robot'])
    delta = tuple(d.name for d in body.dimensions if d.kind is Kind.POSITION)
    return Representation(DELTA, args.horizon or data.columns.horizon, delta)


def _print(made: 'NormStats') -> None:
    for key, one in made.stats.items():
        print(f'{key} ({int(one["count"][0])} rows)')
        print(f'  {"":<32}{"mean":>10}{"std":>10}{"q01":>10}{"q99":>10}')
        for i, name in enumerate(made.names[key]):
            cells = ''.join(f'{one[k][i]:>10.4g}' for k in ('mean', 'std', 'q01', 'q99'))
            print(f'  {name:<32}{cells}{"  hardly changes" if name in made.still[key] else ""}')
    how = made.representation
    print(
        f'actions: {how.action}, {how.horizon} a row; {json.dumps(made.sha256[:12])} {made.path}'
    )
