# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The scripted experts do the tasks, and only what a person at the leaders could have done."""

import numpy as np
import pytest

pytest.importorskip('mujoco')

from hvd_ros.core.errors import ConfigError  # noqa: E402
from hvd_ros.core.robot.body import Kind  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.sim.experts.catalogue import EXPERT, operator_moves, play  # noqa: E402
from hvd_ros.sim.ik import Solver  # noqa: E402
from hvd_ros.sim.task_env import TaskEnv  # noqa: E402
from hvd_ros.sim.tasks.catalogue import TASKS  # noqa: E402

BODY = load_body('r1')
BASES, KEPT = BODY.mask(Kind.VELOCITY), BODY.mask(Kind.POSITION)


@pytest.mark.parametrize('name', TASKS)
def test_an_expert_does_its_task(name, episode):
    result = episode(name).result
    assert result.success
    assert set(result.scores) == {1.0}
    assert list(result.stage_ends) == sorted(result.stage_ends)
    assert len(set(result.stage_ends)) == len(result.stage_ends), 'one after the other'


@pytest.mark.parametrize('name', TASKS)
def test_an_expert_drives_or_turns_or_moves_its_hands(name, episode):
    played = episode(name)
    vx, vy, wz = played.asked[:, BASES].T
    drives, turns = (vx != 0) | (vy != 0), wz != 0
    assert not (drives & turns).any()
    assert drives.sum() > 5
    moves = (np.diff(played.asked[:, KEPT], axis=0) != 0).any(axis=1)
    # What the stick's filter lets run out is a hundredth of a metre per second.
    fast = (np.abs(played.asked[1:, BASES]) > 0.012).any(axis=1)
    assert not (fast & moves).any()


@pytest.mark.parametrize('name', TASKS)
def test_what_an_expert_asks_of_joints_is_what_is_carried_out(name, episode):
    played = episode(name)
    np.testing.assert_allclose(played.sent[1:, KEPT], played.asked[:, KEPT], atol=1e-9)


def test_a_free_torso_does_it_too(episode):
    assert episode('pen_insert', free_torso=True).result.success


def test_the_same_seed_is_the_same_episode(episode):
    again = play(TaskEnv('pen_insert', BODY), Solver(BODY), seed=0)
    assert again == episode('pen_insert').result


@pytest.mark.parametrize(
    ('task', 'message'),
    [('pen_insrt', "did you mean 'pen_insert'"), ('cup_upright', "can not play 'pen_insert'")],
)
def test_a_task_that_is_not_there_or_not_the_one_is_refused(task, message):
    env = TaskEnv('pen_insert', BODY)
    with pytest.raises(ConfigError, match=message):
        operator_moves(task, EXPERT, env, Solver(BODY), np.random.default_rng(0))
