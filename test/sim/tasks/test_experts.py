# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The scripted experts do the tasks, and only what a person at the leaders could have done."""

import numpy as np
import pytest

pytest.importorskip('mujoco')

from hvd_ros.core.robot.body import Kind  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.sim.experts.catalogue import EXPERTS, play  # noqa: E402
from hvd_ros.sim.experts.motion import Operator  # noqa: E402
from hvd_ros.sim.ik import Solver  # noqa: E402
from hvd_ros.sim.task_env import TaskEnv  # noqa: E402
from hvd_ros.sim.tasks.catalogue import TASKS  # noqa: E402

BODY = load_body('r1')


@pytest.fixture(scope='module')
def solver():
    return Solver(BODY)


@pytest.mark.parametrize('name', TASKS)
def test_an_expert_does_its_task(name, solver):
    result = play(TaskEnv(name, BODY), solver, seed=0)
    assert result.success
    assert set(result.scores) == {1.0}
    assert list(result.stage_ends) == sorted(result.stage_ends)
    assert len(set(result.stage_ends)) == len(result.stage_ends), 'one after the other'


def test_an_expert_drives_or_turns_or_moves_its_hands(solver):
    env = TaskEnv('pen_insert', BODY)
    env.reset(1)
    bases, kept = BODY.mask(Kind.VELOCITY), BODY.mask(Kind.POSITION)
    before, drove = env.command[kept], 0
    for action in EXPERTS['pen_insert'](Operator(env, solver)):
        vx, vy, wz = action[bases]
        drove += bool(vx or vy or wz)
        assert wz == 0 or (vx == 0 and vy == 0)
        if vx or vy or wz:
            np.testing.assert_array_equal(action[kept], before)
        before = action[kept]
        env.step(action)
    assert drove > 5


def test_what_an_expert_asks_is_what_is_carried_out(solver):
    env = TaskEnv('cup_upright', BODY)
    env.reset(2)
    kept = BODY.mask(Kind.POSITION)
    for action in EXPERTS['cup_upright'](Operator(env, solver)):
        env.step(action)
        np.testing.assert_allclose(env.command[kept], action[kept], atol=1e-9)


def test_the_same_seed_is_the_same_episode(solver):
    ends = []
    for _ in range(2):
        env = TaskEnv('pen_insert', BODY)
        play(env, solver, seed=3)
        ends.append(env.data.qpos.tobytes())
    assert ends[0] == ends[1]
