# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything that the mux listens to, polled once per tick and turned into core types."""

import time

from hvd_msgs.msg import ActionChunk, Heartbeat, RobotHealth, WholeBodyCommand
from rclpy.node import Node
from sensor_msgs.msg import JointState, Joy

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.leader.buttons import Action, ButtonTracker, from_levels
from hvd_ros.core.mux.command import Source
from hvd_ros.core.mux.state import Inputs, Pads
from hvd_ros.core.robot.body import Body
from hvd_ros.core.safety.estop import Beat
from hvd_ros.core.safety.vitals import Feedback, feedback_reader
from hvd_ros.nodes.mux import messages as mux_messages
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest

# A leader that was heard so recently is waited for a little.
_REGULAR_NS = 30_000_000

TOPICS = {
    Source.TELEOP: 'teleop/command',
    Source.POLICY: 'policy/chunk',
    Source.REPLAY: 'replay/command',
}


class MuxInputs:
    """The polled subscriptions of the mux."""

    def __init__(self, node: Node, body: Body) -> None:
        self._node = node
        self._reader = feedback_reader(body)
        self._tracker = ButtonTracker()
        self._writers: dict[Source, int] = {}
        self.waited_ns: int | None = None  # how long the newest leader command lay there
        self._asked: list[tuple[WholeBodyCommand, int]] = []  # since the last tick, and when sent
        self._teleop = Latest(node, WholeBodyCommand, TOPICS[Source.TELEOP], qos.COMMAND)
        self._replay = Latest(node, WholeBodyCommand, TOPICS[Source.REPLAY], qos.COMMAND)
        self._chunks = Latest(node, ActionChunk, TOPICS[Source.POLICY], qos.COMMAND)
        self._joy = Latest(node, Joy, 'joylo/buttons', qos.STATE)
        self._joints = Latest(node, JointState, 'joint_states', qos.STATE)
        self._health = Latest(node, RobotHealth, 'robot_health', qos.STATE)
        self._guardian = Latest(node, Heartbeat, 'guardian/heartbeat', qos.COMMAND)
        self._keepalive = Latest(node, Heartbeat, 'home/keepalive', qos.COMMAND)

    def count_writers(self) -> None:
        """Count the publishers of each source; a second one makes the source unusable."""
        self._writers = {s: self._node.count_publishers(t) for s, t in TOPICS.items()}

    def take(self, now_ns: int, ros_now_ns: int) -> Inputs:
        """Return what arrived since the last call."""
        command = mux_messages.command
        health, alive = self._health.take(), self._keepalive.take()
        return Inputs(
            ros_now_ns=ros_now_ns,
            teleop=tuple(command(m, Source.TELEOP, now_ns) for m in self._leader()),
            replay=tuple(command(m, Source.REPLAY, now_ns) for m in self._replay.drain()),
            chunks=tuple(mux_messages.chunk(m, now_ns) for m in self._chunks.drain()),
            pads=self._pads(now_ns),
            feedback=self._feedback(now_ns),
            health=None if health is None else mux_messages.health(health, now_ns),
            guardian=self._beat(now_ns),
            keepalive_ns=None if alive is None else now_ns,
            writers=self._writers,
        )

    def leader_is_due(self) -> bool:
        """Tell whether a leader that speaks regularly has not spoken since the last tick."""
        self._asked += self._teleop.drain_stamped()
        silent_ns = time.monotonic_ns() - self._teleop.received_ns
        return not self._asked and silent_ns < _REGULAR_NS

    def _leader(self) -> list[WholeBodyCommand]:
        asked = self._asked + self._teleop.drain_stamped()
        self._asked = []
        # The middleware stamps with this machine's system clock; a leader on another one, or a
        # clock that was set, gives a wait that the phase lock ignores.
        now_ns = time.clock_gettime_ns(time.CLOCK_REALTIME)
        self.waited_ns = now_ns - asked[-1][1] if asked else None
        return [message for message, _ in asked]

    def _feedback(self, now_ns: int) -> Feedback | None:
        message = self._joints.take()
        if message is None:
            return None
        return self._reader.read(message.name, message.position, now_ns)

    def _beat(self, now_ns: int) -> Beat | None:
        message = self._guardian.take()
        return None if message is None else mux_messages.beat(message, now_ns)

    def _pads(self, now_ns: int) -> Pads | None:
        found: Pads | None = None
        for message in self._joy.drain():
            try:
                presses = self._tracker.step(now_ns, from_levels(message.buttons))
            except ContractMismatch as error:
                self._node.get_logger().error(str(error), throttle_duration_sec=5.0)
                continue
            # An e-stop in an earlier message of this tick must not be lost.
            pressed = Action.ESTOP in presses.events or (found is not None and found.estop)
            found = Pads(presses.deadman, presses.stuck, pressed, now_ns)
        return found
