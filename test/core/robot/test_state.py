# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.kinematics import BodyKinematics
from hvd_ros.core.robot.state import StateLayout

BODY = load_body('r1')


def test_every_number_of_a_state_has_a_name_and_its_place():
    layout = StateLayout(BODY)
    position, velocity = np.arange(21.0), np.arange(100.0, 121.0)
    state = layout.state(position, velocity)
    named = dict(zip(layout.names, state, strict=True))
    assert len(layout.names) == len(set(layout.names)) == 21 + 16 + 14
    for i, name in enumerate(BODY.names):
        assert named[f'{name}.position'] == i
    assert named['torso_joint1.velocity'] == 117
    assert not [name for name in named if 'base' in name and name.endswith('.velocity')]
    assert not [name for name in named if 'gripper.velocity' in name]


def test_hands_are_where_the_kinematics_say():
    layout = StateLayout(BODY, ['ee_pose'])
    home = BODY.pose('home')
    x, y, z, qx, qy, qz, qw = layout.state(home, home)[7:]
    wanted = BodyKinematics(BODY).pose(home, 'right_gripping_point')
    np.testing.assert_allclose([x, y, z], wanted[:3, 3])
    turned = np.array(
        [
            [1 - 2 * (qy**2 + qz**2), 2 * (qx * qy - qz * qw), 2 * (qx * qz + qy * qw)],
            [2 * (qx * qy + qz * qw), 1 - 2 * (qx**2 + qz**2), 2 * (qy * qz - qx * qw)],
            [2 * (qx * qz - qy * qw), 2 * (qy * qz + qx * qw), 1 - 2 * (qx**2 + qy**2)],
        ]
    )
    np.testing.assert_allclose(turned, wanted[:3, :3], atol=1e-9)
    assert qw >= 0


def test_features_stand_in_the_order_in_which_they_are_named():
    names = StateLayout(BODY, ['velocity', 'position']).names
    assert names[0] == 'left_arm_joint1.velocity'
    assert names[16] == 'left_arm_joint1.position'


def test_what_was_not_measured_stays_unknown():
    state = StateLayout(BODY).state(np.full(21, np.nan), np.zeros(21))
    assert np.isnan(state[:21]).all()
    assert np.isnan(state[-14:]).all()


def test_a_body_without_hands_can_do_without_their_poses():
    body = load_body('r1pro')
    assert len(StateLayout(body, ['position']).names) == body.size
    with pytest.raises(ConfigError, match='no kinematics'):
        StateLayout(body)


@pytest.mark.parametrize('features', [[], ['position', 'position'], ['positions']])
def test_features_without_sense_are_refused_with_the_valid_ones(features):
    with pytest.raises(ConfigError, match='ee_pose, position|position, velocity, ee_pose'):
        StateLayout(BODY, features)
