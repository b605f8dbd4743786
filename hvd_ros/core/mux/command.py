# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The vocabulary of the command path: who asks, in which mode, what was clipped.

The numbers equal the constants of hvd_msgs (a test compares them), so that core needs no generated
message and a node converts by value.
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from hvd_ros.core.robot.body import Array


class Source(IntEnum):
    """Who asks for motion; hold is the mux itself."""

    NONE = 0
    TELEOP = 1
    POLICY = 2
    REPLAY = 3
    HOME = 4
    HOLD = 5


class Mode(IntEnum):
    """What the mux is doing; see modes.py for the transitions."""

    IDLE = 0
    TELEOP = 1
    POLICY = 2
    REPLAY = 3
    HOME = 4
    HOLD = 5
    ESTOP = 6


class Clip(IntFlag):
    """Why a sent number differs from the asked one."""

    NONE = 0
    POSITION = 1
    VELOCITY = 2
    ACCELERATION = 4
    COLLISION = 8
    BASE_GATE = 16


@dataclass(frozen=True, eq=False)
class Command:
    """One whole-body target as it arrived, before any check."""

    source: Source
    seq: int
    layout_id: int
    engaged: bool
    values: Array  # (D,) if the sender is right; nothing is assumed before the check
    stamp_ns: int  # ROS time at which the target was formed
    received_ns: int  # steady clock


@dataclass(frozen=True, eq=False)
class Chunk:
    """A policy's chunk as it arrived; row j is reached at observation_ns + (j + 1) * step_s."""

    seq: int
    layout_id: int
    observation_ns: int  # ROS time of the newest observation used
    step_s: float
    horizon: int
    values: Array  # (T * D,) row major, unchecked
    bundle_id: str
    received_ns: int  # steady clock


@dataclass(frozen=True)
class Buttons:
    """Levels of both Joy-Cons, named as on the device; leader/buttons.py gives them meaning."""

    pressed: frozenset[str]
    received_ns: int  # steady clock
