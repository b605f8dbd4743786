# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The chassis topic of a ROS 1 robot, as the guardian sees it through rosbridge.

A bridge gives us our own zeros back and does not say whose they are. So a zero counts as ours for
a second after our last one; anything but zero is never ours. Taking somebody's zero for ours is
harmless: the guardian goes on sending zeros to a chassis that was just told zero, until somebody
moves it or its time is up. Taking ours for somebody's would end the zeros too early; that an echo
needs longer than the second is the smaller risk, as the bridge had the zero then, too.
"""

from collections import deque
import time

from hvd_ros.drivers.robot.rosbridge import Message, RosbridgeClient

TWIST = 'geometry_msgs/Twist'
ECHO_NS = 1_000_000_000  # more than the silence after which the client gives up a connection


class RosbridgeChassis:
    """A ChassisTopic over a rosbridge websocket."""

    def __init__(self, host: str, port: int, topic: str) -> None:
        self._topic = topic
        # The client's thread only appends; a guardian that stalls finds the newest half second.
        self._inbox: deque[tuple[int, bool]] = deque(maxlen=50)
        self._ours_until_ns = 0
        self._client = RosbridgeClient(host, port)
        self._client.advertise(topic, TWIST)
        # Not throttled: the target that a throttle withholds may be the one that moves.
        self._client.subscribe(topic, TWIST, self._on_target)
        self._client.open()

    def heard(self) -> list[bool]:
        """Return of each target that others sent since the last call whether it moves."""
        found = []
        while self._inbox:
            received_ns, moving = self._inbox.popleft()
            if moving or received_ns > self._ours_until_ns:
                found.append(moving)
        return found

    def send_zero(self) -> bool:
        """Send a zero now or lose it; return False while the bridge is away."""
        if not self._client.connected:
            return False
        self._ours_until_ns = time.monotonic_ns() + ECHO_NS
        self._client.publish(self._topic, twist(0.0, 0.0, 0.0))
        return True

    def connected(self) -> bool:
        """Tell whether the bridge is there and answers."""
        return self._client.connected

    def detail(self) -> str:
        """Return why not connected, or the last complaint of the bridge."""
        return self._client.detail

    def others(self) -> int:
        """Rosbridge does not tell who else publishes."""
        return 0

    def close(self) -> None:
        """Send what was just published, then disconnect."""
        self._client.close()

    def _on_target(self, message: Message) -> None:
        self._inbox.append((time.monotonic_ns(), moves(message)))


def twist(vx: float, vy: float, wz: float) -> Message:
    """Return a geometry_msgs/Twist."""
    return {
        'linear': {'x': vx, 'y': vy, 'z': 0.0},
        'angular': {'x': 0.0, 'y': 0.0, 'z': wz},
    }


def moves(message: Message) -> bool:
    """Tell whether a twist is anything but six zeros."""
    # Rosbridge writes NaN as null; that and whatever is missing must count as motion.
    return any(
        not isinstance(part, dict) or any(part.get(axis) != 0.0 for axis in 'xyz')
        for part in (message.get('linear'), message.get('angular'))
    )
