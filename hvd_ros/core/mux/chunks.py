# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Playing a policy's chunk at the time that it was meant for.

A row is the command of one step: on its way from when the step begins, reached when it ends, as a
simulated episode carries it out (sim/task_env.py) and as a recorded one is read (episodes/
actions.py). A chunk is stitched in by the stamp of its observation, never from index 0: whatever
inference took is already past. The stamp is moved to the steady clock once, at arrival, so that a
clock set back neither replays nor stretches a chunk.
"""

from dataclasses import dataclass
import math

import numpy as np

from hvd_ros.core.mux.command import Chunk
from hvd_ros.core.robot.body import Array, Body, Kind


@dataclass(frozen=True, eq=False)
class Plan:
    """An accepted chunk on the steady clock; row j is the command of a step."""

    seq: int
    start_ns: int  # steady clock; row j is reached at start_ns + (j + 1) * step_ns
    step_ns: float
    rows: Array  # (T, D)
    interpolated: Array  # (D,) 1.0 for positions, 0.0 for what is held, between two chunks
    before: Array | None = None  # (D,) what was sent last before it; None: nothing was
    before_ns: int = 0  # when


@dataclass(frozen=True, eq=False)
class Aim:
    """What a chunk wants of one moment."""

    step: int
    target: Array  # (D,)
    pace: Array  # (D,) how fast the target moves [unit/s]


def plan(
    chunk: Chunk,
    ros_now_ns: int,
    now_ns: int,
    body: Body,
    before: Array | None = None,
    before_ns: int = 0,
) -> Plan:
    """Place a checked chunk on the steady clock; `before` (D,) is what was sent last, and when."""
    return Plan(
        seq=chunk.seq,
        start_ns=now_ns - (ros_now_ns - chunk.observation_ns),
        step_ns=chunk.step_s * 1e9,
        rows=chunk.values.reshape(chunk.horizon, body.size),
        interpolated=body.mask(Kind.POSITION).astype(np.float64),
        before=before,
        before_ns=before_ns,
    )


def aim(current: Plan, now_ns: int) -> Aim | None:
    """
    Return what is wanted at a time, or None outside the chunk.

    From row to row it is a straight line. The first one begins at what was sent before the chunk
    came in, so that a seam is no jump.
    """
    step = _step(current, now_ns)
    if step is None:
        return None
    row, begin_ns = current.rows[step], current.start_ns + step * current.step_ns
    start: Array | None = current.rows[step - 1] if step else current.before
    if begin_ns <= current.before_ns:
        begin_ns, start = current.before_ns, current.before
    if start is None:
        return Aim(step, row, np.zeros_like(row))
    left_ns = current.start_ns + (step + 1) * current.step_ns - begin_ns
    pace = (row - start) / left_ns
    return Aim(step, start + pace * (now_ns - begin_ns), pace * 1e9)


def step_from(current: Plan, now_ns: int) -> Array | None:
    """
    Return what a chunk says (D,) of the step that begins at a time, or None outside the chunk.

    Between two of its own steps joints are interpolated; base velocities and gripper openings
    are those of the step that is under way.
    """
    step = _step(current, now_ns)
    if step is None:
        return None
    row = current.rows[step]
    following = current.rows[min(step + 1, len(current.rows) - 1)]
    share = (now_ns - current.start_ns) / current.step_ns - step
    said: Array = row + share * current.interpolated * (following - row)
    return said


def over(current: Plan, now_ns: int) -> bool:
    """Say whether a chunk has nothing more to say."""
    return now_ns >= current.start_ns + len(current.rows) * current.step_ns


def _step(current: Plan, now_ns: int) -> int | None:
    step = math.floor((now_ns - current.start_ns) / current.step_ns)
    return step if 0 <= step < len(current.rows) else None
