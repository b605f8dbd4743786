# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pinned: the leader pushes only when asked to, towards the robot, and is limp otherwise."""

import numpy as np
import pytest

from hvd_ros.core.leader.calibration import nominal_calibration
from hvd_ros.core.leader.haptics import HapticsConfig
from hvd_ros.core.robot.description import load_body
from hvd_ros.drivers.dynamixel.twin import DynamixelTwin
from hvd_ros.drivers.dynamixel.xl330 import GOAL_CURRENT, TORQUE_ENABLE
from hvd_ros.drivers.joylo.arms import JoyloArms, JoyloArmsConfig
from hvd_ros.nodes.joylo.haptics import ArmFeel

SPRING = HapticsConfig(gravity_gain=0.0, damping_ma_s_per_rad=0.0, wall_ma_per_rad=0.0)


@pytest.fixture
def rig(tmp_path):
    twin = DynamixelTwin(tmp_path / 'bus')
    config = JoyloArmsConfig(reply_margin_s=0.2, watchdog_s=2.0)
    with twin, JoyloArms(str(tmp_path / 'bus'), nominal_calibration(), config) as arms:
        yield twin, arms, ArmFeel(arms, load_body('r1'), SPRING)


def held(twin):
    return [motor for motor, m in twin.motors.items() if m.get(TORQUE_ENABLE)]


def test_nothing_is_pushed_before_somebody_asks(rig):
    twin, arms, feel = rig
    feel.on_sample(arms.read())
    assert held(twin) == []


def test_the_spring_pulls_towards_the_robot_on_both_motors_of_a_joint(rig):
    twin, arms, feel = rig
    sample = arms.read()
    robot = sample.q.copy()
    robot[0] += 0.2
    feel.follow(robot)
    feel.on_sample(sample)
    arms.read()  # the answer comes after the currents have arrived
    assert len(held(twin)) == 16
    # 250 mA/rad * 0.2 rad = 50 mA, shared by motors 0 and 1, against their sign.
    assert [twin.motors[m].get(GOAL_CURRENT) for m in (0, 1)] == [-25 & 0xFFFF] * 2
    assert [twin.motors[m].get(GOAL_CURRENT) for m in range(2, 16)] == [0] * 14


def test_a_robot_that_is_lost_leaves_the_arms_limp(rig):
    twin, arms, feel = rig
    sample = arms.read()
    feel.follow(sample.q)
    feel.on_sample(sample)
    feel.follow(None)
    feel.on_sample(arms.read())
    assert held(twin) == []


def test_a_robot_that_says_nonsense_leaves_the_arms_limp_for_a_while(rig):
    twin, arms, feel = rig
    sample = arms.read()
    feel.follow(sample.q)
    feel.on_sample(sample)
    feel.follow(np.full(12, np.nan))
    feel.on_sample(arms.read())
    assert held(twin) == []
    feel.follow(sample.q)
    feel.on_sample(arms.read())
    assert held(twin) == []
