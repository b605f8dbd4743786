# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the guardian asks of the vendor's chassis topic, whichever transport carries it.

Two siblings implement it: ROS 2 topics (nodes/guardian/topics.py) and rosbridge for a ROS 1 robot
(rosbridge_chassis.py here).
"""

from typing import Protocol


class ChassisTopic(Protocol):
    """The chassis target: what others say, and a way to say zero."""

    def heard(self) -> list[bool]:
        """Return of each target that others sent since the last call whether it moves."""
        ...

    def send_zero(self) -> bool:
        """Send a zero now or lose it; return False when there was nobody to carry it."""
        ...

    def connected(self) -> bool:
        """Tell whether a zero sent now would leave this process."""
        ...

    def detail(self) -> str:
        """Return why not connected, or the last complaint of the other side."""
        ...

    def others(self) -> int:
        """Return how many others publish the target; 0 where the transport can not tell."""
        ...

    def close(self) -> None:
        """Let go after what was just sent has left; may be repeated."""
        ...
