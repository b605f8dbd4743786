# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd sim generate`: labelled episodes of the tasks, good and bad, at full speed."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hvd_ros.sim.generate.plan import Plan

_MIXES = (
    'wb50: 43.7 %% experts, 14.6 %% imperfect teleoperation, 41.7 %% rollouts (default); or '
    'teleop, experts, imperfect, rollouts'
)
_POLICIES = (
    'who plays the rollouts: neighbours:PATH, run:PATH, module:attribute (default: neighbours of '
    'the experts that are made first)'
)
HELP = 'make labelled episodes: experts, imperfect teleoperation, rollouts of a policy'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is made, what it shows, and how."""
    add = parser.add_argument
    add('--out', type=Path, required=True, metavar='DIR', help='root of the episodes, new or '
        'begun by the same command')  # fmt: skip
    add('--mix', default='wb50', metavar='NAME', help=_MIXES)
    add('--episodes', type=int, default=500, metavar='N', help='of all tasks (default: 500)')
    add('--tasks', nargs='+', default=[], metavar='NAME', help='(default: all five)')
    add('--setting', default='usual', metavar='NAME', help='usual (default), or a perturbation: '
        'background, region, pose')  # fmt: skip
    add('--seed', type=int, default=0, metavar='N', help='the same numbers for the same seed')
    add('--policy', default='', metavar='SPEC', help=_POLICIES)
    add('--robot', default='r1', metavar='NAME', help='robot description (default: r1)')
    shown = parser.add_argument_group('what an episode holds')
    add = shown.add_argument
    add('--cameras', action='store_true', help='three RGB-D views, 320x240')
    add('--cloud', nargs='?', const='room', choices=('room', 'table'), help='point clouds: of the '
        'room, or of what stands on a table')  # fmt: skip
    add('--no-sim-state', action='store_true', help='nothing that only a simulation knows')
    cores = len(os.sched_getaffinity(0))
    parser.add_argument(
        '--workers', type=int, default=cores, metavar='N', help=f'processes (default: {cores})'
    )


def run(args: argparse.Namespace) -> int:
    """Make the episodes and say what they are."""
    from hvd_ros.sim.generate.run import generate

    report = generate(_plan(args), args.out, args.workers)
    print(f'{report.root}: {len(report.made)} episodes')
    print(f'next: hvd dataset convert {report.root} --out DATASET')
    return 0


def _plan(args: argparse.Namespace) -> 'Plan':
    from hvd_ros.sim.generate.plan import Plan
    from hvd_ros.sim.generate.tape import Shows
    from hvd_ros.sim.tasks.catalogue import TASKS

    return Plan(
        mix=args.mix,
        episodes=args.episodes,
        tasks=tuple(args.tasks) or tuple(TASKS),
        setting=args.setting,
        seed=args.seed,
        robot=args.robot,
        policy=args.policy,
        shows=Shows(
            sim_state=not args.no_sim_state,
            cameras=args.cameras,
            cloud='table' if args.cloud == 'table' else bool(args.cloud),
        ),
    )
