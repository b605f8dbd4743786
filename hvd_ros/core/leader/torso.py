# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The torso under two thumbs: squat with a level trunk, lean, turn; always from a held setpoint.

A setpoint that followed the measured torso would sink with every sag of the motors. This one moves
only when a thumb moves it, and waits when the torso cannot follow.
"""

from dataclasses import dataclass

import numpy as np

from hvd_ros.core.robot.body import Array

# Ends of the squat for (joint1, joint2) [rad]; joint3 follows so that the trunk keeps its pitch.
STAND = np.array([0.0, 0.0])
SQUAT = np.array([1.74, -2.70])
_PROPORTION = np.abs(SQUAT - STAND) / np.abs(SQUAT - STAND).max()


@dataclass(frozen=True)
class TorsoConfig:
    """Speeds at full deflection, and how far the setpoint may run ahead of the robot."""

    squat_rad_s: float = 0.5  # of joint 2; joint 1 keeps the proportion of the way
    lean_rad_s: float = 0.4
    turn_rad_s: float = 0.4
    lead_rad: float = 0.3


@dataclass(frozen=True)
class TorsoWish:
    """What the thumbs ask for."""

    squat: float = 0.0  # +1 down, -1 up
    lean: float = 0.0  # -1..1, positive leans forward
    turn: float = 0.0  # -1..1, positive turns left


def trunk_pitch(torso: Array) -> float:
    """Return the pitch of the trunk [rad], positive forward; joint 3 counts backward."""
    return float(torso[0] + torso[1] - torso[2])


def step_torso(
    setpoint: Array,
    measured: Array,
    wish: TorsoWish,
    dt_s: float,
    low: Array,
    high: Array,
    config: TorsoConfig,
) -> Array:
    """
    Return the next setpoint (4,) [rad].

    Each motion stops at a limit or when it would lead the measured torso (4,) by more than the
    config allows; a measured NaN therefore stops all of them.
    """
    moves = (
        _squat(setpoint, wish.squat, dt_s, low, high, config),
        np.array([0.0, 0.0, -wish.lean * config.lean_rad_s * dt_s, 0.0]),
        np.array([0.0, 0.0, 0.0, wish.turn * config.turn_rad_s * dt_s]),
    )
    for move in moves:
        if _may_lead(setpoint, move, measured, config.lead_rad):
            setpoint = np.clip(setpoint + move, low, high)
    return setpoint


def _squat(
    setpoint: Array, squat: float, dt_s: float, low: Array, high: Array, config: TorsoConfig
) -> Array:
    end = np.clip(SQUAT if squat > 0 else STAND, low[:2], high[:2])
    reach = abs(squat) * config.squat_rad_s * dt_s * _PROPORTION
    step = np.clip(end - setpoint[:2], -reach, reach)
    # pitch = q1 + q2 - q3 stays if q3 moves by as much as q1 + q2 does, within its own range.
    follow = float(step.sum())
    room = high[2] - setpoint[2] if follow > 0 else setpoint[2] - low[2]
    share = 1.0 if follow == 0.0 else min(1.0, max(0.0, float(room)) / abs(follow))
    return np.array([*(share * step), share * follow, 0.0])


def _may_lead(setpoint: Array, move: Array, measured: Array, lead_rad: float) -> bool:
    used = move != 0.0
    if not used.any():
        return True
    before, after = np.abs(setpoint - measured), np.abs(setpoint + move - measured)
    # Coming back is always allowed, however far ahead the setpoint is.
    fine = (after <= lead_rad) | (after < before)
    return bool(fine[used].all())
