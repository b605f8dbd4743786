# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd rollout`: one episode of a task in the twin under a policy, through the whole graph."""

import argparse
import json

from hvd_ros.cli.arguments import absolute, add_json, positive
from hvd_ros.core.policy.policy import Policy

_SPARE = 2  # steps that a chunk needs to go on while the next one is thought of

NAME = 'rollout'
HELP = 'let a policy play one episode in the twin, through the whole graph, and score it'
EXAMPLES = (
    'hvd rollout run:runs/hvd --task pen_insert --seed 2000000',
    'hvd rollout NAME.bundle --task cup_upright --viewer 8080    # watch it in a browser',
    'hvd rollout neighbours:EPISODES/neighbours.npz --task pen_insert --json',
    'hvd eval ... --graph plays many. Records: hvd launch deploy.',
    'exit codes: 0 played, 1 the graph did not run or the policy did not start, 2 wrong argument',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the policy, the episode, and who watches."""
    add = parser.add_argument
    add('policy', metavar='POLICY', help='folder of a bundle, KIND:PATH or module:attribute')
    add('--task', required=True, metavar='TASK', help='the scene, and what is to be done')
    add('--seed', type=int, default=0, metavar='N', help='where everything lies (default: 0)')
    add('--setting', default='usual', metavar='NAME', help='usual (default) or a perturbation')
    clouds = 'from drawn pictures, or by rays, of the room (default) or of what stands on a table'
    add('--cloud', choices=('depth', 'rays', 'table'), default='rays', help=clouds)
    add('--robot', default='r1', metavar='ROBOT', help='(default: r1)')
    add('--limit', type=positive, metavar='S', help='longest [s] (default: that of the task)')
    period = 'between two questions [s] (default: as much of a chunk as the policy carries out)'
    add('--period', type=positive, metavar='S', help=period)
    add('--viewer', type=int, metavar='PORT', help='serve the page on this port')
    add_json(parser, 'end with one line of JSON')


def run(args: argparse.Namespace) -> int:
    """Play, print the score of every stage."""
    from hvd_ros.core.robot.description import load_body
    from hvd_ros.core.tasks import load_task
    from hvd_ros.nodes.policy.opening import open_for_robot
    from hvd_ros.sim.task_env import STEP_S
    from hvd_ros.sim.tasks.catalogue import load_sim_task
    from hvd_ros.sim.tasks.setting import load_setting

    limit_s, stages = load_sim_task(args.task).limit_s, load_task(args.task).stage_names
    load_setting(args.setting)
    spec = absolute(args.policy)
    policy = open_for_robot(spec, load_body(args.robot), 'sim')
    period_s = args.period or STEP_S * steps_between(policy)

    from hvd_ros.cli import graph_episode

    told = graph_episode.arguments(
        spec, policy.needs, args.task, args.setting, args.seed, args.cloud, args.robot
    )
    told['policy_period'] = f'{period_s:g}'
    if args.viewer:
        told |= {'viewer': 'true', 'viewer_port': str(args.viewer)}
        print(f'watch it: http://127.0.0.1:{args.viewer}', flush=True)
    played = graph_episode.play(told, args.limit or limit_s)
    for stage, score in zip(stages, played.scores, strict=True):
        print(f'{score:>4g}  {stage}')
    how = 'success' if min(played.scores) == 1.0 else 'no success'
    held = f', held {played.held} times on the way' if played.held else ''
    print(f'{how} after {played.duration_s:.1f} s{held}')
    if played.lost:
        print(f'it could not go on: {played.lost}')
    if args.json:
        print(json.dumps(played.as_json()))
    return 0


def steps_between(policy: Policy) -> int:
    """
    Return how many steps lie between two questions: as many as are carried out headless.

    A policy whose answers have no rows to spare is asked earlier, or its chunk would run out.
    """
    spare = int(getattr(policy, 'horizon', policy.execute)) - policy.execute
    return max(1, policy.execute - max(0, _SPARE - spare))
