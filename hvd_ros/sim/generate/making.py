# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One episode of a plan, in whatever process: cast, played, recorded, and drawn anew where it must.

A physics that blew up has no score, and an expert's failure is no demonstration: both are made
again with the next seed and told, never kept or counted silently.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
import shutil
from typing import Any

import numpy as np

from hvd_ros.core.episodes.meta import load_meta
from hvd_ros.core.episodes.seal import partial_folder
from hvd_ros.core.errors import EpisodeError
from hvd_ros.core.mux.command import Source
from hvd_ros.core.policy.policy import Policy
from hvd_ros.core.robot.body import Body
from hvd_ros.core.robot.description import load_body
from hvd_ros.sim.experts.catalogue import Moves, draw_manner, operator_moves
from hvd_ros.sim.generate.plan import MOST_ATTEMPTS, Job, Plan
from hvd_ros.sim.generate.players import play, policy_moves
from hvd_ros.sim.generate.tape import EPOCH_NS, Credits, Shows, Tape
from hvd_ros.sim.ik import Solver
from hvd_ros.sim.policies.opening import open_policy
from hvd_ros.sim.robot import SimulationBroken
from hvd_ros.sim.task_env import Result, TaskEnv

_APART_NS = 600 * 1_000_000_000  # between the beginnings of two episodes


@dataclass(frozen=True)
class Order:
    """A job with what a process needs to do it."""

    job: Job
    plan: Plan
    root: Path
    policy: str = ''  # who plays a rollout


@dataclass(frozen=True)
class Made:
    """What came of an order."""

    job: Job
    frames: int
    outcome: str
    kept: bool = False  # it was there before
    again: tuple[str, ...] = ()  # why attempts before were thrown away


def make(order: Order) -> Made:
    """Make one episode, or keep the one that is there."""
    folder = order.root / order.job.task / order.job.episode_id
    if folder.is_dir():
        meta = load_meta(folder)
        return Made(order.job, meta.frames, meta.outcome, kept=True)
    # Of a process that was killed; whoever made it is gone, since one run holds the folder.
    shutil.rmtree(partial_folder(folder), ignore_errors=True)
    again: list[str] = []
    for attempt in range(MOST_ATTEMPTS):
        seed = order.plan.seed_of(order.job.number, attempt)
        try:
            result, sealed = _attempt(order, seed)
        except SimulationBroken as error:
            again.append(str(error))
            continue
        if sealed is not None:
            meta = load_meta(sealed)
            return Made(order.job, meta.frames, meta.outcome, again=tuple(again))
        again.append(f'{result.task}, seed {seed}: the expert failed with {result.scores}')
    raise EpisodeError(
        f'{order.job.episode_id}: {MOST_ATTEMPTS} attempts at {order.job.task} gave no episode; '
        f'the last: {again[-1]}'
    )


def _attempt(order: Order, seed: int) -> tuple[Result, Path | None]:
    """Play once; no folder where it is not worth keeping."""
    plan, job = order.plan, order.job
    env = _env(plan.robot, job.task, plan.setting, plan.shows)
    env.reset(seed)
    moves, credits = _cast(order, env, seed)
    tape = Tape(env, order.root, credits, plan.shows)
    try:
        result = play(env, moves, tape)
        if job.kind == 'expert' and not result.success:
            tape.discard()
            return result, None
        return result, tape.keep(result)
    except BaseException:
        tape.discard()
        raise


def _cast(order: Order, env: TaskEnv, seed: int) -> tuple[Moves, Credits]:
    job = order.job
    said: dict[str, Any] = {'seed': seed, 'setting': env.setting.name}
    if job.manner:
        # A stream of its own for what the operator is like, another for what it does.
        manner = draw_manner(np.random.default_rng((seed, 2)), job.task, job.manner)
        rng = np.random.default_rng((seed, 1))
        moves = operator_moves(job.task, manner, env, _solver(order.plan.robot), rng)
        operator, source = f'scripted {manner.kind}', Source.TELEOP
        said |= {'manner': manner.text}
    else:
        policy = _policy(order.policy, order.plan.robot)
        moves, operator, source = policy_moves(env, policy, seed), policy.name, Source.POLICY
        said |= {'policy': order.plan.policy or policy.name}
    start_ns = EPOCH_NS + job.number * _APART_NS
    return moves, Credits(job.episode_id, job.kind, operator, source, start_ns, said)


# What a process keeps from one episode to the next.

_scenes: dict[tuple[str, str, str, Shows], TaskEnv] = {}


def _env(robot: str, task: str, setting: str, shows: Shows) -> TaskEnv:
    """Return the scene, of which there is one at a time: it may hold graphics memory."""
    key = robot, task, setting, shows
    if key not in _scenes:
        for old in _scenes.values():
            old.close()
        _scenes.clear()
        _scenes[key] = TaskEnv(task, _body(robot), setting, look=shows.look)
    return _scenes[key]


@lru_cache(maxsize=1)
def _body(robot: str) -> Body:
    return load_body(robot)


@lru_cache(maxsize=1)
def _solver(robot: str) -> Solver:
    return Solver(_body(robot))


@lru_cache(maxsize=1)
def _policy(spec: str, robot: str) -> Policy:
    return open_policy(spec, _body(robot))


def check_policy(spec: str, robot: str) -> None:
    """Raise HvdError here and now for a policy that no worker could play."""
    try:
        _policy(spec, robot)
    finally:
        _policy.cache_clear()
