# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What both training verbs ask for on the command line."""

import argparse
from pathlib import Path
from typing import Any

from hvd_ros.core.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser, default: str) -> None:
    """Add datasets, preset, run and what to do with it."""
    add = parser.add_argument
    add('data', nargs='*', metavar='DATA', help='dataset folder or OGBench .npz; optimal:DIR: '
        'demonstrations, mixed:DIR: no demonstrations, DIR: as the episodes say')  # fmt: skip
    add('--preset', metavar='NAME', help=f'where to start from (default: {default})')
    add('--out', type=Path, metavar='RUN', help='folder of the run')
    add('--resume', action='store_true', help='go on with --out, from its newest checkpoint')
    add('--show', action='store_true', help='print every field and do nothing')


def require(args: argparse.Namespace) -> None:
    """Raise ConfigError unless it is said what to learn from and where to."""
    if args.out is None:
        raise ConfigError('no run was named; say --out runs/NAME')
    if args.resume and args.preset:
        raise ConfigError('--resume goes on with the config of the run; leave --preset')


def of_run(args: argparse.Namespace, kind: str) -> Any:
    """Return the config of the run that is gone on with, and its datasets where none is named."""
    if not args.resume or args.out is None:
        return None
    from hvd_training.train import config, run_folder

    folder = run_folder.open_run(args.out, kind)
    args.data = args.data or [f'{d["role"]}:{d["path"]}' for d in folder.about['datasets']]
    if kind == 'value':
        return config.value_from_json(folder.config)
    if args.value is None and 'value' in folder.about:
        args.value = args.out / 'value'
    return config.policy_from_json(folder.config)


def show(made: Any) -> None:
    """Print every field as it would be typed, and what it is."""
    from hvd_training.train.overrides import listed

    rows = listed(made)
    names, values = (max(len(row[i]) for row in rows) for i in (0, 1))
    for name, value, text in rows:
        print(f'--{name:<{names}} {value:<{values}}  {text}'.rstrip())
