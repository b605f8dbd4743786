# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The action of a frame: the command that was given once the frame had been seen, from the traces.

A frame is seen at t; step j of a chunk lasts from t + j * dt to t + (j + 1) * dt, and its row is
what was sent at its end. So the mux plays a chunk (core/mux/chunks.py), and so does an episode
without a graph (sim/task_env.py): whoever plays the actions of a recording sends what was sent.
"""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.bag.index import Times
from hvd_ros.core.episodes.reader import FrameTable
from hvd_ros.core.robot.body import Array

PERIOD_S = 0.1
Rows = TypeVar('Rows', bound=np.generic)


def action_at(table: FrameTable, period_s: float = PERIOD_S) -> Array:
    """Return the action of every frame (T, D); NaN where nothing was sent."""
    return sent_at(table, _reached_ns(table, table.stamp_ns, period_s), period_s)[0]


def of_the_step(table: FrameTable, column: NDArray[Rows]) -> NDArray[Rows]:
    """
    Return what frames say of commands (T, ...) for the step that each action is of.

    A frame tells of the command that was in force when it was made, which ends the step before;
    where commands are written down ahead, it tells of its own step.
    """
    if table.ahead_ns or not len(column):
        return column
    return np.concatenate((column[1:], column[-1:]))


def chunk(
    table: FrameTable, frame: int, horizon: int, period_s: float = PERIOD_S
) -> tuple[Array, NDArray[np.bool_]]:
    """Return the actions (H, D) from a frame on and which were recorded (H,), see chunks()."""
    values, valid = chunks(table, np.array([frame]), horizon, period_s)
    return values[0], valid[0]


def chunks(
    table: FrameTable,
    frames: NDArray[np.integer[Any]],
    horizon: int,
    period_s: float = PERIOD_S,
) -> tuple[Array, NDArray[np.bool_]]:
    """
    Return the actions (K, H, D) from each frame on, and a mask (K, H) of the recorded steps.

    Steps that were not (the end of the episode, a pause) repeat the last one that was; where none
    was, they are NaN.
    """
    steps = np.arange(horizon, dtype=np.int64) * round(period_s * 1e9)
    times = _reached_ns(table, table.stamp_ns[frames], period_s)[:, None] + steps
    values, valid = sent_at(table, times.ravel(), period_s)
    valid = valid.reshape(times.shape)
    last = np.maximum.accumulate(np.where(valid, np.arange(horizon), -1), axis=1)
    rows = values.reshape(*times.shape, -1)
    held = np.take_along_axis(rows, np.maximum(last, 0)[..., None], axis=1)
    return np.where(last[..., None] < 0, np.nan, held), valid


def sent_at(
    table: FrameTable, times_ns: Times, period_s: float = PERIOD_S
) -> tuple[Array, NDArray[np.bool_]]:
    """
    Return what was sent when steps ended, on the traces' time line (K, D), and where known (K,).

    Known means: every number is finite and a trace lies within the step or one period before it.
    The step behind the last frame of a recording is cut short, and what was sent last stands.
    """
    period_ns = round(period_s * 1e9)
    trace_ns, sent = _window(table, times_ns, period_ns)
    if not len(trace_ns):
        nothing = np.full((len(times_ns), table.sent.shape[1]), np.nan)
        return nothing, np.zeros(len(times_ns), np.bool_)
    before = np.searchsorted(trace_ns, times_ns, side='right') - 1
    low = np.maximum(before, 0)
    values = _interpolated(trace_ns, sent, low, times_ns)
    known = (before >= 0) & (times_ns - trace_ns[low] <= 2 * period_ns - table.ahead_ns)
    values[~known] = np.nan
    return values, known & np.isfinite(values).all(axis=1)


def _reached_ns(table: FrameTable, begun_ns: Times, period_s: float) -> Times:
    """Return where on the time line of the traces the steps end that begin at some moments."""
    return begun_ns + round(period_s * 1e9) - table.ahead_ns


def _window(table: FrameTable, times_ns: Times, period_ns: int) -> tuple[Times, Array]:
    """Return the traces around some moments, so that a chunk costs no walk over an hour."""
    if not len(times_ns):
        return table.trace_times[:0], table.trace_sent[:0]
    ends = (times_ns.min() - 2 * period_ns, times_ns.max() + 2 * period_ns)
    first, last = np.searchsorted(table.trace_times, ends)
    return table.trace_times[first:last], table.trace_sent[first:last]


def _interpolated(trace_ns: Times, sent: Array, low: NDArray[np.intp], times_ns: Times) -> Array:
    high = np.minimum(low + 1, len(trace_ns) - 1)
    span = np.maximum(trace_ns[high] - trace_ns[low], 1)
    share = np.clip((times_ns - trace_ns[low]) / span, 0.0, 1.0)[:, None]
    between = sent[low] + share * (sent[high] - sent[low])
    # Towards a tick in which nothing was sent there is nothing to interpolate.
    return np.where(np.isfinite(between), between, sent[low])
