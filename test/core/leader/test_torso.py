# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pinned: a level squat along its whole way, no sinking with sag, nothing ahead of the robot."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.leader.torso import SQUAT, TorsoConfig, TorsoWish, step_torso, trunk_pitch
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.kinematics import Kinematics

BODY = load_body('r1')
LOW = BODY.limits.low[BODY.indices('torso')]
HIGH = BODY.limits.high[BODY.indices('torso')]
CONFIG = TorsoConfig()
DOWN, UP = TorsoWish(squat=1.0), TorsoWish(squat=-1.0)


def drive(start, wish, seconds, dt_s=0.01, config=CONFIG):
    """Let an ideal robot follow; return the whole path."""
    path = [np.array(start, float)]
    for _ in range(round(seconds / dt_s)):
        path.append(step_torso(path[-1], path[-1], wish, dt_s, LOW, HIGH, config))
    return np.array(path)


def test_squat_keeps_the_trunk_level_along_its_whole_way():
    path = drive([0.0, 0.0, 0.0, 0.3], DOWN, 6.0)
    pitch = path[:, 0] + path[:, 1] - path[:, 2]
    assert np.abs(pitch).max() < 1e-9
    # The level squat of the vendor's figures.
    np.testing.assert_allclose(path[-1], [1.74, -2.70, -0.96, 0.3], atol=1e-9)
    # And by the URDF, which knows nothing of this file: the trunk only yaws.
    kinematics = Kinematics(BODY.urdf)
    names = ('torso_joint1', 'torso_joint2', 'torso_joint3', 'torso_joint4')
    for q in path[::50]:
        trunk = kinematics.poses(dict(zip(names, q, strict=True)))[kinematics.link('torso_link4')]
        np.testing.assert_allclose(trunk[:3, 2], [0.0, 0.0, 1.0], atol=1e-9)


@settings(max_examples=60)
@given(
    st.tuples(*(st.floats(low, high) for low, high in zip(LOW, HIGH, strict=True))),
    st.sampled_from([DOWN, UP]),
)
def test_squat_keeps_any_pitch_and_every_limit(start, wish):
    path = drive(start, wish, 8.0, dt_s=0.05)
    pitch = path[:, 0] + path[:, 1] - path[:, 2]
    assert np.ptp(pitch) < 1e-9
    assert (path >= LOW).all()
    assert (path <= HIGH).all()


def test_standing_up_comes_back_to_where_it_began():
    down = drive([0.0, 0.0, -0.2, 0.0], DOWN, 3.0)
    up = drive(down[-1], UP, 6.0)
    np.testing.assert_allclose(up[-1], [0.0, 0.0, -0.2, 0.0], atol=1e-9)


def test_squat_from_beside_its_way_meets_the_same_end():
    path = drive([0.9, -1.5, -0.6, 0.0], DOWN, 6.0)
    np.testing.assert_allclose(path[-1, :2], SQUAT, atol=1e-9)


def test_without_a_wish_nothing_moves_not_even_from_outside_the_squat():
    start = [-0.5, 0.4, 0.1, 1.0]
    np.testing.assert_array_equal(drive(start, TorsoWish(), 1.0)[-1], start)


def test_lean_forward_lowers_joint_3_and_turn_left_raises_joint_4():
    path = drive([0.0] * 4, TorsoWish(lean=1.0, turn=0.5), 1.0)
    np.testing.assert_allclose(path[-1], [0, 0, -CONFIG.lean_rad_s, CONFIG.turn_rad_s / 2])
    assert trunk_pitch(path[-1]) > 0


def test_speed_does_not_depend_on_the_loop_rate():
    wish = TorsoWish(squat=1.0, turn=-0.5)
    slow, fast = drive([0.0] * 4, wish, 2.0, 0.02), drive([0.0] * 4, wish, 2.0, 0.005)
    np.testing.assert_allclose(slow[-1], fast[-1], atol=1e-9)


def test_a_sagging_robot_does_not_pull_the_setpoint_down():
    setpoint = np.array([0.5, -0.8, -0.3, 0.0])
    sagged = setpoint + [0.05, -0.05, 0.02, 0.0]
    after = step_torso(setpoint, sagged, TorsoWish(), 0.01, LOW, HIGH, CONFIG)
    np.testing.assert_array_equal(after, setpoint)


@pytest.mark.parametrize('wish', [DOWN, TorsoWish(lean=1.0), TorsoWish(turn=1.0)])
def test_a_blocked_robot_is_led_by_no_more_than_the_lead(wish):
    blocked = np.zeros(4)
    setpoint = blocked
    for _ in range(1000):
        setpoint = step_torso(setpoint, blocked, wish, 0.01, LOW, HIGH, CONFIG)
    lead = np.abs(setpoint).max()
    assert CONFIG.lead_rad - 0.01 < lead <= CONFIG.lead_rad
    # And the way back is free at once.
    back = TorsoWish(squat=-wish.squat, lean=-wish.lean, turn=-wish.turn)
    nearer = step_torso(setpoint, blocked, back, 0.01, LOW, HIGH, CONFIG)
    assert np.abs(nearer).max() < lead


def test_an_unknown_torso_is_not_moved():
    unknown = np.full(4, np.nan)
    after = step_torso(np.zeros(4), unknown, DOWN, 0.01, LOW, HIGH, CONFIG)
    np.testing.assert_array_equal(after, np.zeros(4))
