# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd dataset composition`: what a collection is made of, as the paper's Figure 20."""

import argparse
import json
from pathlib import Path

HELP = 'count frames by kind, task, success, stage and score'
EXAMPLES = (
    'hvd dataset composition ~/hvd_data/episodes',
    'hvd dataset composition mixed --png composition.png',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add sources and the figure."""
    add = parser.add_argument
    add('sources', nargs='+', type=Path, metavar='SRC', help='folders of episodes, or datasets')
    add('--png', type=Path, metavar='FILE', help='draw it, too')
    parser.add_argument(
        '--json',
        action='store_true',
        help='end with one line of JSON: frames, hours, percent by kind',
    )


def run(args: argparse.Namespace) -> int:
    """Count and print."""
    from hvd_training.data.places import all_facts
    from hvd_training.data.statistics.composition import compose, draw, tables

    found = compose(all_facts(args.sources))
    print(tables(found))
    if args.png:
        draw(found, args.png)
        print(f'drawn into {args.png}')
    if args.json:
        print(json.dumps(found.as_json()))
    return 0
