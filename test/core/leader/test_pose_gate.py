# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from hvd_ros.core.leader.pose_gate import PoseGateConfig, check_pose

ROBOT = np.linspace(-1.0, 1.0, 12)


def leader(apart, joint=4):
    q = ROBOT.copy()
    q[joint] -= apart
    return q


def test_delta_tells_how_to_move_the_leader():
    gate = check_pose(leader(0.5), ROBOT, was_ok=False)
    assert gate.ok and gate.worst == 4
    assert gate.delta[4] == pytest.approx(0.5)


@pytest.mark.parametrize('sign', [-1.0, 1.0])
def test_gate_opens_below_and_closes_above_the_wider_threshold(sign):
    assert not check_pose(leader(sign * 0.81), ROBOT, was_ok=False).ok
    assert check_pose(leader(sign * 0.79), ROBOT, was_ok=False).ok
    assert check_pose(leader(sign * 0.89), ROBOT, was_ok=True).ok
    assert not check_pose(leader(sign * 0.91), ROBOT, was_ok=True).ok


def test_one_joint_is_enough_to_keep_it_closed():
    for joint in range(12):
        gate = check_pose(leader(1.0, joint), ROBOT, was_ok=True)
        assert not gate.ok and gate.worst == joint


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_keeps_it_closed(bad):
    config = PoseGateConfig(threshold_rad=1e9)
    q = leader(0.0)
    q[7] = bad
    for pair in ((q, ROBOT), (ROBOT, q)):
        gate = check_pose(*pair, was_ok=True, config=config)
        assert not gate.ok and gate.worst == 7
