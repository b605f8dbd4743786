# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Guarded motion to a named pose: minimum jerk, slow, and only while a person watches.

The arms have no brakes, so a robot is parked before its power goes.
"""

from dataclasses import dataclass

import numpy as np

from hvd_ros.core.robot.body import Array, Body, Kind

# Peaks of 10 s^3 - 15 s^4 + 6 s^5 for s in 0..1: 15/8 in speed, 10/sqrt(3) in acceleration.
_PEAK_SPEED = 15.0 / 8.0
_PEAK_ACCELERATION = 10.0 / np.sqrt(3.0)
_ARRIVED = 0.01  # [rad], [1]


@dataclass(frozen=True, eq=False)
class Travel:
    """One run from where the command stood to a pose."""

    start: Array  # (D,)
    goal: Array  # (D,)
    duration_s: float
    elapsed_s: float = 0.0


def depart(sent: Array, pose: Array, body: Body, speed: float) -> Travel:
    """Plan a run that uses the given share of every joint's speed and acceleration limit."""
    goal = np.where(body.mask(Kind.VELOCITY), 0.0, pose)
    joints = ~body.mask(Kind.VELOCITY)
    way = np.abs(goal - sent)[joints]
    fastest = speed * body.limits.velocity[joints]
    hardest = speed * body.limits.acceleration[joints]
    by_speed = _PEAK_SPEED * way / fastest
    by_acceleration = np.sqrt(_PEAK_ACCELERATION * way / hardest)
    duration_s = float(max(by_speed.max(), by_acceleration.max(), 1e-3))
    return Travel(sent, goal, duration_s)


def advance(travel: Travel, period_s: float) -> tuple[Travel, Array]:
    """Go one tick further and return the target (D,), base speeds zero."""
    elapsed_s = min(travel.elapsed_s + period_s, travel.duration_s)
    s = elapsed_s / travel.duration_s
    blend = s * s * s * (10.0 - 15.0 * s + 6.0 * s * s)
    target = travel.start + blend * (travel.goal - travel.start)
    return Travel(travel.start, travel.goal, travel.duration_s, elapsed_s), target


def arrived(travel: Travel, sent: Array, body: Body) -> bool:
    """Tell whether the run is over and the command stands in the pose."""
    joints = ~body.mask(Kind.VELOCITY)
    there = np.abs(sent - travel.goal)[joints] <= _ARRIVED
    return travel.elapsed_s >= travel.duration_s and bool(there.all())
