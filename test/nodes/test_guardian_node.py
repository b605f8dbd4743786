# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The guardian over real DDS: zeros when abandoned, a latch that outlives the process."""

import json
import os
from pathlib import Path
import time

import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip('rclpy')

from geometry_msgs.msg import Twist, TwistStamped  # noqa: E402
from hvd_msgs.msg import Heartbeat  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from hvd_ros.nodes.guardian_node import GuardianConfig, GuardianNode  # noqa: E402
from hvd_ros.nodes.r1.topics import CHASSIS_TARGET  # noqa: E402
from hvd_ros.nodes.shell import qos  # noqa: E402


class Bench:
    """A guardian, and a peer that plays the mux, the driver of the chassis and the chassis."""

    def __init__(self, kind=TwistStamped, **parameters):
        self.kind = kind
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.peer = rclpy.create_node('peer', context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.peer)
        self.parameters = [Parameter(k, value=v) for k, v in parameters.items()]
        self.guardian = None
        self.start()
        self.chassis, self.beats = [], []
        peer = self.peer
        peer.create_subscription(kind, CHASSIS_TARGET, self.on_chassis, qos.EVENTS)
        peer.create_subscription(Heartbeat, 'guardian/heartbeat', self.beats.append, qos.COMMAND)
        self.drive = peer.create_publisher(kind, CHASSIS_TARGET, qos.COMMAND)
        self.mux = peer.create_publisher(Heartbeat, 'mux/heartbeat', qos.COMMAND)
        self.services = {
            name: peer.create_client(Trigger, f'estop/{name}') for name in ('trigger', 'reset')
        }
        self.wait(lambda: self.beats and self.mux.get_subscription_count() > 0)
        self.wait(lambda: self.drive.get_subscription_count() > 1)

    def start(self):
        self.guardian = GuardianNode(context=self.context, parameter_overrides=self.parameters)
        self.executor.add_node(self.guardian)

    def stop(self):
        self.executor.remove_node(self.guardian)
        self.guardian.close()
        self.guardian.destroy_node()

    def close(self):
        self.stop()
        self.executor.shutdown()
        self.peer.destroy_node()
        self.context.shutdown()

    def on_chassis(self, message):
        twist = message if self.kind is Twist else message.twist
        self.chassis.append((time.monotonic(), twist.linear.x))

    def wait(self, condition, each=lambda: None, patience_s=20.0):
        """Spin until it happens; call each at the pace of a driver meanwhile."""
        end, due = time.monotonic() + patience_s, 0.0
        while not condition():
            assert time.monotonic() < end, 'it did not happen'
            if time.monotonic() >= due:
                each()
                due = time.monotonic() + 0.02
            self.executor.spin_once(timeout_sec=0.005)

    def spin(self, seconds, each=lambda: None):
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() >= end, each)

    def send(self, speed):
        message = self.kind()
        (message if self.kind is Twist else message.twist).linear.x = speed
        self.drive.publish(message)

    def beat(self, estop=False, epoch=0):
        self.mux.publish(Heartbeat(estop=estop, epoch=epoch, reason='estop_button' * estop))

    def zeros(self):
        return sum(1 for _, speed in self.chassis if speed == 0.0)

    def call(self, name):
        self.wait(self.services[name].service_is_ready)
        future = self.services[name].call_async(Trigger.Request())
        self.wait(future.done)
        return future.result()


@pytest.fixture
def bench():
    made = Bench()
    yield made
    made.close()


def test_the_topic_is_the_one_that_r1_writes():
    assert GuardianConfig().chassis_topic == CHASSIS_TARGET


@pytest.mark.parametrize('kind', [TwistStamped, Twist])
def test_a_chassis_left_moving_gets_zeros(kind):
    bench = Bench(kind, chassis_type='twist' if kind is Twist else 'twist_stamped')
    try:
        bench.send(0.2)
        bench.wait(lambda: bench.zeros() >= 10)
        first = next(at for at, speed in bench.chassis if speed == 0.0)
        assert first - bench.chassis[0][0] >= 0.12, 'not before the silence'
        assert all(speed in (0.0, 0.2) for _, speed in bench.chassis), 'nothing but zeros'
    finally:
        bench.close()


def test_its_own_zeros_are_not_taken_for_another_driver(bench):
    bench.send(0.2)
    bench.wait(lambda: bench.zeros() >= 3)
    count = bench.zeros()
    bench.wait(lambda: bench.zeros() >= count + 40, patience_s=20.0)


def test_somebody_elses_zero_ends_its_zeros(bench):
    bench.send(0.2)
    bench.wait(lambda: bench.zeros() >= 3)
    bench.send(0.0)
    bench.spin(0.3)
    count = bench.zeros()
    bench.spin(0.5)
    assert bench.zeros() == count


def test_a_driven_chassis_is_left_alone_and_a_dead_mux_is_not(bench):
    def alive():
        bench.beat()
        bench.send(0.2)

    bench.spin(1.0, alive)
    count = bench.zeros()
    bench.wait(lambda: bench.zeros() > count + 3, lambda: bench.send(0.2))


def test_the_latch_survives_a_restart_until_it_is_reset(bench):
    bench.wait(lambda: bench.beats[-1].estop, lambda: bench.beat(estop=True))
    assert bench.beats[-1].reason == 'estop_button'
    bench.stop()
    bench.start()
    bench.beats.clear()
    bench.wait(lambda: len(bench.beats) > 3)
    assert all(beat.estop for beat in bench.beats)
    assert bench.call('reset').success
    bench.beats.clear()
    bench.wait(lambda: bool(bench.beats) and not bench.beats[-1].estop)
    assert bench.beats[-1].epoch == 1
    bench.beat(estop=True, epoch=0)
    bench.spin(0.3)
    assert not bench.beats[-1].estop, 'a stop from before the reset is over'


def test_the_service_latches_and_a_moving_chassis_is_stopped_at_once(bench):
    assert bench.call('trigger').success
    latch = json.loads(Path(os.environ['HVD_STATE_DIR'], 'estop.json').read_text())
    assert latch['/']['latched'] is True
    bench.wait(lambda: bench.zeros() > 2, lambda: bench.send(0.2))


def test_a_reset_that_can_not_be_written_is_refused(bench, monkeypatch):
    assert bench.call('trigger').success

    def full(*args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('hvd_ros.nodes.guardian_node.save_latch', full)
    answer = bench.call('reset')
    assert not answer.success and 'No space left' in answer.message
    bench.spin(0.2)
    assert bench.beats[-1].estop


def test_a_nan_speed_counts_as_motion(bench):
    bench.send(float('nan'))
    bench.wait(lambda: bench.zeros() >= 3)
