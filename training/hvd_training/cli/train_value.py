# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd train-value`: phase 1, what states and chunks of actions are worth."""

import argparse
from pathlib import Path

from hvd_training.cli import training

NAME = 'train-value'
HELP = 'learn what chunks of actions are worth, split along the body (phase 1)'
FIELDS = 'fields'
EXAMPLES = (
    'hvd train-value optimal:demos mixed:all --preset small-hvd --out runs/value',
    'hvd train-value pen --preset small-hvd --out runs/v3 --value.alpha 3 --run.steps 20000',
    'hvd train-value pen --preset small-hvd --out runs/v3 --resume',
    'hvd train-value --preset small-hvd --show            # every field and what it is',
    'torchrun --nproc-per-node 4 -m hvd_ros.cli.main train-value ...',
    'exit codes: 0 done, 2 wrong argument, 4 data or runs that do not fit, 130 interrupted',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the datasets, the preset and the run; any other field is --section.field value."""
    training.add_arguments(parser, 'small-hvd')


def run(args: argparse.Namespace) -> int:
    """Train, or show the config."""
    from hvd_training.train.overrides import override
    from hvd_training.train.phase1 import train_value
    from hvd_training.train.presets import value_preset

    path: Path | None = args.out
    config = training.of_run(args, 'value') or value_preset(args.preset or 'small-hvd')
    config = override(config, args.fields)
    if args.show:
        training.show(config)
        return 0
    training.require(args)
    assert path is not None
    train_value(args.data, config, path, args.resume)
    return 0
