# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Bumpless takeover: the robot starts from what was sent last, not from where the leader stands.

Each joint follows the leader's *changes* (a clutch). Once leader and command are within 0.05 rad
the joint becomes absolute and the remaining offset melts at a limited speed. When the command
meets a limit the offset shrinks (it ratchets), so that turning back takes effect at once.

A gripper stands still until the leader's trigger has passed the robot's opening, and is absolute
from then on: an operator who takes over never drops what is held. Base speeds are always absolute.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from hvd_ros.core.robot.body import Array, Body, Kind

Bools = npt.NDArray[np.bool_]

CLOSE = 0.05  # [rad] joints, [1] openings: closer than this counts as together
DECAY_PER_S = 0.1  # [rad/s] how fast the offset of an absolute joint melts


@dataclass(frozen=True, eq=False)
class Clutch:
    """How each dimension hangs on the leader."""

    offset: Array  # (D,) command minus leader; zero for base speeds
    absolute: Bools  # (D,) joints: the offset melts; grippers: taken over
    held: Array  # (D,) where a gripper waits for the leader


def engage(sent: Array, leader: Array, body: Body) -> Clutch:
    """Couple to a leader at the command sent last, without moving anything."""
    joints, grippers = _masks(body)
    offset = np.where(joints, sent - leader, 0.0)
    absolute = np.where(joints | grippers, np.abs(sent - leader) <= CLOSE, True)
    return Clutch(offset, absolute, sent)


def follow(
    clutch: Clutch, before: Array, leader: Array, body: Body, period_s: float
) -> tuple[Clutch, Array]:
    """Return the clutch and the target (D,) after the leader went from before to leader."""
    joints, grippers = _masks(body)
    low, high = body.limits.low, body.limits.high
    offset = clutch.offset
    # Towards zero only: an offset that grew would take the leader further away from the robot.
    above = np.maximum(high - leader, np.minimum(offset, 0.0))
    below = np.minimum(low - leader, np.maximum(offset, 0.0))
    ratcheted = np.maximum(np.minimum(offset, above), below)
    melt = DECAY_PER_S * period_s
    melted = np.sign(offset) * np.maximum(np.abs(offset) - melt, 0.0)
    offset = np.where(joints, np.where(clutch.absolute, melted, ratcheted), 0.0)
    passed = (before - clutch.held) * (leader - clutch.held) <= 0.0
    near = np.abs(leader - clutch.held) <= CLOSE
    taken = clutch.absolute | np.where(joints, np.abs(offset) <= CLOSE, passed | near)
    target = np.where(grippers & ~taken, clutch.held, leader + offset)
    return Clutch(offset, taken, clutch.held), target


@lru_cache(maxsize=8)
def _masks(body: Body) -> tuple[Bools, Bools]:
    return body.mask(Kind.POSITION), body.mask(Kind.OPENING)
