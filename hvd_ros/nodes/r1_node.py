# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Our command to the robot, the robot's feedback to us; over ROS 2 topics or rosbridge.

A command goes out within 2 ms of its arrival. When commands stop for 100 ms the joints are
left alone (the vendor's trackers stop by themselves) and the chassis, which would repeat its last
target for ever, is told zero until commands are back.
"""

from collections.abc import Callable
from dataclasses import dataclass
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from hvd_msgs.msg import RobotHealth, WholeBodyCommand
from nav_msgs.msg import Odometry
import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState

from hvd_ros.core.config import param
from hvd_ros.core.errors import CommandRejected
from hvd_ros.core.reasons import EXPLANATION
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.odometry import Odometer
from hvd_ros.core.safety.one_writer import OneWriter
from hvd_ros.core.vendor.health import VendorStatus, health
from hvd_ros.core.vendor.intake import Intake
from hvd_ros.core.vendor.streams import Wiring, standstill
from hvd_ros.drivers.robot.link import LinkReport, RobotLink
from hvd_ros.drivers.robot.rosbridge_link import RosbridgeLink
from hvd_ros.nodes.r1 import messages as r1_messages
from hvd_ros.nodes.r1.topics import TopicsConfig, TopicsLink
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.priority import go_first
from hvd_ros.nodes.shell.run import run
from hvd_ros.nodes.shell.tick import Tick

TICK_S = 0.01
# A command waits at most 2 ms: looking for it costs less than being woken by it.
LOOKS_PER_TICK = 5
# Zeros, limits and status need no 100 Hz.
SLOW_TICKS = 10


@dataclass(frozen=True)
class R1Config(TopicsConfig):
    """Parameters of the r1 node."""

    robot: str = param('r1', 'Robot description: a name or the path of a YAML file.')
    transport: str = param(
        'topics',
        'How the robot is reached: ROS 2 topics, or rosbridge for a ROS 1 robot.',
        choices=('topics', 'rosbridge'),
    )
    rosbridge_host: str = param('127.0.0.1', 'Host of the rosbridge server.')
    rosbridge_port: int = param(9090, 'Port of the rosbridge server.', low=1, high=65535)
    command_timeout_s: float = param(
        0.1, 'Oldest command that still drives the base.', low=0.02, high=0.5
    )
    feedback_timeout_s: float = param(
        0.1, 'Oldest vendor feedback that still makes a joint state.', low=0.02, high=1.0
    )
    acceleration_x: float = param(2.0, 'Chassis limit [m/s^2].', low=0.1, high=2.5)
    acceleration_y: float = param(1.0, 'Chassis limit [m/s^2].', low=0.1, high=1.0)
    acceleration_yaw: float = param(1.0, 'Chassis limit [rad/s^2].', low=0.1, high=3.0)


class R1Node(Node):  # type: ignore[misc]
    """The robot as the rest of the graph sees it."""

    def __init__(self, **options: Any) -> None:
        super().__init__('r1', **options)
        self._config = config = declare(self, R1Config)
        body = load_body(config.robot)
        self._wiring = Wiring(body)
        self._intake = Intake(self._wiring, int(config.feedback_timeout_s * 1e9))
        self._odometer = Odometer()
        self._link = self._make_link()
        self._report = LinkReport({}, VendorStatus(), False, 'starting')
        self._command_ns = 0  # steady; 0: no command since start
        self._mux = OneWriter(int(config.command_timeout_s * 1e9))
        self._senders = 1  # of `command`; a bag played beside us makes it two
        self._refused, self._last_refusal = 0, ''
        self._writers: list[str] = []
        self._looks = self._ticks = 0
        self._closed = False
        self._joints = self.create_publisher(JointState, 'joint_states', qos.STATE)
        self._odom = self.create_publisher(Odometry, 'odom', qos.STATE)
        self._health = self.create_publisher(RobotHealth, 'robot_health', qos.STATE)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', qos.EVENTS)
        self._tf = self._make_tf()
        self._commands = Latest(self, WholeBodyCommand, 'command', qos.COMMAND)
        self._link.open()
        self.tick = Tick(self, TICK_S / LOOKS_PER_TICK, self._on_look)

    def close(self) -> None:
        """Leave the base standing; the vendor's trackers hold the joints."""
        if not self._closed:
            self._closed = True
            self._link.close()

    def _make_link(self) -> RobotLink:
        c = self._config
        if c.transport == 'topics':
            return TopicsLink(self, c)
        return RosbridgeLink(
            c.rosbridge_host, c.rosbridge_port, c.vendor_prefix or '/', c.controller_topic
        )

    def _make_tf(self) -> Callable[[Odometry], None] | None:
        made = r1_messages.transform_publisher(self)
        if made is None:
            self.get_logger().info('tf2_msgs is not installed: odom -> base_link is not on /tf')
        return made

    # Commands out

    def _on_command(self, message: WholeBodyCommand) -> None:
        stamp = message.header.stamp
        stamp_ns = stamp.sec * 1_000_000_000 + stamp.nanosec
        try:
            self._check_age(stamp_ns)
            self._check_sender(message.seq)
            self._link.send(
                self._wiring.split(
                    np.asarray(message.values), message.layout_id, stamp_ns, message.engaged
                )
            )
        except CommandRejected as error:
            self._refused += 1
            self._last_refusal = str(error)
            self.get_logger().warning(f'command refused: {error}', throttle_duration_sec=1.0)
            return
        self._command_ns = time.monotonic_ns()

    def _check_age(self, stamp_ns: int) -> None:
        # What waited in the queue while this process was stopped is not a command any more.
        age_s = (self.get_clock().now().nanoseconds - stamp_ns) / 1e9
        allowed_s = self._config.command_timeout_s
        if age_s > allowed_s:
            raise CommandRejected(
                f'old_stamp: command is {age_s:.3f} s old, allowed {allowed_s} s; this computer '
                'is too busy, or the clocks of two computers differ: hvd doctor'
            )

    def _check_sender(self, seq: int) -> None:
        reason = self._mux.check(seq, time.monotonic_ns(), self._senders)
        if reason:
            text, fix = EXPLANATION[reason]
            raise CommandRejected(f'{reason}: {text}; {fix}')

    def _stop_when_silent(self) -> None:
        age_ns = time.monotonic_ns() - self._command_ns
        if age_ns > self._config.command_timeout_s * 1e9:
            self._link.send(standstill(self.get_clock().now().nanoseconds))

    # Feedback in

    def _on_look(self) -> None:
        command = self._commands.take()
        if command is not None:
            self._on_command(command)
        self._looks += 1
        if self._looks % LOOKS_PER_TICK == 0:
            self._on_tick()

    def _on_tick(self) -> None:
        self._ticks += 1
        self._stop_when_silent()
        self._report = self._link.read()
        for stream, messages in self._report.feedback.items():
            for m in messages:
                reading = self._intake.offer(
                    stream, m.stamp_ns, m.received_ns, m.position, m.velocity, m.effort
                )
                if reading is not None and stream == 'chassis':
                    self._odometer.update(
                        m.stamp_ns or m.received_ns, reading.position, reading.velocity
                    )
        self._publish_state()
        if self._ticks % SLOW_TICKS == 0:
            self._on_slow_tick()

    def _publish_state(self) -> None:
        now_ns = time.monotonic_ns()
        now = self.get_clock().now()
        joints = self._intake.joints(now_ns)
        if joints is not None:
            self._joints.publish(r1_messages.joint_state(joints, self._odometer, now))
        if self._intake.fresh('chassis', now_ns):
            odometry = r1_messages.odometry(self._odometer, now)
            self._odom.publish(odometry)
            if self._tf is not None:
                self._tf(odometry)

    def _on_slow_tick(self) -> None:
        c = self._config
        self._senders = self.count_publishers(self._commands.topic)
        self._link.limit_acceleration((c.acceleration_x, c.acceleration_y, c.acceleration_yaw))
        second = self._ticks % (10 * SLOW_TICKS) == 0
        if second:
            self._writers = self._link.second_writers()
        now_ns = time.monotonic_ns()
        judged = health(
            self._report.status,
            connected=self._report.connected,
            chassis_heard=self._intake.fresh('chassis', now_ns),
        )
        faults = [*judged.faults, *(f'two_writers: {who}' for who in self._writers)]
        if self._senders > 1:
            faults.append(f'two_writers: {self._senders} nodes publish the command')
        now = self.get_clock().now()
        self._health.publish(
            r1_messages.robot_health(judged, faults, self._intake.age_s(now_ns), now)
        )
        if second:
            self._diagnostics.publish(r1_messages.diagnostics(self._facts(faults, now_ns), now))

    def _facts(self, faults: list[str], now_ns: int) -> r1_messages.Facts:
        report = self._report
        return r1_messages.Facts(
            link=report.detail if not report.connected else '',
            complaint=report.detail if report.connected else '',
            silent=self._intake.silent(now_ns),
            faults=faults,
            values={
                'transport': self._config.transport,
                'reconnects': str(report.reconnects),
                'commands refused': str(self._refused),
                'last refused command': self._last_refusal,
                'feedback refused': str(dict(self._intake.refused)),
                'last refused feedback': self._intake.last_refusal,
                'odometry gaps': str(self._odometer.gaps),
            },
        )


def main() -> None:
    """Run the node."""
    run(R1Node, claim=go_first)
