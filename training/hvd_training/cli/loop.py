# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd loop`: from nothing to a learnt policy that drives the twin, for one task."""

import argparse
from pathlib import Path

from hvd_training.cli import live

NAME = 'loop'
HELP = 'the whole loop for one task: data, value, policies, table, pictures, a live rollout'
EXAMPLES = (
    'hvd loop                       # demonstrations, faults, value, policies, live until Ctrl-C',
    'hvd loop --task cup_upright --sees cloud --out cup',
    'hvd loop --quick --no-live     # a few updates: that all is there',
    'The same command goes on where it was. exit codes: 0 done, 1 not all of it, 2 wrong argument',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the task, the place, and how much of it."""
    add = parser.add_argument
    add('--task', metavar='TASK', help='(default: pen_insert)')
    sees = 'sim_state (default: what only a simulation knows) or cloud (sensors only)'
    add('--sees', choices=('sim_state', 'cloud'), default='sim_state', help=sees)
    add('--out', type=Path, default=Path('hvd_loop'), metavar='DIR', help='(default: hvd_loop)')
    add('--minutes', type=float, metavar='M', help='for data and learning, at most')
    add('--workers', type=int, default=2, metavar='N', help='processes that play (default: 2)')
    add('--quick', action='store_true', help='two minutes; the figures mean nothing')
    add('--no-live', action='store_true', help='end with the pictures, without the ROS graph')
    add('--viewer', type=int, default=8080, metavar='PORT', help='page of the rollout (8080)')


def run(args: argparse.Namespace) -> int:
    """Make everything, show where it is, play live."""
    from dataclasses import replace

    from hvd_ros.sim.tasks.catalogue import load_sim_task
    from hvd_training.benches.tables import QUICK
    from hvd_training.proof import loop

    ask = QUICK if args.quick else loop.USUAL
    ask = replace(ask, scale=replace(ask.scale, sees=args.sees))
    if args.task:
        load_sim_task(args.task)
        ask = replace(ask, tasks=(args.task,))
    print(
        f'{ask.tasks[0]}: from nothing to a policy that drives the robot, in {args.out}\n'
        'Ctrl-C leaves at any time; the same command goes on there'
    )
    try:
        made = loop.run(ask, args.out.resolve(), args.minutes, args.workers)
    except KeyboardInterrupt:
        print('\ncut off; what is done is kept: give the same command again to go on')
        raise
    print(f'\ntable: {made.table}\ncredit: {made.credit}\nfilm: {made.gif}\npolicy: {made.policy}')
    if args.no_live:
        return 0
    cloud = loop.CLOUDS.get(args.sees, 'rays')
    return live.play(made.policy, ask.tasks[0], made.seeds, cloud, args.viewer)
