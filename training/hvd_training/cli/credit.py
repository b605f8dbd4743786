# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd credit`: which part of the body a learnt value gives the credit to, over an episode."""

import argparse
from pathlib import Path

NAME = 'credit'
HELP = 'draw which part of the body a value credits, over an episode and its stages'
EXAMPLES = (
    'hvd credit runs/value --out credit.png',
    'hvd credit runs/value mixed:all --episode 12 --out credit.png',
    'hvd credit runs/value --control runs/random0 runs/random1 --out credit.png',
    '',
    'A control is learnt from the same data with --value.partition random;',
    'what it shows as well is no property of the body.',
    'exit codes: 0 done, 2 wrong argument, 4 runs or data that do not fit',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the run, its data, the episode and the controls."""
    add = parser.add_argument
    add('run', type=Path, metavar='RUN', help='run of `hvd train-value`')
    add('data', nargs='*', metavar='DATA', help='datasets (default: those it was learnt from)')
    add('--episode', metavar='E', help='name or number (default: the longest success)')
    add('--control', type=Path, nargs='+', default=[], metavar='RUN', help='random partitions')
    add(
        '--out', type=Path, metavar='FIG', default=Path('credit.png'), help='(default: credit.png)'
    )
    add('--json', action='store_true', help='end with one line of JSON')


def run(args: argparse.Namespace) -> int:
    """Draw, print the table."""
    import json

    from hvd_training.evaluate.credit_report import report

    made = report(args.run, args.data, args.out, args.episode, args.control)
    print(f'{made.chunks} chunks of {made.task}; drawn: episode {made.episode_id}\n')
    print(made.table)
    if made.beyond:
        print('\nmoved by the stages, of the largest random partition (above 1: beyond chance)')
        for name, times in made.beyond.items():
            print(f'  {name:<12} {times:.2f}')
    print(f'\n{made.figure}')
    if args.json:
        print(json.dumps({'episode': made.episode_id, 'beyond_chance': made.beyond}))
    return 0
