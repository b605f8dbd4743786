# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest

from hvd_ros.core.robot.body import Kind
from hvd_ros.core.robot.description import load_body
from hvd_ros.sim.task_env import TaskEnv


@pytest.fixture(scope='session')
def r1():
    return load_body('r1')


@pytest.fixture(scope='session')
def env(r1):
    return TaskEnv('pen_insert', r1)


def wandering(env, steps, seed=3):
    """Yield commands that drive, bend and open, some of them more than the limits allow."""
    rng = np.random.default_rng(seed)
    body, at = env.body, env.command
    for step in range(steps):
        at = at + rng.uniform(-0.03, 0.03, body.size)
        at[body.mask(Kind.VELOCITY)] = rng.uniform(-0.2, 0.2, 3)
        at[body.mask(Kind.OPENING)] = rng.uniform(0, 1, 2)
        asked = at.copy()
        if step % 3 == 2:
            asked[0] += 2.0  # faster than the joint may move
            asked[11] -= 50.0  # far outside of its range
            asked[7] = 5.0  # more than the base may speed up
        yield asked
