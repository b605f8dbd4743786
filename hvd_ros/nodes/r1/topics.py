# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The R1 over ROS 2 topics (the R1 Pro and R1 Lite software, and our twin).

Sources disagree about some message types, so those are parameters; the vendor's own package is
imported by name and only if it is asked for.
"""

import array
from dataclasses import dataclass
import importlib
import time
from typing import Any

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float32

from hvd_ros.core.config import param
from hvd_ros.core.errors import ConfigError
from hvd_ros.core.vendor.health import Trouble
from hvd_ros.core.vendor.streams import ARMS, GRIPPERS, STREAMS, VendorTargets
from hvd_ros.drivers.robot.link import Feedback, LinkReport, StatusBoard
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest

JOINT_TARGETS = {s: f'motion_target/target_joint_state_{s}' for s in (*ARMS, 'torso')}
CHASSIS_TARGET = 'motion_target/target_speed_chassis'
ACCELERATION_LIMIT = 'motion_target/chassis_acc_limit'
CHASSIS_SPEED = 'motion_control/chassis_speed'
TWISTS = {'twist_stamped': TwistStamped, 'twist': Twist}
# Where the gripper target goes depends on its type: the ROS 2 software renamed it.
STROKE_TARGETS = {
    'joint_state': (JointState, 'motion_target/target_position_{}'),
    'float32': (Float32, 'motion_control/position_control_{}'),
}
# These nodes of ours may write beside r1: the guardian sends zeros to the chassis.
# Battery, remote control and faults change slowly; ten looks a second are enough.
READS_PER_STATUS = 10
FELLOW_WRITERS = {CHASSIS_TARGET: ('guardian',)}


@dataclass(frozen=True)
class TargetsConfig:
    """Names and types on which robots of the family differ; twin and r1 must agree."""

    vendor_prefix: str = param('', "Before every vendor topic: '/' on the robot, empty: the twin.")
    chassis_type: str = param(
        'twist_stamped', 'Type of chassis target and speed.', choices=tuple(TWISTS)
    )
    acceleration_type: str = param(
        'twist_stamped', 'Type of the chassis acceleration limit.', choices=tuple(TWISTS)
    )
    gripper_type: str = param(
        'joint_state', 'Type, and with it topic, of the grippers.', choices=tuple(STROKE_TARGETS)
    )
    controller_topic: str = param('controller', 'Remote control; some firmware: hdas/controller.')


@dataclass(frozen=True)
class TopicsConfig(TargetsConfig):
    """With the types of the status topics, which are the vendor's own."""

    bms_type: str = param('hvd_msgs/msg/HdasBms', 'Battery; robot: hdas_msg/msg/Bms.')
    status_type: str = param(
        'hvd_msgs/msg/HdasFeedbackStatus', 'Faults; robot: hdas_msg/msg/FeedbackStatus.'
    )
    controller_type: str = param(
        'hvd_msgs/msg/HdasControllerSignal',
        'Remote control; robot: hdas_msg/msg/ControllerSignalStamped.',
    )


def message_type(name: str) -> type:
    """Import a message type by its full name, or say what is missing."""
    package, _, kind = name.partition('/msg/')
    try:
        module = importlib.import_module(f'{package}.msg')
    except ImportError:
        raise ConfigError(
            f"message type '{name}': package '{package}' is not installed here; build it into "
            'your workspace, or take the stand-in of hvd_msgs if this is the twin'
        ) from None
    found = getattr(module, kind, None)
    if not isinstance(found, type):
        raise ConfigError(f"message type '{name}': '{package}' has no message '{kind}'")
    return found


class TopicsLink:
    """A RobotLink over ROS 2 topics; read() polls, nothing wakes the executor."""

    def __init__(self, node: Node, config: TopicsConfig) -> None:
        self._node, self._prefix = node, config.vendor_prefix
        self._board = StatusBoard()
        self._reads = 0
        self._heard_ns = 0
        self._closed = False
        bms, status, controller = (
            message_type(n) for n in (config.bms_type, config.status_type, config.controller_type)
        )
        twist = TWISTS[config.chassis_type]
        self._chassis = self._target(twist, CHASSIS_TARGET)
        self._acceleration = self._target(TWISTS[config.acceleration_type], ACCELERATION_LIMIT)
        self._joints = {s: self._target(JointState, t) for s, t in JOINT_TARGETS.items()}
        stroke, topic = STROKE_TARGETS[config.gripper_type]
        self._strokes = {s: self._target(stroke, topic.format(s)) for s in GRIPPERS}
        # Wheels are integrated, so every message counts; of the others only the newest.
        self._feedback = {
            s: self._latest(
                JointState, f'hdas/feedback_{s}', qos.STATE if s == 'chassis' else qos.SENSOR
            )
            for s in STREAMS
        }
        self._trouble = {
            s: self._latest(status, f'hdas/feedback_status_{s}', qos.SENSOR) for s in STREAMS
        }
        self._bms = self._latest(bms, 'hdas/bms', qos.SENSOR)
        self._controller = self._latest(controller, config.controller_topic, qos.SENSOR)
        # The chassis moves only while somebody listens to its speed.
        self._speed = self._latest(twist, CHASSIS_SPEED, qos.SENSOR)

    def open(self) -> None:
        """Nothing to wait for: discovery runs by itself."""

    def send(self, targets: VendorTargets) -> None:
        """Publish the base first, then joints and grippers, as the vendor's own code does."""
        stamp = Time(
            sec=targets.stamp_ns // 1_000_000_000, nanosec=targets.stamp_ns % 1_000_000_000
        )
        _publish_twist(self._chassis, targets.base, stamp)
        for stream, values in targets.joints.items():
            _publish_joints(self._joints[stream], values.tobytes(), stamp)
        for stream, stroke_mm in targets.strokes_mm.items():
            publisher = self._strokes[stream]
            if publisher.msg_type is Float32:
                publisher.publish(Float32(data=stroke_mm))
            else:
                _publish_joints(publisher, array.array('d', (stroke_mm,)).tobytes(), stamp)

    def limit_acceleration(self, xyw: tuple[float, float, float]) -> None:
        """Publish the chassis acceleration limits."""
        _publish_twist(self._acceleration, xyw, self._node.get_clock().now().to_msg())

    def read(self) -> LinkReport:
        """Take what arrived since the last read."""
        feedback = {}
        for stream, latest in self._feedback.items():
            messages = latest.drain()
            if messages:
                self._heard_ns = latest.received_ns
                feedback[stream] = [_feedback(m, latest.received_ns) for m in messages]
        self._reads += 1
        if self._reads % READS_PER_STATUS == 0:
            self._read_status()
        now_ns = time.monotonic_ns()
        connected = now_ns - self._heard_ns < 1_000_000_000
        detail = '' if connected else f'no feedback on {self._prefix}hdas/feedback_*'
        return LinkReport(feedback, self._board.status(now_ns), connected, detail)

    def second_writers(self) -> list[str]:
        """Name other nodes that publish on a target topic."""
        found = []
        publishers = [*self._joints.values(), *self._strokes.values(), self._chassis]
        ours = (self._node.get_namespace(), self._node.get_name())
        for publisher in publishers:
            topic = publisher.topic_name
            fellows = FELLOW_WRITERS[CHASSIS_TARGET] if publisher is self._chassis else ()
            for info in self._node.get_publishers_info_by_topic(topic):
                who = (info.node_namespace, info.node_name)
                if who != ours and not (who[0] == ours[0] and who[1] in fellows):
                    found.append(f'{topic} is also written by {who[0].rstrip("/")}/{who[1]}')
        return found

    def close(self) -> None:
        """Send zeros to the chassis."""
        if not self._closed:
            self._closed = True
            _publish_twist(self._chassis, (0.0, 0.0, 0.0), self._node.get_clock().now().to_msg())

    def _target(self, kind: type, topic: str) -> Any:
        return self._node.create_publisher(kind, self._prefix + topic, qos.COMMAND)

    def _latest(self, kind: type, topic: str, profile: Any) -> Latest[Any]:
        return Latest(self._node, kind, self._prefix + topic, profile)

    def _read_status(self) -> None:
        bms = self._bms.take()
        if bms is not None:
            self._board.battery(bms.capital, bms.voltage, self._bms.received_ns)
        signal = self._controller.take()
        if signal is not None:
            # The stamped kind of some firmware wraps the signal.
            mode = getattr(signal, 'data', signal).mode
            self._board.mode(int(mode), self._controller.received_ns)
        for part, latest in self._trouble.items():
            status = latest.take()
            if status is not None:
                self._board.trouble(part, _entries(part, status), latest.received_ns)


def _publish_twist(publisher: Any, xyw: tuple[float, float, float], stamp: Time) -> None:
    twist = Twist()
    twist.linear.x, twist.linear.y, twist.angular.z = xyw
    if publisher.msg_type is Twist:
        publisher.publish(twist)
        return
    stamped = TwistStamped(twist=twist)
    stamped.header.stamp = stamp
    stamped.header.frame_id = 'base_link'
    publisher.publish(stamped)


def _publish_joints(publisher: Any, position: bytes, stamp: Time) -> None:
    # Velocity stays empty: the vendor reads it as a speed limit of its own.
    message = JointState()
    message.header.stamp = stamp
    message.position = array.array('d', position)
    publisher.publish(message)


def _feedback(message: JointState, received_ns: int) -> Feedback:
    stamp = message.header.stamp
    stamp_ns = stamp.sec * 1_000_000_000 + stamp.nanosec
    return Feedback(stamp_ns, received_ns, message.position, message.velocity, message.effort)


def _entries(part: str, status: Any) -> tuple[Trouble, ...]:
    return tuple(
        Trouble(part, e.name, int(e.error_code), tuple(e.error_description)) for e in status.errors
    )
