# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The R1 behind rosbridge: its first and last words, and what it makes of a robot's messages."""

from collections.abc import Iterator
import math
import threading
import time

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from hvd_ros.core.vendor.health import Trouble
from hvd_ros.drivers.robot.link import MODE_TIMEOUT_NS, StatusBoard
from hvd_ros.drivers.robot.rosbridge_link import RosbridgeLink, vendor_topics
from hvd_ros.drivers.robot.rosbridge_twin import RosbridgeTwin

CHASSIS = '/motion_target/target_speed_chassis'
ZERO = {'linear': {'x': 0.0, 'y': 0.0, 'z': 0.0}, 'angular': {'x': 0.0, 'y': 0.0, 'z': 0.0}}


def until(condition) -> None:
    end = time.monotonic() + 5.0
    while not condition():
        assert time.monotonic() < end, 'not in time'
        threading.Event().wait(0.002)


@pytest.fixture
def received() -> list[tuple[str, dict]]:
    return []


@pytest.fixture
def twin(received) -> Iterator[RosbridgeTwin]:
    made = RosbridgeTwin(vendor_topics(), lambda t, m: received.append((t, m)))
    made.open()
    yield made
    made.close()


@pytest.fixture
def link(twin: RosbridgeTwin) -> Iterator[RosbridgeLink]:
    made = RosbridgeLink('127.0.0.1', twin.port)
    made.open()
    until(lambda: twin.subscribers('/motion_control/chassis_speed') == 1)
    yield made
    made.close()


def test_every_connect_begins_with_a_standstill(link, twin, received) -> None:
    # Whatever the chassis was told before, it is still doing; nobody here has sent anything.
    until(lambda: received == [(CHASSIS, ZERO)])
    twin.hang_up()
    until(lambda: received == [(CHASSIS, ZERO)] * 2)


def test_the_last_word_is_a_standstill(link, twin, received) -> None:
    link.limit_acceleration((1.0, 1.0, 1.0))
    until(lambda: len(received) == 2)
    link.close()
    link.close()
    until(lambda: twin.clients == 0)
    assert received[2:] == [(CHASSIS, ZERO)]


def test_a_robot_that_speaks_is_heard(link, twin) -> None:
    twin.publish('/hdas/bms', {'capital': 55.0, 'voltage': 48.0})
    # Some firmware wraps the signal in a stamped message.
    twin.publish('/controller', {'header': {}, 'data': {'mode': 5}})
    error = {'name': 'm', 'error_code': 12, 'error_description': ['x']}
    twin.publish('/hdas/feedback_status_torso', {'errors': [error]})
    stamp = {'secs': 3, 'nsecs': 4}
    twin.publish('/hdas/feedback_torso', {'header': {'stamp': stamp}, 'position': [1.0, None]})
    reports = []

    def heard() -> bool:
        reports.append(link.read())
        return any('torso' in r.feedback for r in reports)

    until(heard)
    status = reports[-1].status
    assert (status.battery_percent, status.battery_voltage, status.mode) == (55.0, 48.0, 5)
    assert status.trouble == (Trouble('torso', 'm', 12, ('x',)),)
    sample = reports[-1].feedback['torso'][0]
    assert sample.stamp_ns == 3_000_000_004
    assert sample.position[0] == 1.0 and math.isnan(sample.position[1])
    assert list(sample.velocity) == []
    assert reports[-1].connected and reports[-1].detail == ''


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ['header', 'stamp', 'secs', 'nsecs', 'position', 'data', 'mode', 'errors', 'name']
                + ['error_code', 'error_description', 'capital', 'voltage']
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)


@settings(max_examples=40)
@given(JSON.filter(lambda m: isinstance(m, dict)))
def test_no_message_of_a_robot_breaks_the_reader(message) -> None:
    link = RosbridgeLink('127.0.0.1', 9)
    for wanted in link._client._subscribed.values():
        wanted.callback(message)
    report = link.read()
    for samples in report.feedback.values():
        for column in (samples[0].position, samples[0].velocity, samples[0].effort):
            assert all(isinstance(value, float) for value in column)


def test_a_stalled_reader_finds_no_history() -> None:
    link = RosbridgeLink('127.0.0.1', 9)
    for i in range(100):
        link._on_feedback('torso', {'position': [float(i)]})
    positions = [s.position[0] for s in link.read().feedback['torso']]
    assert positions == [float(i) for i in range(90, 100)]
    assert link.read().feedback == {}


def test_the_status_forgets_what_is_too_old() -> None:
    board = StatusBoard()
    board.mode(5, 1000)
    board.battery(50.0, 48.0, 1000)
    board.trouble('torso', (Trouble('torso', 'm', 12),), 1000)
    assert board.status(1000 + MODE_TIMEOUT_NS - 1).mode == 5
    # A remote control that went silent may have been switched off.
    late = board.status(1000 + MODE_TIMEOUT_NS)
    assert late.mode is None and late.battery_percent == 50.0 and late.trouble
    assert not board.status(1000 + 5 * MODE_TIMEOUT_NS).trouble
    assert board.status(1000 + 30 * MODE_TIMEOUT_NS).battery_percent is None
