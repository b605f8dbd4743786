# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd dataset complexity`: how hard each task is, in the layout of the paper's Table 4."""

import argparse
import json
from pathlib import Path

HELP = "print the paper's Table 4: four metrics of difficulty a task, and their mean"
EXAMPLES = (
    'hvd dataset complexity ~/hvd_data/episodes',
    'hvd dataset complexity pen board --kind expert rollout',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add sources and the kinds that count."""
    add = parser.add_argument
    add('sources', nargs='+', type=Path, metavar='SRC', help='folders of episodes, or datasets')
    add('--kind', nargs='+', default=['expert'], metavar='KIND', help='(default: expert)')
    parser.add_argument(
        '--json', action='store_true', help='end with one line of JSON: the final score by task'
    )


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from hvd_ros.core.errors import ConfigError
    from hvd_training.data.facts import kind_code
    from hvd_training.data.places import positions
    from hvd_training.data.statistics.complexity import Complexity, mean, measure, scaled, table

    for kind in args.kind:
        kind_code(kind)
    found: dict[str, list[Complexity]] = {}
    for facts, q in positions(args.sources):
        if facts.kind in args.kind:
            found.setdefault(facts.task, []).append(measure(q, 1 / facts.fps))
    if not found:
        raise ConfigError(f'no episode of kind {", ".join(args.kind)}; name another --kind')
    tasks = {name: mean(rows) for name, rows in sorted(found.items())}
    print(table(tasks, {name: len(rows) for name, rows in found.items()}))
    if args.json:
        print(json.dumps({name: row[-1] for name, row in scaled(tasks).items()}))
    return 0
