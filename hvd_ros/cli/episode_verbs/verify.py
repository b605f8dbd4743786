# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd episodes verify`: decode every message and compare everything that must agree."""

import argparse
import json

from hvd_ros.cli.arguments import add_json
from hvd_ros.cli.episode_verbs.chosen import add_choice, chosen

HELP = 'decode every message and check that everything agrees'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-verb."""
    add_choice(parser)
    parser.add_argument(
        '--images', action='store_true', help='decode every picture, too (some 5 ms each)'
    )
    add_json(parser, 'print one JSON object')


def run(args: argparse.Namespace) -> int:
    """Print what is wrong; 1 when something is."""
    from hvd_ros.core.episodes.verify import verify_all

    folders = chosen(args)
    problems = verify_all(folders, images=args.images)
    if args.json:
        print(json.dumps({'episodes': len(folders), 'problems': problems}))
    else:
        for problem in problems:
            print(f'problem: {problem}')
        print(f'{len(folders)} episodes checked, {len(problems)} problems')
    return 1 if problems else 0
