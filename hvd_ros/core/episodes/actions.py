# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The action of a frame: what the mux sent at that moment, from the traces and not from the frame.

A frame is seen at t; step j of a chunk aims at t + j * dt. Joints are interpolated at that
instant, a base velocity is averaged over [t, t + dt), a gripper is taken as it stood at t.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.bag.index import Times
from hvd_ros.core.episodes.reader import FrameTable
from hvd_ros.core.robot.body import Array, Body, Kind

PERIOD_S = 0.1


def action_at(table: FrameTable, body: Body, period_s: float = PERIOD_S) -> Array:
    """Return the action of every frame (T, D); NaN where nothing was sent."""
    return sent_at(table, body, table.stamp_ns, period_s)[0]


def chunk(
    table: FrameTable, body: Body, frame: int, horizon: int, period_s: float = PERIOD_S
) -> tuple[Array, NDArray[np.bool_]]:
    """Return the actions (H, D) from a frame on and which were recorded (H,), see chunks()."""
    values, valid = chunks(table, body, np.array([frame]), horizon, period_s)
    return values[0], valid[0]


def chunks(
    table: FrameTable,
    body: Body,
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
    times = table.stamp_ns[frames][:, None] + steps
    values, valid = sent_at(table, body, times.ravel(), period_s)
    valid = valid.reshape(times.shape)
    last = np.maximum.accumulate(np.where(valid, np.arange(horizon), -1), axis=1)
    rows = values.reshape(*times.shape, body.size)
    held = np.take_along_axis(rows, np.maximum(last, 0)[..., None], axis=1)
    return np.where(last[..., None] < 0, np.nan, held), valid


def sent_at(
    table: FrameTable, body: Body, times_ns: Times, period_s: float = PERIOD_S
) -> tuple[Array, NDArray[np.bool_]]:
    """
    Return what was sent at moments of the bag's time line (K, D), and where that is known (K,).

    Known means: every number is finite and a trace lies within one period before the moment.
    """
    period_ns = round(period_s * 1e9)
    trace_ns, sent = _window(table, times_ns, period_ns)
    if not len(trace_ns):
        return np.full((len(times_ns), body.size), np.nan), np.zeros(len(times_ns), np.bool_)
    before = np.searchsorted(trace_ns, times_ns, side='right') - 1
    low = np.clip(before, 0, len(trace_ns) - 1)
    values = _interpolated(trace_ns, sent, low, times_ns)
    held, base = body.mask(Kind.OPENING), body.mask(Kind.VELOCITY)
    values[:, held] = sent[low][:, held]
    values[:, base] = _averaged(trace_ns, sent[:, base], low, times_ns, period_ns)
    known = (before >= 0) & (times_ns - trace_ns[low] <= period_ns)
    values[~known] = np.nan
    return values, known & np.isfinite(values).all(axis=1)


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


def _averaged(
    trace_ns: Times, base: Array, low: NDArray[np.intp], times_ns: Times, period_ns: int
) -> Array:
    """Return the mean of the samples within a period; the one before where there are none."""
    first = np.searchsorted(trace_ns, times_ns, side='left')
    last = np.searchsorted(trace_ns, times_ns + period_ns, side='left')
    known = np.isfinite(base)
    totals = _running(np.where(known, base, 0.0))
    counts = _running(known.astype(np.float64))
    count = counts[last] - counts[first]
    mean = (totals[last] - totals[first]) / np.maximum(count, 1)
    return np.where(count > 0, mean, base[low])


def _running(values: Array) -> Array:
    return np.vstack((np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)))
