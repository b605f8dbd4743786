# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
`hvd dataset ACT`: recorded episodes into what a training loop reads, and questions about both.

Each act is a file in datasets/ with HELP, EXAMPLES, add_arguments(parser) and run(args).
"""

import argparse
import importlib
from typing import Any

NAME = 'dataset'
HELP = 'make, check, count, merge and split the datasets that policies learn from'
ACTS = (
    'convert',
    'stats',
    'check',
    'complexity',
    'composition',
    'merge',
    'split',
    'import-brs',
)
EXAMPLES = (
    'hvd dataset convert ~/hvd_data/episodes --out pen --task pen_insert',
    'hvd dataset stats pen && hvd dataset check pen',
    'hvd dataset ACT --help         # arguments and examples of one act',
    'exit codes: 0 done, 1 something is wrong with the data, 2 wrong argument',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the acts and their arguments."""
    acts = parser.add_subparsers(metavar='ACT', title='acts', required=True)
    for name in ACTS:
        module: Any = importlib.import_module(f'{__package__}.datasets.{name.replace("-", "_")}')
        act = acts.add_parser(
            name,
            help=module.HELP,
            description=module.HELP,
            epilog='examples:\n' + '\n'.join(f'  {line}' for line in module.EXAMPLES),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(act)
        act.set_defaults(act=module.run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    return int(args.act(args))
