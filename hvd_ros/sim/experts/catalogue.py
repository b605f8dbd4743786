# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The scripted operator of every task: how to have one play, well or badly."""

from collections.abc import Callable, Sequence

import numpy as np

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.sim.experts.acts import Act, perform
from hvd_ros.sim.experts.basket_carry import basket_carry
from hvd_ros.sim.experts.eyes import Eyes
from hvd_ros.sim.experts.manner import (
    EXPERT,
    Fault,
    FaultKind,
    Manner,
    draw_manner,
)
from hvd_ros.sim.experts.mishaps import Mishaps
from hvd_ros.sim.experts.motion import Moves, Operator
from hvd_ros.sim.experts.stand_up import cup_upright, pen_insert
from hvd_ros.sim.experts.trash_dispose import trash_dispose
from hvd_ros.sim.experts.wipe_board import wipe_board
from hvd_ros.sim.ik import Solver
from hvd_ros.sim.task_env import Result, TaskEnv

__all__ = [
    'EXPERT',
    'EXPERTS',
    'Fault',
    'FaultKind',
    'Manner',
    'Moves',
    'draw_manner',
    'operator_moves',
    'play',
]

Script = Callable[[Operator], Sequence[Act]]
EXPERTS: dict[str, Script] = {
    'pen_insert': pen_insert,
    'cup_upright': cup_upright,
    'wipe_board': wipe_board,
    'basket_carry': basket_carry,
    'trash_dispose': trash_dispose,
}


def operator_moves(
    task: str, manner: Manner, env: Eyes, solver: Solver, rng: np.random.Generator
) -> Moves:
    """
    Return the commands (D,) of one episode, one a control step; the caller carries them out.

    The env is reset already, or is an episode in another process. What a manner leaves open is
    drawn from rng, so that the same seed and state of rng give the same episode. The commands end
    when the operator is done or gives up.
    """
    if task not in EXPERTS:
        raise ConfigError(f"no operator for '{task}': {did_you_mean(task, EXPERTS)}")
    if env.task.name != task:
        raise ConfigError(f"an operator of '{task}' can not play '{env.task.name}'")
    op = Operator(env, solver, Mishaps(manner, rng))
    return perform(op, EXPERTS[task](op))


def play(
    env: TaskEnv,
    solver: Solver,
    seed: int,
    manner: Manner = EXPERT,
    rng: np.random.Generator | None = None,
) -> Result:
    """Let an operator do one episode, without an rng one that belongs to the seed."""
    env.reset(seed)
    rng = np.random.default_rng((seed, 1)) if rng is None else rng
    for action in operator_moves(env.task.name, manner, env, solver, rng):
        env.step(action)
        if env.over:
            break
    return env.result()
