# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Stamps of a camera, on the clocks of this computer."""

import time

import pytest

from hvd_ros.drivers.cameras import capture_clock
from hvd_ros.drivers.cameras.capture_clock import CaptureClock, DeviceClock, wall_ns

MS = 1_000_000
S = 1_000_000_000


def follow(clock, images):
    """Return the error [ns] of each (true capture, counter, arrival)."""
    return [clock.to_steady_ns(counter, arrived) - true for true, counter, arrived in images]


def image(true_ns, delay_ns, *, offset_ns=-50 * S, ppm=0.0):
    return true_ns, round(true_ns * (1 + ppm * 1e-6)) + offset_ns, true_ns + delay_ns


def test_queueing_does_not_move_the_stamps():
    # Images come after 20 ms at best and up to 60 ms later when the machine is busy.
    images = [image(S * 100 + n * 33 * MS, 20 * MS + (n * 7 % 13) * 5 * MS) for n in range(60)]
    errors = follow(DeviceClock(), images)
    assert set(errors[20:]) == {20 * MS}  # the shortest way, the same for every image


def test_a_stamp_is_never_later_than_the_arrival():
    images = [image(S * 100 + n * 33 * MS, 20 * MS - n * 100_000) for n in range(60)]
    clock = DeviceClock()
    for true, counter, arrived in images:
        assert true < clock.to_steady_ns(counter, arrived) <= arrived


@pytest.mark.parametrize('ppm', [-60.0, 60.0])
def test_the_drift_of_a_crystal_is_followed(ppm):
    images = [image(n * 33 * MS, 20 * MS, ppm=ppm) for n in range(20_000)]  # eleven minutes
    errors = follow(DeviceClock(), images)
    assert max(abs(error - 20 * MS) for error in errors) < 1.5 * MS


@pytest.mark.parametrize('jump_s', [-30, 30])
def test_a_counter_that_started_anew_is_measured_anew(jump_s):
    clock = DeviceClock()
    follow(clock, [image(S * 100 + n * 33 * MS, 20 * MS) for n in range(30)])
    offset_ns = (-50 + jump_s) * S
    errors = follow(
        clock, [image(S * 102 + n * 33 * MS, 20 * MS, offset_ns=offset_ns) for n in range(30)]
    )
    assert set(errors) == {20 * MS}


def test_a_wall_clock_stamp_is_taken_at_its_word():
    clock = CaptureClock()
    arrived = time.monotonic_ns()
    stamp = wall_ns(arrived) - 37 * MS
    wall, steady = clock.stamp(stamp, wall=True, arrived_ns=arrived)
    assert wall == stamp
    assert abs(arrived - steady - 37 * MS) < MS


@pytest.mark.parametrize('off_s', [-3600, 3600])
def test_a_wall_clock_that_was_set_leaves_the_steady_time_right(monkeypatch, off_s):
    clock = CaptureClock()
    arrived = time.monotonic_ns()
    for n in range(3):
        clock.stamp(wall_ns(arrived + n) - 37 * MS, wall=True, arrived_ns=arrived + n)
    stamp = wall_ns(arrived) - 37 * MS + 33 * MS
    monkeypatch.setattr(capture_clock, 'wall_ns', lambda steady: wall_ns(steady) + off_s * S)
    wall, steady = clock.stamp(stamp, wall=True, arrived_ns=arrived + 33 * MS)
    assert abs(steady - (arrived + 33 * MS)) < 40 * MS
    assert abs(wall - (wall_ns(steady) + off_s * S)) < 40 * MS
