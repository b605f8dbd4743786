# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The plan of a guarded move, against the closed form of minimum jerk."""

import pytest

from hvd_ros.cli.plan import Plan, measured
from hvd_ros.core.robot.description import load_body

BODY = load_body('r1')


def near_home(**changes):
    start = BODY.pose('home').copy()
    for name, way in changes.items():
        start[BODY.index(name)] -= way
    return Plan(BODY, 'home', start)


def test_the_time_is_that_of_minimum_jerk_at_a_quarter_of_the_limits():
    # Peak speed is 15/8 of the mean; torso: 0.6 rad/s.
    assert near_home(torso_joint1=0.6).duration_s == pytest.approx(15 / 8 * 0.6 / (0.25 * 0.6))


def test_the_base_does_not_travel():
    plan = near_home(base_vx=5.0)
    assert plan.duration_s < 0.01
    assert plan.text('measured') == "'home': every joint is there already (measured)\n"


def test_the_table_lists_what_travels():
    text = near_home(left_arm_joint1=-0.5, torso_joint2=0.25).text('last sent').splitlines()
    assert text[0].startswith("'home': 2 joints travel, about 3 s (now = last sent)")
    assert text[2].split() == ['left_arm_joint1', '+0.92', '+0.42', '-0.50', 'rad']
    assert near_home(left_arm_joint1=-0.5).farthest() == ('left_arm_joint1', pytest.approx(-0.5))


def test_measured_turns_finger_travel_into_opening():
    positions = {d.joint: 0.0 for d in BODY.dimensions if d.joint}
    positions['left_gripper_finger_joint1'] = 0.025
    values = measured(BODY, positions)
    assert values[BODY.index('left_gripper')] == pytest.approx(0.5)
    del positions['torso_joint3']
    assert measured(BODY, positions) is None
