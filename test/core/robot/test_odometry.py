# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Wheel messages become the path that a closed form says."""

import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.robot import swerve
from hvd_ros.core.robot.odometry import WHEEL_RADIUS_M, Odometer

MS = 1_000_000


def drive(odometer: Odometer, twist, seconds: float, start_ms: int = 1000, step_ms=5) -> int:
    steer, speed = swerve.inverse(*twist)
    count = round(seconds * 1000 / step_ms)
    for i in range(count + 1):
        odometer.update((start_ms + i * step_ms) * MS, steer, speed)
    return start_ms + count * step_ms


def test_an_arc_ends_where_the_circle_says() -> None:
    odometer = Odometer()
    drive(odometer, (0.3, 0.0, 0.4), 3.0)
    turn, radius = 1.2, 0.3 / 0.4
    assert odometer.pose == pytest.approx(
        (radius * math.sin(turn), radius * (1 - math.cos(turn)), turn), abs=1e-9
    )
    assert odometer.twist == pytest.approx((0.3, 0.0, 0.4))


def test_a_straight_way_turns_the_wheels() -> None:
    odometer = Odometer()
    drive(odometer, (0.2, 0.0, 0.0), 1.0)
    assert odometer.wheel_angle == pytest.approx([0.2 / WHEEL_RADIUS_M] * 3)
    assert odometer.wheel_rate == pytest.approx([0.2 / WHEEL_RADIUS_M] * 3)


def test_repeated_and_reordered_messages_change_nothing() -> None:
    odometer = Odometer()
    end_ms = drive(odometer, (0.2, 0.1, 0.0), 1.0)
    pose = odometer.pose
    fast = (np.zeros(3), np.full(3, 9.0))
    odometer.update(end_ms * MS, *fast)
    odometer.update((end_ms - 5) * MS, *fast)
    assert odometer.pose == pose


def test_a_gap_is_not_filled_by_guessing() -> None:
    odometer = Odometer()
    end_ms = drive(odometer, (0.2, 0.0, 0.0), 1.0)
    pose = odometer.pose
    odometer.update((end_ms + 1000) * MS, *swerve.inverse(0.2, 0.0, 0.0))
    assert odometer.pose == pose
    assert odometer.gaps == 1


def test_a_clock_that_is_set_back_does_not_stop_the_odometry() -> None:
    odometer = Odometer()
    drive(odometer, (0.2, 0.0, 0.0), 1.0, start_ms=3_600_000)
    drive(odometer, (0.2, 0.0, 0.0), 1.0, start_ms=1000)
    assert odometer.pose[0] == pytest.approx(0.4, abs=0.002)


@given(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(-0.4, 0.4))
def test_doubt_only_grows(vx: float, vy: float, wz: float) -> None:
    odometer = Odometer()
    end_ms = drive(odometer, (vx, vy, wz), 0.5)
    first = odometer.variance
    drive(odometer, (vx, vy, wz), 0.5, start_ms=end_ms)
    assert all(b >= a > 0 for a, b in zip(first, odometer.variance, strict=True))
