# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Playing a policy's chunk at the time that it was meant for.

A chunk is stitched in by the stamp of its observation, never from index 0: whatever inference took
is already past. The stamp is moved to the steady clock once, at arrival, so that a clock set back
neither replays nor stretches a chunk.
"""

from dataclasses import dataclass
import math

import numpy as np

from hvd_ros.core.mux.command import Chunk
from hvd_ros.core.robot.body import Array, Body, Kind


@dataclass(frozen=True, eq=False)
class Plan:
    """An accepted chunk on the steady clock; step j targets start_ns + j * step_ns."""

    seq: int
    start_ns: int  # steady clock
    step_ns: float
    rows: Array  # (T, D)
    interpolated: Array  # (D,) 1.0 for positions, 0.0 for what is held over a step


def plan(chunk: Chunk, ros_now_ns: int, now_ns: int, body: Body) -> Plan:
    """Place a checked chunk on the steady clock."""
    return Plan(
        seq=chunk.seq,
        start_ns=now_ns - (ros_now_ns - chunk.observation_ns),
        step_ns=chunk.step_s * 1e9,
        rows=chunk.values.reshape(chunk.horizon, body.size),
        interpolated=body.mask(Kind.POSITION).astype(np.float64),
    )


def sample(current: Plan, now_ns: int) -> tuple[int, Array] | None:
    """
    Return the step in force and the target (D,) at a time, or None outside the chunk.

    Joints are interpolated at the instant and rest on the last row; base velocities and gripper
    openings keep the value of their step, for one whole step each.
    """
    at = (now_ns - current.start_ns) / current.step_ns
    step = math.floor(at)
    last = len(current.rows) - 1
    if not 0 <= step <= last:
        return None
    row = current.rows[step]
    following = current.rows[min(step + 1, last)]
    return step, row + (at - step) * current.interpolated * (following - row)
