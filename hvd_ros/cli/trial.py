# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd trial`: one policy, one placement, on the robot; a person lays out, watches and scores."""

import argparse
from collections.abc import Mapping
import json
from pathlib import Path
import tempfile

from hvd_ros.cli.arguments import absolute, positive

NAME = 'trial'
HELP = 'let a policy try a task once on the robot, and score the stages by key'
EXAMPLES = (
    'hvd trial NAME.bundle --task pen_insert --start p0.jpg --result p0.json',
    'hvd trial NAME.bundle --task pen_insert --hardware sim --start p0.jpg --result p0.json',
    'hvd eval A B --robot tries many policies in a random order, and says which is which at the',
    'end. Keys: 0 5 1 score a stage, u undo, space holds the robot and ends, x does not count.',
    'exit codes: 0 scored, or not counted, 1 the graph did not run, 2 wrong argument or no',
    '            terminal, 130 Ctrl-C: the robot is held, nothing is written',
)
_LIMIT_S = 120.0
_OURS = ('policy', 'task', 'hardware', 'robot', 'viewer', 'cameras')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the policy, the trial, and where things are kept."""
    add = parser.add_argument
    add('policy', metavar='POLICY', help='folder of a bundle, KIND:PATH or module:attribute')
    add('--task', required=True, metavar='TASK', help='what is to be done, and its rubric')
    add('--start', required=True, type=Path, metavar='JPG', help='head picture of the placement: '
        'kept by its first trial, laid over the camera by later ones')  # fmt: skip
    add('--result', required=True, type=Path, metavar='JSON', help='where the scores are written')
    add('--number', type=int, default=1, metavar='N', help='which trial this is (default: 1)')
    add('--of', type=int, default=1, metavar='M', help='how many there are (default: 1)')
    add('--hardware', choices=('real', 'sim'), default='real',
        help='the robot (default), or a rehearsal on the twin')  # fmt: skip
    add('--seed', type=int, default=0, metavar='N', help='number of the placement (default: 0)')
    add('--setting', default='usual', metavar='NAME', help='(default: usual)')
    add('--cloud', choices=('depth', 'rays'), default='depth', help='sim: how clouds are made')
    add('--robot', default='r1', metavar='ROBOT', help='robot description (default: r1)')
    add('--pose', metavar='NAME', help='start (default: a pose named as the task, else home)')
    limit = 'longest [s] (default: that of the task in simulation, else 120)'
    add('--limit', type=positive, metavar='S', help=limit)
    add(
        '--launch',
        nargs='+',
        default=[],
        metavar='ARG:=VALUE',
        help='more for `hvd launch deploy`',
    )


def run(args: argparse.Namespace) -> int:
    """Try once, and write what came of it."""
    from hvd_ros.cli.launch import pair
    from hvd_ros.cli.trials.keys import check_terminal
    from hvd_ros.core.durable import write_whole
    from hvd_ros.core.robot.description import load_body
    from hvd_ros.core.tasks import load_task

    check_terminal()
    task, body = load_task(args.task), load_body(args.robot)
    pose = args.pose or (args.task if args.task in body.poses else 'home')
    body.pose(pose)
    extra = checked_extra(dict(map(pair, args.launch)))

    from hvd_ros.cli.trials.conduct import Plan, conduct

    real = args.hardware == 'real'
    plan = Plan(task, body, pose, args.limit or limit_of(args.task), args.start.resolve(), real)
    told = extra | deploy_arguments(args)
    print(f'\ntrial {args.number} of {args.of}: {task.title}, placement {args.seed}, '
          f"setting '{args.setting}'{'' if real else ' (rehearsal on the twin)'}")  # fmt: skip
    args.result.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='hvd-trial-') as state:
        if not real:
            from hvd_ros.cli.launching.graph import go_apart

            go_apart(Path(state))
        try:
            result = conduct(plan, told, args.result.with_suffix('.logs'))
        except (KeyboardInterrupt, EOFError):
            print('\nleft: the robot is held, this trial is not counted', flush=True)
            return 130
    write_whole(args.result, json.dumps(result) + '\n')
    return 0


def checked_extra(extra: Mapping[str, str]) -> dict[str, str]:
    """Return launch arguments of the user, which may not undo those of the trial."""
    from hvd_ros.core.errors import ConfigError

    for name in extra:
        if name in _OURS:
            raise ConfigError(f'--launch {name}:=...: a trial sets {", ".join(_OURS)} itself')
    return dict(extra)


def limit_of(task: str) -> float:
    """Return the time limit of a task."""
    from hvd_ros.sim.tasks.catalogue import TASKS, load_sim_task

    return load_sim_task(task).limit_s if task in TASKS else _LIMIT_S


def deploy_arguments(args: argparse.Namespace) -> dict[str, str]:
    """Return what `hvd launch deploy` has to be told; the page would name the policy."""
    from hvd_ros.core.robot.description import load_body
    from hvd_ros.nodes.policy.opening import open_for_robot

    spec = absolute(args.policy)
    needs = open_for_robot(spec, load_body(args.robot), args.hardware).needs
    given = {'cameras': 'true', 'viewer': 'false', 'hardware': args.hardware}
    if args.hardware == 'real':
        # The same graph for every policy, whatever it looks at.
        return given | {'policy': spec, 'task': args.task, 'robot': args.robot}

    from hvd_ros.cli import graph_episode

    played = graph_episode.arguments(
        spec, needs, args.task, args.setting, args.seed, args.cloud, args.robot
    )
    return played | given
