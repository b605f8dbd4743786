# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The hands that hold the simulated leader: the only way in which a scripted operator acts."""

from rclpy.node import Node
from sensor_msgs.msg import JointState, Joy

from hvd_ros.core.leader.buttons import to_levels
from hvd_ros.core.leader.motors import LEADER_JOINTS
from hvd_ros.core.robot.body import Array
from hvd_ros.nodes.shell import qos
from hvd_ros.sim.operator_script import REST, Sticks

JOINTS = tuple(joint.name for joint in LEADER_JOINTS)


class Hands:
    """Holds the simulated leader; each call is what the hands do from now on."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._hand = node.create_publisher(JointState, 'sim_joylo/hand', qos.STATE)
        self._pads = node.create_publisher(Joy, 'sim_joylo/pads', qos.STATE)

    def move(self, q: Array) -> None:
        """Go to leader joint angles (J,) [rad], in the order of JOINTS."""
        message = JointState(name=list(JOINTS), position=[float(x) for x in q])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._hand.publish(message)

    def push(self, pressed: frozenset[str] = frozenset(), sticks: Sticks = REST) -> None:
        """Hold buttons and sticks; must be repeated, or the twin lets go after half a second."""
        message = Joy(axes=list(sticks), buttons=to_levels(pressed))
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._pads.publish(message)
