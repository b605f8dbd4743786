# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Episodes that several tests look at, each played once."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from hvd_ros.core.robot.description import load_body


@dataclass(frozen=True, eq=False)
class Played:
    """What was asked (T, D), what was carried out, where the robot then was, and the end."""

    asked: np.ndarray
    sent: np.ndarray
    position: np.ndarray
    result: object


@pytest.fixture(scope='session')
def episode():
    """Return a function that plays a task in a manner, or remembers that it has."""
    pytest.importorskip('mujoco')
    from hvd_ros.sim.experts.catalogue import EXPERT, operator_moves
    from hvd_ros.sim.ik import Solver
    from hvd_ros.sim.task_env import TaskEnv

    body = load_body('r1')
    solvers = {free: Solver(body, free) for free in (False, True)}

    @cache
    def play(name, manner=EXPERT, seed=0, free_torso=False):
        env = TaskEnv(name, body)
        env.reset(seed)
        asked, sent, position = [], [env.command], [env.position]
        rng = np.random.default_rng(seed)
        for action in operator_moves(name, manner, env, solvers[free_torso], rng):
            env.step(action)
            asked.append(action)
            sent.append(env.command)
            position.append(env.position)
            if env.over:
                break
        return Played(np.array(asked), np.array(sent), np.array(position), env.result())

    return play
