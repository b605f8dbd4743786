# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the joylo node publishes, made from core types.

Each message object is made once: at 100 Hz, building names and checking lists costs more than the
mapping does.
"""

import array
from collections.abc import Mapping

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from hvd_msgs.msg import WholeBodyCommand
from sensor_msgs.msg import JointState, Joy

from hvd_ros.core.leader.buttons import to_levels
from hvd_ros.core.leader.tick import LeaderOutput
from hvd_ros.core.mux.command import Source
from hvd_ros.core.robot.body import Array, Body


class LeaderMessages:
    """The three streams of the leader, filled anew in every tick."""

    def __init__(self, body: Body, joints: tuple[str, ...]) -> None:
        self._command = WholeBodyCommand(source=int(Source.TELEOP), layout_id=body.layout_id)
        self._joints = JointState(name=list(joints))
        self._joy = Joy()

    def command(self, out: LeaderOutput, seq: int, stamp: Time) -> WholeBodyCommand:
        """Return what the leader asks for; the stamp is the time of its reading."""
        message = self._command
        message.header.stamp = stamp
        message.seq = seq & 0xFFFFFFFF
        message.engaged = out.engagement.engaged
        message.values = doubles(out.values)
        return message

    def joints(self, q: Array, dq: Array, stamp: Time) -> JointState:
        """Return where the leader's joints stand."""
        message = self._joints
        message.header.stamp = stamp
        message.position, message.velocity = doubles(q), doubles(dq)
        return message

    def joy(self, out: LeaderOutput, stamp: Time) -> Joy:
        """Return buttons and sticks; those of a pad that is not heard are zero."""
        message = self._joy
        message.header.stamp = stamp
        message.axes = array.array('f', out.sticks)
        message.buttons = array.array('i', to_levels(out.presses.pressed))
        return message


def doubles(values: Array) -> array.array:  # type: ignore[type-arg]
    """Return values as the array that rclpy takes without looking at each of them."""
    return array.array('d', values.tobytes())


def diagnostics(
    node: str, stamp: Time, rows: Mapping[str, tuple[str, dict[str, str]]]
) -> DiagnosticArray:
    """Return one status per part: its trouble (empty if none) and its figures."""
    message = DiagnosticArray()
    message.header.stamp = stamp
    for part, (trouble, figures) in rows.items():
        status = DiagnosticStatus(name=f'{node}: {part}', message=trouble or 'ok')
        status.level = DiagnosticStatus.WARN if trouble else DiagnosticStatus.OK
        status.values = [KeyValue(key=key, value=value) for key, value in figures.items()]
        message.status.append(status)
    return message
