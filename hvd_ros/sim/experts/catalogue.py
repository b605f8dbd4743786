# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The scripted expert of every task, and a way to watch it."""

from collections.abc import Callable

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.sim.experts.basket_carry import basket_carry
from hvd_ros.sim.experts.motion import Moves, Operator
from hvd_ros.sim.experts.stand_up import cup_upright, pen_insert
from hvd_ros.sim.experts.trash_dispose import trash_dispose
from hvd_ros.sim.experts.wipe_board import wipe_board
from hvd_ros.sim.ik import Solver
from hvd_ros.sim.task_env import Result, TaskEnv

Script = Callable[[Operator], Moves]
EXPERTS: dict[str, Script] = {
    'pen_insert': pen_insert,
    'cup_upright': cup_upright,
    'wipe_board': wipe_board,
    'basket_carry': basket_carry,
    'trash_dispose': trash_dispose,
}


def play(env: TaskEnv, solver: Solver, seed: int) -> Result:
    """Let the expert of a task do one episode."""
    name = env.task.name
    if name not in EXPERTS:
        raise ConfigError(f"no expert for '{name}': {did_you_mean(name, EXPERTS)}")
    env.reset(seed)
    for action in EXPERTS[name](Operator(env, solver)):
        env.step(action)
        if env.over:
            break
    return env.result()
