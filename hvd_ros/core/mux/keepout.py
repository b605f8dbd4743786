# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Slow down, then stop, before the body touches itself.

The question is asked where the command would come to rest, not where it is: if that is too close,
braking starts now, and braking ends in the pose that was found good the tick before.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hvd_ros.core.robot.body import Array

Distance = Callable[[Array], tuple[float, str, str]]

STOP_M = 0.01
SLOW_M = 0.03
_NOISE_M = 1e-9  # rounding; in a second of ticks still nothing
_SLOWEST = 0.2  # share of the speed limits that is left for moving apart


@dataclass(frozen=True)
class Nearness:
    """The smallest self distance of a pose, and between what."""

    distance_m: float
    link_a: str = ''
    link_b: str = ''


def measure(distance: Distance, values: Array) -> Nearness:
    """Ask for the self distance of a pose (D,)."""
    found, link_a, link_b = distance(values)
    return Nearness(found, link_a, link_b)


def allowed(before: Nearness, after: Nearness) -> bool:
    """Tell whether a step may be made: it stays clear, or it does not come closer."""
    return after.distance_m >= STOP_M or after.distance_m >= before.distance_m - _NOISE_M


def speed_share(nearness: Nearness) -> float:
    """Return the share of the speed limits that is allowed this close to touching."""
    share = (nearness.distance_m - STOP_M) / (SLOW_M - STOP_M)
    return min(1.0, max(_SLOWEST, share))
