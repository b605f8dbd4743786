# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The rows of the fault matrix that only the guardian can answer, for a robot behind rosbridge.

A client of the test's own listens at the bridge, as the robot's chassis driver would.
"""

from collections.abc import Iterator
import signal
import socket
import time

import pytest

pytestmark = [pytest.mark.ros, pytest.mark.launch]
pytest.importorskip('rclpy')

from hvd_ros.drivers.robot.rosbridge import RosbridgeClient  # noqa: E402
from hvd_ros.drivers.robot.rosbridge_chassis import TWIST  # noqa: E402
from hvd_ros.drivers.robot.rosbridge_link import CHASSIS_TARGET  # noqa: E402
from test.launch.wire import Wire  # noqa: E402

GUARDIAN_S = 0.2
SLACK_S = 0.1  # for a loaded two-core machine


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire(robot='rosbridge_twin')
    yield made
    made.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def driving(graph, wire) -> Iterator[tuple]:
    """Bring up the graph of a ROS 1 robot with an engaged operator who drives forward."""
    port = free_port()
    graph.start('rosbridge_twin', parameters={'port': port})
    for node in ('guardian', 'r1'):
        given = {'transport': 'rosbridge', 'rosbridge_port': port, 'vendor_prefix': '/'}
        graph.start(node, parameters=given)
    graph.start_all(('sim_joylo', 'mux', 'joylo'))
    listener = RosbridgeClient('127.0.0.1', port)
    listener.subscribe(f'/{CHASSIS_TARGET}', TWIST, lambda m: wire.chassis.append(_record(m)))
    listener.open()
    wire.ready()
    wire.engage()
    wire.drive()
    yield graph, wire
    listener.close()


def _record(message) -> tuple[int, tuple[float, float, float]]:
    linear, angular = message['linear'], message['angular']
    return time.monotonic_ns(), (linear['x'], linear['y'], angular['z'])


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGSTOP], ids=['killed', 'frozen'])
def test_the_base_behind_rosbridge_stops_when_r1_is_killed_or_frozen(driving, number):
    graph, wire = driving
    at_ns = graph.signal('r1', number)
    assert wire.stopped_after(at_ns) <= GUARDIAN_S + SLACK_S
    assert abs(wire.truth[-1][1][0]) < 0.01


def test_the_base_behind_rosbridge_is_refused_while_the_guardian_can_not_reach_it(driving):
    graph, wire = driving
    wire.fault('rosbridge_twin', 'half_open')
    wire.wait('the guardian to say so', lambda: 'guardian' in wire.closed(), 2.0)
    beats = len(wire.guardian)
    wire.watch(0.3)
    assert len(wire.guardian) == beats
