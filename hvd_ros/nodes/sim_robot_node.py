# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The robot's twin: the vendor's ROS 2 topics, played from physics in real time.

Targets are polled, not waited for, and subscribed BEST_EFFORT as the real software does. Renders
nothing and publishes no clock.
"""

import array
from dataclasses import dataclass
import time
from typing import Any

from hvd_msgs.msg import HdasBms, HdasControllerSignal, HdasError, HdasFeedbackStatus
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float32

from hvd_ros.core.config import param
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.vendor.streams import GRIPPERS, STREAMS
from hvd_ros.nodes.r1.topics import (
    ACCELERATION_LIMIT,
    CHASSIS_SPEED,
    CHASSIS_TARGET,
    JOINT_TARGETS,
    STROKE_TARGETS,
    TWISTS,
    TargetsConfig,
)
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.priority import NICE_TWIN, go_before
from hvd_ros.nodes.shell.run import run
from hvd_ros.nodes.shell.tick import Tick
from hvd_ros.nodes.twin.face import TwinFace
from hvd_ros.sim.tasks.setting import SETTINGS
from hvd_ros.sim.vendor_side import PLACES, VendorSide

STATUS_PERIOD_NS = 100_000_000


@dataclass(frozen=True)
class SimRobotConfig(TargetsConfig):
    """Parameters of the twin; topic types must equal those of the r1 node."""

    robot: str = param('r1', 'Robot description: a name or the path of a YAML file.')
    scene: str = param('floor', 'Where the robot stands: a room, or a task.', choices=PLACES)
    seed: int = param(0, 'Which episode of a task; the same as hvd sim has.', low=0)
    setting: str = param(
        'usual', 'Setting of a task: usual, or perturbed.', choices=tuple(SETTINGS)
    )
    feedback_hz: float = param(
        200.0, 'Rate of every feedback stream (the real torso: 488).', low=20.0, high=500.0
    )


class SimRobotNode(Node):  # type: ignore[misc]
    """The vendor's side of the wire."""

    def __init__(self, **options: Any) -> None:
        super().__init__('sim_robot', **options)
        self._config = config = declare(self, SimRobotConfig)
        self._side = VendorSide(
            load_body(config.robot),
            scene=config.scene,
            seed=config.seed,
            setting=config.setting,
        )
        self._make_inputs()
        self._make_outputs()
        self._face = TwinFace(self, self._side, config.robot)
        self._status_ns = 0
        self.tick = Tick(self, 1.0 / config.feedback_hz, self._on_tick)

    def close(self) -> None:
        """Take the state away; a simulated robot falls on nobody."""
        self._face.close()

    def _make_inputs(self) -> None:
        c = self._config
        stroke, stroke_topic = STROKE_TARGETS[c.gripper_type]
        self._targets = {s: self._latest(JointState, t) for s, t in JOINT_TARGETS.items()}
        self._targets |= {s: self._latest(stroke, stroke_topic.format(s)) for s in GRIPPERS}
        self._targets['chassis'] = self._latest(TWISTS[c.chassis_type], CHASSIS_TARGET)
        self._acceleration = self._latest(TWISTS[c.acceleration_type], ACCELERATION_LIMIT)

    def _make_outputs(self) -> None:
        c = self._config
        self._feedback = {s: self._say(JointState, f'hdas/feedback_{s}') for s in STREAMS}
        self._samples = {s: JointState() for s in STREAMS}
        self._status = {
            s: self._say(HdasFeedbackStatus, f'hdas/feedback_status_{s}') for s in STREAMS
        }
        self._bms = self._say(HdasBms, 'hdas/bms')
        self._controller = self._say(HdasControllerSignal, c.controller_topic)
        self._speed = self._say(TWISTS[c.chassis_type], CHASSIS_SPEED)

    def _latest(self, kind: type, topic: str) -> Latest[Any]:
        return Latest(self, kind, self._config.vendor_prefix + topic, qos.STATE)

    def _say(self, kind: type, topic: str) -> Any:
        return self.create_publisher(kind, self._config.vendor_prefix + topic, qos.STATE)

    def _on_tick(self) -> None:
        now_ns = time.monotonic_ns()
        self._hear(now_ns)
        self._face.advance(now_ns)
        stamp_ns = self.get_clock().now().nanoseconds
        for stream in STREAMS:
            self._publish_feedback(stream, stamp_ns, now_ns)
        if now_ns - self._status_ns >= STATUS_PERIOD_NS:
            self._status_ns = now_ns
            self._publish_status(now_ns)

    def _hear(self, now_ns: int) -> None:
        for message in self._acceleration.drain():
            self._side.on_acceleration(_xyw(message), now_ns)
        for stream, latest in self._targets.items():
            for message in latest.drain():
                self._side.on_target(stream, _values(message), now_ns)

    def _publish_feedback(self, stream: str, stamp_ns: int, now_ns: int) -> None:
        message = self._samples[stream]
        for sample in self._side.feedback(stream, stamp_ns, now_ns):
            stamp = message.header.stamp
            stamp.sec, stamp.nanosec = divmod(sample.stamp_ns, 1_000_000_000)
            message.position = array.array('d', sample.position)
            message.velocity = array.array('d', sample.velocity)
            message.effort = array.array('d', sample.effort)
            self._feedback[stream].publish(message)

    def _publish_status(self, now_ns: int) -> None:
        side = self._side
        side.speed_listeners = self._speed.get_subscription_count()
        stamp = self.get_clock().now().to_msg()
        if not side.dial.cut('bms', now_ns):
            bms = HdasBms()
            bms.header.stamp = stamp
            bms.capital, bms.voltage = side.battery(now_ns)
            self._bms.publish(bms)
        if not side.dial.cut('controller', now_ns):
            signal = HdasControllerSignal()
            signal.header.stamp = stamp
            signal.mode = side.controller_mode(now_ns)
            self._controller.publish(signal)
        for stream, publisher in self._status.items():
            if not side.dial.cut(stream, now_ns):
                publisher.publish(_status(side.errors(stream, now_ns), stamp))


def _status(errors: list[tuple[str, int, str]], stamp: Any) -> HdasFeedbackStatus:
    message = HdasFeedbackStatus()
    message.header.stamp = stamp
    message.errors = [
        HdasError(name=name, error_code=code, error_description=[text])
        for name, code, text in errors
    ]
    return message


def _values(message: Any) -> list[float]:
    if isinstance(message, JointState):
        return list(message.position)
    if isinstance(message, Float32):
        return [message.data]
    return list(_xyw(message))


def _xyw(message: Any) -> tuple[float, float, float]:
    twist = getattr(message, 'twist', message)
    return twist.linear.x, twist.linear.y, twist.angular.z


def main() -> None:
    """Run the node."""
    run(SimRobotNode, claim=lambda: go_before(NICE_TWIN))
