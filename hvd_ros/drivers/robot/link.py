# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the r1 node asks of a connection to the robot, whichever transport carries it.

Two siblings implement it: ROS 2 topics (nodes/r1/topics.py) and rosbridge for a ROS 1 robot
(rosbridge_link.py here). The chassis repeats its last target for ever, so the documented safe
state of every link is zeros to the chassis.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hvd_ros.core.vendor.health import Trouble, VendorStatus
from hvd_ros.core.vendor.streams import VendorTargets

# The remote control speaks often; a silent one may mean that somebody switched it off.
MODE_TIMEOUT_NS = 1_000_000_000
TROUBLE_TIMEOUT_NS = 5_000_000_000
BATTERY_TIMEOUT_NS = 30_000_000_000


@dataclass(frozen=True)
class Feedback:
    """One vendor feedback message as it came, unchecked."""

    stamp_ns: int  # the robot's clock; 0 when the robot does not stamp
    received_ns: int  # our steady clock
    position: Sequence[float]
    velocity: Sequence[float]
    effort: Sequence[float]


@dataclass(frozen=True)
class LinkReport:
    """What arrived since the last read, and how the link is."""

    feedback: dict[str, list[Feedback]]  # by stream, oldest first
    status: VendorStatus
    connected: bool
    detail: str  # why not connected, or the last complaint of the other side
    reconnects: int = 0


class RobotLink(Protocol):
    """The robot as the r1 node sees it; no method waits longer than its documented deadline."""

    def open(self) -> None:
        """Start; a robot that is not there yet is reported by read(), not raised."""
        ...

    def send(self, targets: VendorTargets) -> None:
        """Send targets now, or lose them: a target is never kept for later."""
        ...

    def limit_acceleration(self, xyw: tuple[float, float, float]) -> None:
        """Tell the chassis its acceleration limits; the vendor starts from zero, which blocks."""
        ...

    def read(self) -> LinkReport:
        """Return what arrived since the last read."""
        ...

    def second_writers(self) -> list[str]:
        """Name whoever else writes the robot's target topics, as far as this transport can see."""
        ...

    def close(self) -> None:
        """Send zeros to the chassis, then let go; takes at most one second, may be repeated."""
        ...


@dataclass
class StatusBoard:
    """The newest word of every status topic; forgets what is too old to act on."""

    _battery: tuple[float, float] | None = None
    _battery_ns: int = 0
    _mode: int | None = None
    _mode_ns: int = 0
    _trouble: dict[str, tuple[int, tuple[Trouble, ...]]] = field(default_factory=dict)

    def battery(self, percent: float, voltage: float, received_ns: int) -> None:
        """Note a battery message."""
        self._battery, self._battery_ns = (percent, voltage), received_ns

    def mode(self, mode: int, received_ns: int) -> None:
        """Note the remote control's mode."""
        self._mode, self._mode_ns = mode, received_ns

    def trouble(self, part: str, entries: tuple[Trouble, ...], received_ns: int) -> None:
        """Note a status message of one part; an empty one clears it."""
        self._trouble[part] = (received_ns, entries)

    def status(self, now_ns: int) -> VendorStatus:
        """Return what is known and still true."""
        battery = self._battery if now_ns - self._battery_ns < BATTERY_TIMEOUT_NS else None
        return VendorStatus(
            battery_percent=battery[0] if battery else None,
            battery_voltage=battery[1] if battery else None,
            mode=self._mode if now_ns - self._mode_ns < MODE_TIMEOUT_NS else None,
            trouble=tuple(
                entry
                for received_ns, entries in self._trouble.values()
                if now_ns - received_ns < TROUBLE_TIMEOUT_NS
                for entry in entries
            ),
        )
