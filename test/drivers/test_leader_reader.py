# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pinned: the reader keeps its rhythm, tells what is wrong, and opens the arms again by itself."""

from collections.abc import Callable
import time

import pytest

from hvd_ros.core.errors import DeviceError
from hvd_ros.core.leader.calibration import nominal_calibration
from hvd_ros.drivers.dynamixel.twin import DynamixelTwin
from hvd_ros.drivers.dynamixel.xl330 import TORQUE_ENABLE
from hvd_ros.drivers.joylo.arms import JoyloArms, JoyloArmsConfig
from hvd_ros.drivers.joylo.reader import LeaderReader

pytestmark = pytest.mark.timeout(60)


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, 'it never became true'
        time.sleep(0.002)


@pytest.fixture
def reader(tmp_path):
    config = JoyloArmsConfig(reply_margin_s=0.2)
    reader = LeaderReader(JoyloArms(str(tmp_path / 'bus'), nominal_calibration(), config), 0.01)
    yield reader
    reader.close()


@pytest.fixture
def twin(tmp_path):
    with DynamixelTwin(tmp_path / 'bus') as twin:
        yield twin


def test_samples_arrive_at_the_rate_and_wake_who_waits(twin, reader):
    reader.open()
    first = reader.wait(-1, 5.0)
    for _ in range(50):
        sample = reader.wait(reader.sample.sequence, 1.0)
    rate_hz = (sample.sequence - first.sequence) / (sample.stamp_ns - first.stamp_ns) * 1e9
    assert rate_hz <= 101.0  # a busy machine may make it slower, never faster
    assert reader.trouble == ''


def test_waiting_ends_without_news(twin, reader):
    assert reader.wait(-1, 0.01) is None


def test_a_missing_port_is_an_error_unless_one_waits_for_it(tmp_path, reader):
    with pytest.raises(DeviceError, match='bus'):
        reader.open()
    reader.open(patient=True)
    assert reader.opened == 0
    with DynamixelTwin(tmp_path / 'bus'):
        until(lambda: reader.sample is not None)


def test_a_pulled_cable_is_told_and_mended(twin, reader):
    reader.open()
    until(lambda: reader.sample is not None)
    twin.inject('disconnect', '', 1.0, 0.0)
    until(lambda: bool(reader.trouble))
    stale = reader.sample.sequence
    until(lambda: not twin.link.exists())
    twin.inject('none', '', 0.0, 0.0)
    until(lambda: reader.sample.sequence > stale and reader.trouble == '')
    assert reader.opened >= 2


def test_a_failing_consumer_of_samples_is_an_error_and_not_the_end(twin, reader):
    def refuse(sample):
        raise DeviceError('no current today')

    reader.on_sample = refuse
    reader.open()
    until(lambda: reader.trouble == 'no current today')
    assert reader.sample is not None
    reader.on_sample = None
    until(lambda: reader.trouble == '')


def test_closing_leaves_the_arms_limp(twin, reader):
    reader.on_sample = lambda sample: reader.arms.torque_on or reader.arms.enable_current()
    reader.open()
    until(lambda: reader.arms.torque_on)
    reader.close()
    reader.close()
    assert not any(motor.get(TORQUE_ENABLE) for motor in twin.motors.values())
