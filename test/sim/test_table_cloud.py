# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The cloud of what stands on a table shows small things, which that of the room does not."""

import numpy as np
import pytest

from hvd_ros.core.policy.observation import Modality
from hvd_ros.core.robot.description import load_body
from hvd_ros.sim.cameras import TABLE
from hvd_ros.sim.generate.tape import Shows
from hvd_ros.sim.task_env import TaskEnv

BODY = load_body('r1')


@pytest.mark.parametrize(
    ('task', 'thing', 'size_m'), [('pen_insert', 'pen', 0.08), ('cup_upright', 'cup', 0.08)]
)
def test_points_lie_on_the_things_and_none_on_the_table(
    task: str, thing: str, size_m: float
) -> None:
    env = TaskEnv(task, BODY, look=Shows(cloud='table').look)
    env.reset(2_000_001)
    seen = env.observe((Modality.CLOUD, Modality.SIM_STATE))
    assert seen.cloud is not None and seen.sim_state is not None
    xyz, _ = seen.cloud
    names = [f'{thing}.base.{axis}' for axis in 'xyz']
    place = seen.sim_state[[env.sim_state_names.index(name) for name in names]]
    near = np.linalg.norm(xyz - place, axis=1) < size_m
    assert len(np.unique(xyz[near], axis=0)) >= 10
    assert (xyz >= TABLE.cloud.crop_low_m).all() and (xyz <= TABLE.cloud.crop_high_m).all()
