# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from hvd_ros.core.errors import DeviceError
from hvd_ros.core.leader.calibration import nominal_calibration
from hvd_ros.drivers.joylo.checks import LeaderBounds, LeaderChecks

CALIBRATION = nominal_calibration()
BOUNDS = LeaderBounds(
    max_speed_rad_s=20.0, range_margin_rad=0.25, pair_tolerance_rad=0.3, settle_s=0.25
)
POSE = np.array([joint.pose_rad for joint in CALIBRATION.joints])[CALIBRATION.joint_of_motor]
TICKS = np.full(16, 2048)
STILL = np.zeros(16)
CYCLE_NS = 10_000_000


@pytest.fixture
def checks():
    return LeaderChecks(CALIBRATION, BOUNDS)


def moved(by, *motors):
    rad = POSE.copy()
    rad[list(motors)] += by
    return rad


def test_a_hand_that_moves_and_rests_passes(checks):
    for i in range(50):
        checks.check(i * CYCLE_NS, TICKS, moved(0.01 * min(i, 20), 5, 13), STILL)


def test_a_jump_names_joint_and_motor_and_costs_a_settling_time(checks):
    checks.check(0, TICKS, POSE, STILL)
    with pytest.raises(DeviceError, match=r'left_arm_joint4 \(motor 5\): jumped by 0.500 rad'):
        checks.check(CYCLE_NS, TICKS, moved(0.5, 5), STILL)
    for ms in range(20, 260, 10):
        with pytest.raises(DeviceError, match='settle'):
            checks.check(ms * 1_000_000, TICKS, moved(0.5, 5), STILL)
    checks.check(270 * 1_000_000, TICKS, moved(0.5, 5), STILL)


def test_a_long_silence_does_not_excuse_a_long_jump(checks):
    checks.check(0, TICKS, POSE, STILL)
    with pytest.raises(DeviceError, match='jumped'):
        checks.check(60_000_000_000, TICKS, moved(2.5, 5), STILL)


def test_the_fastest_hand_passes(checks):
    checks.check(0, TICKS, POSE, STILL)
    checks.check(CYCLE_NS, TICKS, moved(0.2, 5), STILL)


def test_range_is_that_of_the_robot_and_a_margin(checks):
    high = CALIBRATION.high[4]
    checks.check(0, TICKS, moved(high + 0.24, 6), STILL)
    with pytest.raises(DeviceError, match=r'left_arm_joint5 \(motor 6\).*hvd calibrate joylo'):
        checks.check(CYCLE_NS, TICKS, moved(high + 0.26, 6), STILL)


@pytest.mark.parametrize('tick', [10 * 4096 + 1, -10 * 4096 - 1, 2**31 - 1, -(2**31)])
def test_more_than_ten_turns_is_garbage(checks, tick):
    ticks = TICKS.copy()
    ticks[9] = tick
    with pytest.raises(DeviceError, match=r'right_arm_joint1 \(motor 9\).*more than 10 turns'):
        checks.check(0, ticks, POSE, STILL)


def test_two_motors_of_one_joint_must_agree(checks):
    checks.check(0, TICKS, moved(0.29, 3), STILL)
    with pytest.raises(DeviceError, match='left_arm_joint2: motors 2 and 3 turn one joint'):
        checks.check(CYCLE_NS, TICKS, moved(0.31, 3), STILL)


def test_a_position_that_stands_still_at_speed_is_frozen(checks):
    speed = STILL.copy()
    speed[12] = 1.0
    for i in range(16):
        checks.check(i * CYCLE_NS, TICKS, POSE, speed)
    with pytest.raises(DeviceError, match=r'right_arm_joint3 \(motor 12\).*stands still'):
        checks.check(16 * CYCLE_NS, TICKS, POSE, speed)


def test_a_hand_that_rests_for_minutes_is_not_frozen(checks):
    for i in range(100):
        checks.check(i * 1_000_000_000, TICKS, POSE, STILL)
