# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The guardian of a ROS 1 robot: zeros through the bridge, silence towards the mux without one."""

from collections.abc import Iterator
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip('rclpy')

from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from hvd_msgs.msg import Heartbeat  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from hvd_ros.core.safety.guardian import GuardianRules  # noqa: E402
from hvd_ros.drivers.robot.rosbridge_chassis import twist  # noqa: E402
from hvd_ros.drivers.robot.rosbridge_link import CHASSIS_TARGET, vendor_topics  # noqa: E402
from hvd_ros.drivers.robot.rosbridge_twin import RosbridgeTwin  # noqa: E402
from hvd_ros.nodes import guardian_node  # noqa: E402
from hvd_ros.nodes.shell import qos  # noqa: E402

CHASSIS = f'/{CHASSIS_TARGET}'
AHEAD, ZERO = twist(0.2, 0.0, 0.0), twist(0.0, 0.0, 0.0)


class Bench:
    """A bridge, a guardian, and a peer that plays the mux and whoever drives the chassis."""

    def __init__(self):
        self.zeros: list[float] = []
        self.strange: list[dict] = []
        self.twin = RosbridgeTwin(vendor_topics(), self.on_publish)
        self.twin.open()
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.peer = rclpy.create_node('peer', context=self.context)
        given = {'transport': 'rosbridge', 'rosbridge_port': self.twin.port, 'vendor_prefix': '/'}
        self.guardian = guardian_node.GuardianNode(
            context=self.context,
            parameter_overrides=[Parameter(k, value=v) for k, v in given.items()],
        )
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.peer)
        self.executor.add_node(self.guardian)
        self.beats: list[Heartbeat] = []
        self.facts: list[DiagnosticArray] = []
        peer = self.peer
        peer.create_subscription(Heartbeat, 'guardian/heartbeat', self.beats.append, qos.COMMAND)
        peer.create_subscription(DiagnosticArray, '/diagnostics', self.facts.append, qos.EVENTS)
        self.stop = peer.create_client(Trigger, 'estop/trigger')
        self.wait(lambda: self.beats and self.twin.subscribers(CHASSIS))

    def on_publish(self, topic, message):
        if (topic, message) == (CHASSIS, ZERO):
            self.zeros.append(time.monotonic())
        else:
            self.strange.append(message)

    def wait(self, condition, each=lambda: None):
        end, due = time.monotonic() + 20.0, 0.0
        while not condition():
            assert time.monotonic() < end, 'it did not happen'
            if time.monotonic() >= due:
                each()
                due = time.monotonic() + 0.02
            self.executor.spin_once(timeout_sec=0.005)

    def spin(self, seconds, each=lambda: None):
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() >= end, each)

    def drive(self, message=AHEAD):
        self.twin.publish(CHASSIS, message)

    def close(self):
        self.executor.remove_node(self.guardian)
        self.guardian.close()
        self.guardian.destroy_node()
        self.executor.shutdown()
        self.peer.destroy_node()
        self.context.shutdown()
        self.twin.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()
    assert not made.strange, 'nothing but zeros'


def test_a_chassis_left_moving_gets_zeros_until_somebody_drives_again(bench):
    bench.spin(0.3, bench.drive)
    last = time.monotonic()
    assert not bench.zeros, 'a driven chassis is left alone'
    bench.wait(lambda: len(bench.zeros) >= 20)
    assert bench.zeros[0] - last > 0.1, 'not before the silence'
    bench.spin(0.2, bench.drive)
    count = len(bench.zeros)
    bench.spin(0.1, bench.drive)
    assert len(bench.zeros) == count


def test_a_zero_of_somebody_else_leaves_nothing_to_do(bench):
    bench.drive()
    bench.drive(ZERO)
    bench.spin(0.4)
    assert not bench.zeros


def test_a_guardian_that_can_not_reach_the_chassis_is_silent_but_for_a_stop(bench):
    bench.twin.mute(True)
    bench.wait(lambda: any('no answer' in m.status[0].message for m in bench.facts))
    assert bench.facts[-1].status[0].values[0].value == 'false'
    bench.spin(0.1)
    bench.beats.clear()
    bench.spin(0.3)
    assert not bench.beats
    bench.wait(bench.stop.service_is_ready)
    answer = bench.stop.call_async(Trigger.Request())
    bench.wait(lambda: answer.done() and len(bench.beats) > 3)
    assert all(beat.estop for beat in bench.beats)


def test_zeros_go_out_when_the_link_is_back_however_long_it_was_gone(bench):
    # Longer than it takes to notice the loss, and shorter than the link will be gone.
    bench.guardian._rules = GuardianRules(keep_sending_ns=1_200_000_000)
    bench.drive()
    bench.twin.mute(True)
    bench.wait(lambda: not bench.guardian._chassis.connected())
    bench.spin(1.5)
    assert not bench.zeros
    bench.twin.mute(False)
    bench.wait(bench.guardian._chassis.connected)
    bench.zeros.clear()  # what the twin's computer had already received before it fell silent
    bench.wait(lambda: len(bench.zeros) > 3)


def test_closing_leaves_a_moving_chassis_standing(bench):
    bench.drive()
    bench.wait(lambda: bench.guardian._watch.moving)
    bench.guardian.close()
    bench.wait(lambda: bench.zeros)


def test_a_guardian_of_a_ros_2_robot_loads_no_websocket():
    code = 'import sys, hvd_ros.nodes.guardian_node; print("websocket" in sys.modules)'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout == 'False\n'
