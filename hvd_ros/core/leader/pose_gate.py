# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
May the leader take over? Only if it stands about where the robot stands.

The gate opens below the threshold and, once open, closes only above a wider one, so that a hand
that trembles at the edge does not make it flicker.
"""

from dataclasses import dataclass

import numpy as np

from hvd_ros.core.robot.body import Array


@dataclass(frozen=True)
class PoseGateConfig:
    """How far leader and robot may stand apart."""

    threshold_rad: float = 0.8  # every joint closer than this opens the gate
    hysteresis_rad: float = 0.1  # an open gate closes this much later


@dataclass(frozen=True, eq=False)
class PoseGate:
    """The verdict, with what to show a person who wants it open."""

    ok: bool
    delta: Array  # robot minus leader per joint [rad]: how to move the leader
    worst: int  # index of the joint that stands furthest apart


def check_pose(
    leader_q: Array, robot_q: Array, was_ok: bool, config: PoseGateConfig | None = None
) -> PoseGate:
    """Compare two poses (J,) [rad]; anything that is not finite keeps the gate closed."""
    config = config or PoseGateConfig()
    delta = np.asarray(robot_q, float) - np.asarray(leader_q, float)
    bound = config.threshold_rad + (config.hysteresis_rad if was_ok else 0.0)
    # `<` refuses NaN and infinity, and argmax points at them.
    apart = np.abs(delta)
    return PoseGate(bool((apart < bound).all()), delta, int(np.argmax(apart)))
