# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.leader.calibration import nominal_calibration, wrap_near
from hvd_ros.core.leader.motors import LEADER_JOINTS, RAD_PER_TICK
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.share import share_file

CALIBRATION = nominal_calibration()
SHARE = st.floats(0.0, 1.0)


@settings(max_examples=200, deadline=None)
@given(
    share=st.lists(SHARE, min_size=12, max_size=12),
    turns=st.lists(st.integers(-9, 9), min_size=16, max_size=16),
)
def test_angles_do_not_depend_on_the_turns_that_a_power_cycle_left(share, turns):
    q = CALIBRATION.low + np.array(share) * (CALIBRATION.high - CALIBRATION.low)
    ticks = np.round(CALIBRATION.ticks_at(q)).astype(np.int64) + 4096 * np.array(turns)
    seen = CALIBRATION.motor_rad(ticks)
    assert np.abs(seen - q[CALIBRATION.joint_of_motor]).max() <= RAD_PER_TICK / 2 + 1e-9


@given(angle=st.floats(-100.0, 100.0), centre=st.floats(-3.0, 3.0))
def test_wrapping_changes_an_angle_by_whole_turns_only(angle, centre):
    wrapped = wrap_near(np.array([angle]), np.array([centre]))[0]
    assert centre - np.pi - 1e-9 <= wrapped <= centre + np.pi + 1e-9
    turns = (wrapped - angle) / (2 * np.pi)
    assert abs(turns - round(turns)) < 1e-9


def test_motors_are_those_of_the_published_build():
    assert CALIBRATION.motor_ids == tuple(range(16))
    assert [CALIBRATION.motor_ids[i] for i in CALIBRATION.slaves] == [1, 3, 9, 11]
    signs = {joint.name: joint.sign for joint in LEADER_JOINTS}
    assert signs['left_arm_joint5'] == 1 and signs['right_arm_joint5'] == -1
    assert list(CALIBRATION.names) == [
        f'{s}_arm_joint{i}' for s in ('left', 'right') for i in range(1, 7)
    ]


def test_ranges_and_pose_come_from_the_robot_description():
    body = load_body('r1')
    for joint in CALIBRATION.joints:
        i = body.index(joint.name)
        assert (joint.low_rad, joint.high_rad) == (body.limits.low[i], body.limits.high[i])
        assert joint.pose_rad == body.pose('park')[i]


@pytest.mark.parametrize('joint', LEADER_JOINTS, ids=lambda joint: joint.name)
def test_the_words_for_a_positive_motion_agree_with_pinocchio(joint):
    pinocchio = pytest.importorskip('pinocchio')
    model = pinocchio.buildModelFromUrdf(str(share_file('urdf', 'r1.urdf')))
    data = model.createData()
    side = joint.name.split('_')[0]
    hand = model.getFrameId(f'{side}_gripper_link')
    q = pinocchio.neutral(model)
    for row in CALIBRATION.joints:
        q[model.joints[model.getJointId(row.name)].idx_q] = row.pose_rad
    poses = []
    for turn in (0.0, 0.3):
        q[model.joints[model.getJointId(joint.name)].idx_q] += turn
        pinocchio.framesForwardKinematics(model, data, q)
        poses.append(data.oMf[hand].copy())
    shift = poses[1].translation - poses[0].translation
    spin = pinocchio.log3(poses[1].rotation @ poses[0].rotation.T)
    inward = -1.0 if side == 'left' else 1.0
    told = {
        'forward': shift[0] > 0.03,
        'backward': shift[0] < -0.03,
        'inward': inward * shift[1] > 0.03,
        'clockwise, seen from above': spin[2] < -0.2 and np.abs(shift).max() < 0.01,
    }
    words = [word for word in told if joint.motion.endswith(word)]
    assert len(words) == 1 and told[words[0]], (joint.motion, shift, spin)
