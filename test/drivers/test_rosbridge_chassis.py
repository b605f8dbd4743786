# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The chassis topic over rosbridge: what others say, and zeros that are never old."""

from collections.abc import Iterator
import threading
import time

import pytest

from hvd_ros.drivers.robot import rosbridge_chassis
from hvd_ros.drivers.robot.rosbridge import RosbridgeClient
from hvd_ros.drivers.robot.rosbridge_chassis import ECHO_NS, TWIST, RosbridgeChassis, moves, twist
from hvd_ros.drivers.robot.rosbridge_link import CHASSIS_TARGET, vendor_topics
from hvd_ros.drivers.robot.rosbridge_twin import RosbridgeTwin

CHASSIS = f'/{CHASSIS_TARGET}'
ZERO = twist(0.0, 0.0, 0.0)
AHEAD = twist(0.2, 0.0, 0.0)


def until(condition) -> None:
    end = time.monotonic() + 5.0
    while not condition():
        assert time.monotonic() < end, 'not in time'
        threading.Event().wait(0.002)


@pytest.fixture
def received() -> list[dict]:
    return []


@pytest.fixture
def twin(received) -> Iterator[RosbridgeTwin]:
    made = RosbridgeTwin(vendor_topics(), lambda t, m: received.append(m))
    made.open()
    yield made
    made.close()


@pytest.fixture
def chassis(twin: RosbridgeTwin) -> Iterator[RosbridgeChassis]:
    made = RosbridgeChassis('127.0.0.1', twin.port, CHASSIS)
    until(lambda: twin.subscribers(CHASSIS) == 1 and made.connected())
    yield made
    made.close()


def heard(chassis: RosbridgeChassis, count: int) -> list[bool]:
    found: list[bool] = []
    until(lambda: len(found.extend(chassis.heard()) or found) >= count)
    return found


def test_what_another_client_publishes_is_heard_in_order(chassis, twin) -> None:
    driver = RosbridgeClient('127.0.0.1', twin.port)
    driver.advertise(CHASSIS, TWIST)
    driver.open()
    try:
        until(lambda: driver.connected)
        driver.publish(CHASSIS, AHEAD)
        assert heard(chassis, 1) == [True]
        driver.publish(CHASSIS, ZERO)
        assert heard(chassis, 1) == [False]
    finally:
        driver.close()


def test_its_own_zeros_come_back_and_are_not_somebody_elses(chassis, twin, received) -> None:
    assert chassis.send_zero()
    until(lambda: received == [ZERO])
    # Whatever the server had said before this arrives before it.
    twin.publish(CHASSIS, AHEAD)
    assert heard(chassis, 1) == [True]


def test_a_zero_long_after_its_own_is_somebody_elses(chassis, twin, monkeypatch) -> None:
    monkeypatch.setattr(rosbridge_chassis, 'ECHO_NS', -ECHO_NS)  # as if it was long ago
    chassis.send_zero()
    twin.publish(CHASSIS, ZERO)
    assert heard(chassis, 2) == [False, False]


@pytest.mark.parametrize(
    'message',
    [
        *({**ZERO, part: {**ZERO[part], axis: 1e-300}} for part in ZERO for axis in 'xyz'),
        {**ZERO, 'linear': {'x': None, 'y': 0.0, 'z': 0.0}},
        {**ZERO, 'linear': {'x': 0.0, 'y': 0.0}},
        {'linear': ZERO['linear']},
        {},
    ],
    ids=str,
)
def test_whatever_is_not_six_zeros_moves(message) -> None:
    assert moves(message)
    assert not moves(ZERO)


def test_a_zero_that_nobody_can_carry_is_not_kept_for_later(chassis, twin, received) -> None:
    twin.mute(True)
    until(lambda: not chassis.connected())
    assert not chassis.send_zero()
    assert 'no answer' in chassis.detail()
    twin.mute(False)
    until(chassis.connected)
    twin.publish(CHASSIS, AHEAD)
    until(lambda: True in chassis.heard())
    assert received == []


def test_the_last_zero_leaves_before_the_link_is_closed(chassis, twin, received) -> None:
    chassis.send_zero()
    chassis.close()
    chassis.close()
    until(lambda: twin.clients == 0)
    assert received == [ZERO]
