# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The recorder's status in the operator's hands; a graph without a recorder feels nothing."""

from collections.abc import Callable

from hvd_msgs.msg import RecorderStatus
from rclpy.node import Node

from hvd_ros.core.recorder.session import Phase
from hvd_ros.core.recorder.signals import Feel, Told
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest


class RecorderFeel:
    """Listens to the recorder, shakes through the given function."""

    def __init__(self, node: Node, shake: Callable[[float, float], None]) -> None:
        self._node = node
        self._shake = shake
        self._status = Latest[RecorderStatus](node, RecorderStatus, 'recorder/status', qos.LATCHED)
        self._feel = Feel()

    def step(self, now_ns: int) -> None:
        """Hear and shake; called in every tick of the leader (steady clock)."""
        status = self._status.take()
        if status is not None and status.state in list(Phase):
            told = Told(Phase(status.state), status.episode_id, status.healthy, status.fix)
            found = self._feel.hear(told, now_ns)
            if found is not None:
                fix = f'; {status.fix}' if status.fix else ''
                self._node.get_logger().info(f'recorder: {found} ({status.text}{fix})')
        beat = self._feel.due(now_ns)
        if beat is not None:
            self._shake(beat.strength, beat.on_s)
