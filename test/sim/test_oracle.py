# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is told of somebody else's physics is what an episode of our own would show."""

import numpy as np
import pytest

pytest.importorskip('mujoco')

from hvd_ros.core.errors import ContractMismatch  # noqa: E402
from hvd_ros.core.policy.observation import Modality  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.sim.cameras import CHEAP, TABLE  # noqa: E402
from hvd_ros.sim.mirror import physics_size, read_physics  # noqa: E402
from hvd_ros.sim.oracle import Oracle  # noqa: E402
from hvd_ros.sim.task_env import TaskEnv  # noqa: E402
from hvd_ros.sim.tasks.catalogue import TASKS  # noqa: E402

BODY = load_body('r1')
NEEDS = {Modality.SIM_STATE, Modality.CLOUD}


@pytest.mark.parametrize('task', sorted(TASKS))
def test_state_and_cloud_are_those_of_the_episode_itself(task):
    env = TaskEnv(task, BODY, look=CHEAP)
    env.reset(5)
    rng = np.random.default_rng(0)
    for _ in range(6):
        env.step(env.command + rng.normal(scale=0.05, size=BODY.size))
    physics = np.empty(physics_size(env.model))
    read_physics(env.model, env.data, physics)
    oracle = Oracle(BODY, task, 5)
    told, own = oracle.see(physics, NEEDS), env.observe(NEEDS)
    assert oracle.names == env.sim_state_names
    assert told.sim_state == pytest.approx(own.sim_state, abs=1e-9)
    assert told.cloud is not None
    assert own.cloud is not None
    assert np.abs(told.cloud[0] - own.cloud[0]).max() < 1e-5
    assert (told.cloud[1] == own.cloud[1]).all()


def test_a_table_is_looked_at_as_policies_learn_it():
    env = TaskEnv('cup_upright', BODY, look=TABLE)
    env.reset(2)
    physics = np.empty(physics_size(env.model))
    read_physics(env.model, env.data, physics)
    told = Oracle(BODY, 'cup_upright', 2, look=TABLE).see(physics, NEEDS)
    own = env.observe(NEEDS)
    assert told.cloud[0].shape == (256, 3)
    assert np.abs(told.cloud[0] - own.cloud[0]).max() < 1e-5


def test_a_state_of_another_scene_is_refused():
    with pytest.raises(ContractMismatch, match='start every process of the twin'):
        Oracle(BODY, 'pen_insert').see(np.zeros(3), NEEDS)
