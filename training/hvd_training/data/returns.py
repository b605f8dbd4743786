# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Chunks at the end of an episode: what they pay, what they bootstrap with, which steps are real.

A loader that reads a window beyond the end repeats the last frame, so a plain sum over the window
pays the last reward many times. Everything here is computed before that can happen; the column
`steps_left` lets any window of any length be masked afterwards.
"""

import numpy as np
from numpy.typing import NDArray

from hvd_training.data.source import Float

_GAP = 1.5  # periods between two ticks from which they are no neighbours


def steps_left(stamp_ns: NDArray[np.int64], fps: int) -> NDArray[np.int64]:
    """
    Return how many steps, this one included, follow without a gap, (T,).

    A pause in the recording ends a run of frames as the end of the episode does: a chunk across it
    would be an action that nobody took.
    """
    ends = np.append(np.flatnonzero(gaps(stamp_ns, fps)), len(stamp_ns) - 1)
    rows = np.arange(len(stamp_ns))
    left: NDArray[np.int64] = (ends[np.searchsorted(ends, rows)] - rows + 1).astype(np.int64)
    return left


def gaps(stamp_ns: NDArray[np.int64], fps: int) -> NDArray[np.bool_]:
    """Return whether the next frame is missing or much too late, (T-1,)."""
    wide: NDArray[np.bool_] = np.diff(stamp_ns) > _GAP * 1e9 / fps
    return wide


def chunk_returns(
    reward: Float,
    terminal: NDArray[np.bool_],
    left: NDArray[np.int64],
    horizon: int,
    gamma: float,
) -> tuple[Float, Float, NDArray[np.int64]]:
    """
    Return sum of gamma^j r[t+j], the factor of V(s[t+valid]) and the number of valid steps, (T,).

    Only steps inside the run count, each once. The factor is 0 when the chunk reaches a terminal.
    """
    frames = len(reward)
    valid = np.minimum(left, horizon)
    total = np.zeros(frames)
    done = np.zeros(frames, dtype=np.bool_)
    for j in range(horizon):
        rows = np.flatnonzero((valid > j) & ~done)
        total[rows] += gamma**j * reward[rows + j]
        done[rows] |= terminal[rows + j]
    return total, np.where(done, 0.0, gamma**valid), valid


def later(values: NDArray[np.generic], left: NDArray[np.int64], steps: int) -> NDArray[np.generic]:
    """Return the row `steps` later, or the last one of the run."""
    rows = np.arange(len(values)) + np.minimum(steps, left - 1)
    found: NDArray[np.generic] = values[rows]
    return found
