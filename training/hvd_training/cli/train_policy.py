# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd train-policy`: phase 2, or plain imitation."""

import argparse
from pathlib import Path

from hvd_training.cli import training

NAME = 'train-policy'
HELP = 'learn a policy by imitation, or from imperfect data by a value (phase 2)'
FIELDS = 'fields'
EXAMPLES = (
    'hvd train-policy demos --preset small-bc --out runs/bc',
    'hvd train-policy optimal:demos mixed:all --preset small-hvd --value runs/v --out runs/h',
    'hvd train-policy pen --preset small-hvd --value runs/v --out runs/h --objective.beta 0.5',
    'hvd train-policy pen --objective idql --value runs/v --out runs/i --policy.head ddpm',
    'hvd train-policy --preset small-hvd --show           # every field and what it is',
    'exit codes: 0 done, 2 wrong argument, 4 data or runs that do not fit, 130 interrupted',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the datasets, the preset and the run; any other field is --section.field value."""
    training.add_arguments(parser, 'small-bc')
    add = parser.add_argument
    add('--value', type=Path, metavar='RUN', help='run of `hvd train-value` to go by')
    add('--objective', metavar='NAME', help='another objective than that of the preset')
    add('--policy', metavar='NAME', help='another policy than that of the preset')


def run(args: argparse.Namespace) -> int:
    """Train, or show the config."""
    from hvd_training.train.overrides import override
    from hvd_training.train.phase2 import train_policy
    from hvd_training.train.presets import preset

    path: Path | None = args.out
    config = training.of_run(args, 'policy') or preset(args.preset or 'small-bc').policy
    config = override(config.named(args.policy, args.objective), args.fields)
    if args.show:
        training.show(config)
        return 0
    training.require(args)
    assert path is not None
    train_policy(args.data, config, path, args.value, args.resume)
    return 0
