# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the r1 node publishes, made from core types.

Arrays are handed over as bytes: rclpy checks a list element by element, which at 100 Hz costs more
than everything else in the node.
"""

import array
from collections.abc import Callable
from dataclasses import dataclass
import math

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import TransformStamped
from hvd_msgs.msg import RobotHealth
from nav_msgs.msg import Odometry
import numpy as np
from rclpy.node import Node
from rclpy.time import Time
from sensor_msgs.msg import JointState

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.body import Array
from hvd_ros.core.robot.odometry import TWIST_SIGMA, Odometer
from hvd_ros.core.vendor.health import Health
from hvd_ros.core.vendor.streams import Joints
from hvd_ros.nodes.r1.topics import message_type
from hvd_ros.nodes.shell import qos

WHEEL_JOINTS = [f'{kind}_motor_joint{i}' for kind in ('steer', 'wheel') for i in (1, 2, 3)]
# The planar estimate says nothing of z, roll and pitch.
UNKNOWN = 1e6


def joint_state(joints: Joints, odometer: Odometer, now: Time) -> JointState:
    """Return the joint state, with the wheels once they were heard."""
    message = JointState()
    message.header.stamp = now.to_msg()
    message.name = list(joints.names)
    wheels: list[Array] = [np.zeros(0)] * 3
    if odometer.started:
        message.name += WHEEL_JOINTS
        still = np.zeros(3)
        wheels = [
            np.concatenate((odometer.steer, odometer.wheel_angle)),
            np.concatenate((still, odometer.wheel_rate)),
            np.zeros(6),
        ]
    columns = (joints.position, joints.velocity, joints.effort)
    for name, column, wheel in zip(
        ('position', 'velocity', 'effort'), columns, wheels, strict=True
    ):
        setattr(message, name, array.array('d', np.concatenate((column, wheel)).tobytes()))
    return message


def odometry(odometer: Odometer, now: Time) -> Odometry:
    """Return pose (odom) and twist (base_link) with their covariances."""
    message = Odometry()
    message.header.stamp = now.to_msg()
    message.header.frame_id, message.child_frame_id = 'odom', 'base_link'
    pose, twist = message.pose.pose, message.twist.twist
    pose.position.x, pose.position.y, yaw = odometer.pose
    pose.orientation.z, pose.orientation.w = math.sin(yaw / 2), math.cos(yaw / 2)
    twist.linear.x, twist.linear.y, twist.angular.z = odometer.twist
    position, heading = odometer.variance
    message.pose.covariance = _planar(position, heading)
    message.twist.covariance = _planar(TWIST_SIGMA**2, TWIST_SIGMA**2)
    return message


def _planar(position: float, heading: float) -> Array:
    return np.diag([position, position, UNKNOWN, UNKNOWN, UNKNOWN, heading]).ravel()


def transform_publisher(node: Node) -> Callable[[Odometry], None] | None:
    """Return what sends odom -> base_link on /tf, or None where tf2_msgs is not installed."""
    try:
        kind = message_type('tf2_msgs/msg/TFMessage')
    except ConfigError:
        return None
    publisher = node.create_publisher(kind, '/tf', qos.EVENTS)

    def send(odom: Odometry) -> None:
        transform = TransformStamped(header=odom.header, child_frame_id=odom.child_frame_id)
        pose = odom.pose.pose
        transform.transform.translation.x = pose.position.x
        transform.transform.translation.y = pose.position.y
        transform.transform.rotation = pose.orientation
        publisher.publish(kind(transforms=[transform]))

    return send


def robot_health(judged: Health, faults: list[str], age_s: float, now: Time) -> RobotHealth:
    """Return what the mux gates on; the R1 names hot motors but no temperatures."""
    message = RobotHealth()
    message.header.stamp = now.to_msg()
    message.battery_percent = judged.battery_percent
    message.battery_voltage = judged.battery_voltage
    message.temperature_c = math.nan
    message.base_ready, message.base_reason = judged.base_ready, judged.base_reason
    message.faults = faults
    message.feedback_age_s = age_s
    return message


@dataclass(frozen=True)
class Facts:
    """What the diagnostics say."""

    link: str  # why the robot is not reached
    complaint: str  # what the other side does not like
    silent: list[str]  # streams without fresh feedback
    faults: list[str]
    values: dict[str, str]


def diagnostics(facts: Facts, now: Time) -> DiagnosticArray:
    """Return one status: error when the robot is out of reach, warning when something is off."""
    status = DiagnosticStatus(name='r1', hardware_id='galaxea_r1')
    status.level, status.message = DiagnosticStatus.OK, 'ok'
    troubles = [*facts.faults, facts.complaint]
    if any(troubles):
        status.level, status.message = DiagnosticStatus.WARN, next(t for t in troubles if t)
    if facts.silent:
        status.level = DiagnosticStatus.ERROR
        status.message = f'no fresh feedback from {", ".join(facts.silent)}'
    if facts.link:
        status.level, status.message = DiagnosticStatus.ERROR, facts.link
    lines = facts.values | {f'fault {i}': line for i, line in enumerate(facts.faults, 1)}
    status.values = [KeyValue(key=key, value=value) for key, value in lines.items()]
    message = DiagnosticArray(status=[status])
    message.header.stamp = now.to_msg()
    return message
