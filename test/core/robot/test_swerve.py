# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Wheels and twists: closed forms, round trips, the geometry of the URDF."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.robot.swerve import WHEELS, forward, integrate, inverse
from hvd_ros.core.robot.urdf import read_urdf
from hvd_ros.core.share import share_file

speeds = st.floats(-1.5, 1.5)
twists = st.tuples(speeds, speeds, speeds)


def test_the_wheels_stand_where_the_urdf_says():
    joints = {j.name: j for j in read_urdf(share_file('urdf', 'r1.urdf')).joints}
    steering = [joints[f'steer_motor_joint{i}'].parent_from_joint[:2, 3] for i in (1, 2, 3)]
    np.testing.assert_array_equal(WHEELS, steering)


@given(twists)
@settings(max_examples=100, deadline=None)
def test_wheels_give_the_twist_back(twist):
    steer, speed = inverse(*twist)
    assert np.all(np.abs(steer) <= math.pi / 2)
    np.testing.assert_allclose(forward(steer, speed), twist, atol=5e-6)


def test_driving_ahead_keeps_the_wheels_straight_and_backing_up_too():
    for vx in (0.3, -0.3):
        steer, speed = inverse(vx, 0, 0)
        np.testing.assert_allclose(steer, 0, atol=1e-12)
        np.testing.assert_allclose(speed, vx)


def test_turning_on_the_spot_runs_each_wheel_along_its_own_circle():
    _, speed = inverse(0, 0, 0.4)
    np.testing.assert_allclose(np.abs(speed), 0.4 * np.hypot(*WHEELS.T))
    assert not np.allclose(np.abs(speed), abs(speed[0]), rtol=0.05)  # not the centroid


def test_a_wheel_at_rest_keeps_its_angle():
    steer, speed = inverse(0, 0, 0, steer=(0.1, -0.2, 0.3))
    np.testing.assert_array_equal(steer, (0.1, -0.2, 0.3))
    np.testing.assert_array_equal(speed, 0)


def test_odometry_averages_wheels_that_disagree():
    # One wheel slips 0.3 m/s sideways: least squares takes the residual, not one of the wheels.
    vx, vy, _ = forward((0, 0, 0), (0.3, 0.3, 0.0))
    assert 0.19 < vx < 0.21
    assert vy == pytest.approx(0, abs=1e-12)


def test_a_quarter_circle_ends_where_a_quarter_circle_ends():
    x, y, yaw = integrate(0, 0, 0, (0.3, 0, 0.3), math.pi / 2 / 0.3)
    assert (x, y, yaw) == pytest.approx((1.0, 1.0, math.pi / 2), abs=1e-12)


@given(twists, st.floats(-3, 3), st.integers(2, 50))
@settings(max_examples=50, deadline=None)
def test_one_long_step_equals_many_short_ones(twist, yaw, pieces):
    once = integrate(1, 2, yaw, twist, 1.0)
    pose = (1.0, 2.0, yaw)
    for _ in range(pieces):
        pose = integrate(*pose, twist, 1 / pieces)
    np.testing.assert_allclose(pose[:2], once[:2], atol=1e-12)
    assert math.cos(pose[2] - once[2]) == pytest.approx(1)


def test_yaw_stays_within_half_a_turn():
    _, _, yaw = integrate(0, 0, 3.0, (0, 0, 0.4), 1.0)
    assert yaw == pytest.approx(3.4 - math.tau)
