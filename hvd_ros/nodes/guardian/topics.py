# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The chassis topic of a ROS 2 robot, as the guardian sees it."""

from collections import deque

from geometry_msgs.msg import Twist, TwistStamped
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest

TYPES = {'twist_stamped': TwistStamped, 'twist': Twist}


class TopicsChassis:
    """A ChassisTopic over DDS, where every message says when it was sent."""

    def __init__(self, node: Node, topic: str, kind: str) -> None:
        self._node, self._topic = node, topic
        self._stamped = kind == 'twist_stamped'
        self._zero = TYPES[kind]()
        # When we published: a zero that was sent in one of these moments is our own echo.
        self._own: deque[tuple[int, int]] = deque(maxlen=16)
        self._system = Clock(clock_type=ClockType.SYSTEM_TIME)
        self._targets = Latest(node, TYPES[kind], topic, qos.STATE)
        self._zeros = node.create_publisher(TYPES[kind], topic, qos.COMMAND)

    def heard(self) -> list[bool]:
        """Return of each target that others sent since the last call whether it moves."""
        found = []
        for message, sent_ns in self._targets.drain_stamped():
            moving = _moves(message.twist if self._stamped else message)
            if moving or not self._is_own(sent_ns):
                found.append(moving)
        return found

    def send_zero(self) -> bool:
        """Publish a zero."""
        if self._stamped:
            self._zero.header.stamp = self._node.get_clock().now().to_msg()
        begin = self._system.now().nanoseconds
        self._zeros.publish(self._zero)
        self._own.append((begin, self._system.now().nanoseconds))
        return True

    def connected(self) -> bool:
        """Tell that DDS has no connection that could be down."""
        return True

    def detail(self) -> str:
        """Return nothing: nobody complains."""
        return ''

    def others(self) -> int:
        """Return how many publish the target besides us."""
        return int(self._node.count_publishers(self._topic)) - 1

    def close(self) -> None:
        """Do nothing: the node owns the publisher."""

    def _is_own(self, sent_ns: int) -> bool:
        return any(begin <= sent_ns <= end for begin, end in self._own)


def _moves(twist: Twist) -> bool:
    # Not "greater than zero": NaN must count as motion.
    linear, angular = twist.linear, twist.angular
    return any(
        value != 0.0 for value in (linear.x, linear.y, linear.z, angular.x, angular.y, angular.z)
    )
