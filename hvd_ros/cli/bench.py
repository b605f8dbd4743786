# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
`hvd bench NAME`: measure on this machine what the documentation promises.

A bench is a module with measure(quick, minutes) -> figures by name, the unit in the name. One that
has many parts, and keeps what it has done, has CHOOSES as well, and takes of= and work=.
Ours stand in BENCHES, other distributions add theirs under the entry-point group `hvd.benches`.
"""

import argparse
import importlib
from importlib import metadata
import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

from hvd_ros.cli.arguments import add_json, positive
from hvd_ros.core.errors import ConfigError

NAME = 'bench'
HELP = 'measure on this machine what the documentation promises'
EXAMPLES = (
    'hvd bench teleop               # the whole graph on twins, a good minute',
    'hvd bench teleop --minutes 10 --json | tail -1',
    'hvd bench bus --quick          # the emulated leader, under 30 s',
    'hvd bench body                 # kinematics, self collision, the simulated robot',
    'hvd bench cloud                # three views to 4096 points, and Open3D beside',
    'hvd bench recorder --minutes 10 --json   # three views at 640x480, cloud and state to disk',
    'hvd bench policy               # an answer in every runtime here, and the seams of chunks',
    'hvd bench sim                  # the five tasks by their experts, pictures and clouds',
    'hvd bench tables table1 table13 --minutes 60 --work ~/tables   # goes on where it was',
    'exit codes: 0 measured, 1 the graph did not run',
)

BENCHES = ('teleop', 'bus', 'body', 'cloud', 'recorder', 'sim')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument('name', choices=sorted(_benches()), help='what to measure')
    parser.add_argument('of', nargs='*', metavar='PART', help='parts of a bench that has some')
    add_json(parser, 'end with one line of JSON, units in the key names')
    parser.add_argument('--quick', action='store_true', help='under 30 s; the figures mean little')
    parser.add_argument(
        '--minutes',
        type=positive,
        metavar='M',
        help='how long (teleop: 1, sim: 2, bus and cloud: 0.25)',
    )
    parser.add_argument('--work', type=Path, metavar='DIR', help='where a bench of many parts '
        'keeps what it has done')  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Measure, print the figures, one per line."""
    bench = importlib.import_module(_benches()[args.name])
    figures: dict[str, float] = bench.measure(args.quick, args.minutes, **_parts(bench, args))
    width = max(map(len, figures))
    for key, value in figures.items():
        print(f'{key:<{width}}  {value:.6g}')
    if args.json:
        # JSON knows no infinity; what could not be measured is null.
        flat = {k: v if math.isfinite(v) else None for k, v in figures.items()}
        print(json.dumps(flat))
    return 0


def _parts(bench: ModuleType, args: argparse.Namespace) -> dict[str, Any]:
    if hasattr(bench, 'CHOOSES'):
        return {'of': tuple(args.of), 'work': args.work}
    if args.of or args.work:
        raise ConfigError(
            f"bench '{args.name}' has no parts; leave {' '.join(args.of) or '--work'}"
        )
    return {}


def _benches() -> dict[str, str]:
    """Return bench -> module; ours win over an entry point of the same name."""
    others = {entry.name: entry.value for entry in metadata.entry_points(group='hvd.benches')}
    return others | {name: f'hvd_ros.cli.benches.{name}' for name in BENCHES}
