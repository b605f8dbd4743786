# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How rough the seams between chunks are, as a number to choose a way of stitching by.

Jerk is the third difference of the targets that the mux would play at its own rate; at a seam it
shows every jump of position, speed and acceleration at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.mux.chunks import Plan, aim, step_from
from hvd_ros.core.robot.body import Array, Body, Kind

TICK_NS = 10_000_000
_NEAR = 3  # ticks around a seam that its third difference reaches


@dataclass(frozen=True, eq=False)
class Spoken:
    """A chunk as it was sent."""

    observation_ns: int
    arrived_ns: int  # on the same time line
    rows: Array  # (H, D)


def played(
    chunks: Sequence[Spoken], body: Body, step_s: float = 0.1, *, by_stamp: bool = True
) -> tuple[Array, NDArray[np.intp]]:
    """
    Return the targets (T, D) of every tick of the mux, and the ticks of the seams.

    Without `by_stamp` every chunk is at its first row when it arrives, as naive switching has it.
    Where a chunk is over its last row is held.
    """
    interpolated = body.mask(Kind.POSITION).astype(np.float64)
    arrivals = np.array([c.arrived_ns for c in chunks])
    ticks = np.arange(arrivals[0], arrivals[-1] + TICK_NS, TICK_NS)
    which = np.searchsorted(arrivals, ticks, side='right') - 1
    targets: list[Array] = []
    plan, heard = None, -1
    for i, at in zip(which, ticks, strict=True):
        if plan is None or i != heard:
            chunk, heard, before = chunks[i], i, targets[-1] if targets else None
            start_ns = chunk.observation_ns if by_stamp else chunk.arrived_ns
            last_ns = int(at) - TICK_NS
            plan = Plan(0, start_ns, step_s * 1e9, chunk.rows, interpolated, before, last_ns)
        targets.append(_target(plan, int(at)) if by_stamp else _row(plan, int(at)))
    return np.array(targets), np.flatnonzero(np.diff(which)) + 1


def seam_jerk(targets: Array, seams: NDArray[np.intp], body: Body) -> float:
    """Return the root mean square jerk [rad/s^3] of the joints around the seams, NaN without."""
    joints = targets[:, body.mask(Kind.POSITION)]
    jerk = np.diff(joints, 3, axis=0) / (TICK_NS / 1e9) ** 3
    near = np.unique(seams[:, None] + np.arange(-_NEAR, 1))
    near = near[(near >= 0) & (near < len(jerk))]
    return float(np.sqrt((jerk[near] ** 2).mean())) if len(near) else float('nan')


def _target(plan: Plan, at_ns: int) -> Array:
    found = aim(plan, at_ns)
    return _end(plan, at_ns) if found is None else found.target


def _row(plan: Plan, at_ns: int) -> Array:
    found = step_from(plan, at_ns)
    return _end(plan, at_ns) if found is None else found


def _end(plan: Plan, at_ns: int) -> Array:
    end: Array = plan.rows[0 if at_ns < plan.start_ns else -1]
    return end
