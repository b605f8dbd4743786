# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np
import pytest

from hvd_ros.core.errors import CalibrationError
from hvd_ros.core.leader.calibration import JoyloCalibration, nominal_calibration
from hvd_ros.drivers.dynamixel.twin import DynamixelTwin
from hvd_ros.drivers.joylo.arms import JoyloArms, JoyloArmsConfig
from hvd_ros.drivers.joylo.calibration import motion_signs, run_calibration, steady_ticks

NOMINAL = nominal_calibration()
DATE = '2026-11-21T09:00:00+00:00'
INSTANT = 1e6  # [rad/s]


def crooked():
    """Build arms whose horns were put on anyhow: other ticks, other signs, slaves reversed."""
    rng = np.random.default_rng(5)
    joints = []
    for joint in NOMINAL.joints:
        motors = tuple(
            dataclasses.replace(m, tick=int(rng.integers(4096)), sign=int(rng.choice([-1, 1])))
            for m in joint.motors
        )
        joints.append(dataclasses.replace(joint, motors=motors))
    return JoyloCalibration(tuple(joints), DATE)


@pytest.fixture
def twin(tmp_path):
    with DynamixelTwin(tmp_path / 'tty', crooked()) as twin:
        yield twin


@pytest.fixture
def arms(twin, monkeypatch):
    monkeypatch.setattr('hvd_ros.drivers.joylo.calibration._PERIOD_S', 0.0)
    with JoyloArms(str(twin.link), NOMINAL, JoyloArmsConfig(reply_margin_s=0.1)) as arms:
        yield arms


class Person:
    """Does what is asked with the hand of the twin."""

    def __init__(self, twin, wrong_first=()):
        self.twin = twin
        self.asked = []
        self.wrong_first = list(wrong_first)

    def __call__(self, text):
        self.asked.append(text)
        name = text.split(':')[0]
        if name not in NOMINAL.names:
            return
        joint = NOMINAL.names.index(name)
        q = self.twin.hand
        if name in self.wrong_first:
            self.wrong_first.remove(name)
            joint = (joint + 1) % 12
        q[joint] += 0.5
        self.twin.set_hand(q, INSTANT)


def test_calibrating_finds_every_tick_and_sign(twin, arms):
    person = Person(twin)
    found = run_calibration(arms, person, lambda text: None, DATE)
    assert found == crooked()
    assert len(person.asked) == 13
    assert person.asked[3].startswith('left_arm_joint3: swing the forearm inward')


def test_turning_the_wrong_joint_is_said_and_asked_again(twin, arms):
    shown = []
    person = Person(twin, wrong_first=['left_arm_joint4'])
    found = run_calibration(arms, person, shown.append, DATE)
    assert found == crooked()
    assert any('left_arm_joint5 moved more than left_arm_joint4' in text for text in shown)


def test_doing_nothing_three_times_gives_up(arms):
    with pytest.raises(CalibrationError, match='moved by 0 deg only.*given up after 3 tries'):
        run_calibration(arms, lambda text: None, lambda text: None, DATE)


def test_arms_that_move_while_the_pose_is_read_are_refused():
    samples = np.full((20, 16), 2048)
    samples[7, 11] += 14
    with pytest.raises(CalibrationError, match='motor 11 moved by 0.021 rad'):
        steady_ticks(samples, NOMINAL.motor_ids)
    samples[7, 11] -= 4
    assert (steady_ticks(samples, NOMINAL.motor_ids) == 2048).all()


def test_a_slave_that_does_not_follow_is_refused():
    before = np.full(16, 2048)
    after = before.copy()
    after[0] += 400
    with pytest.raises(CalibrationError, match='left_arm_joint1'):
        motion_signs(NOMINAL, 'left_arm_joint1', before, after)
    after[1] -= 400
    assert motion_signs(NOMINAL, 'left_arm_joint1', before, after) == (1, -1)
