# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Farthest point sampling: N points that leave no part of a surface far from all of them.

The exact result by the bucket search of QuickFPS (fpsample): same points as the plain algorithm,
in a fraction of its time. What a policy takes is a set of fixed size, so a cloud with fewer points
repeats them in order, from the first; a network over sets sees the same set.
"""

from typing import Any

import fpsample
import numpy as np
from numpy.typing import NDArray

_TALLEST = 8


def farthest(points: NDArray[Any], count: int) -> NDArray[np.intp]:
    """
    Return the indices (count,) of points of (M, 3), each the farthest from all before it.

    With M < count the indices repeat from the start. The same input gives the same output; an
    empty one gives an empty one.
    """
    size = len(points)
    if size == 0:
        return np.zeros(0, dtype=np.intp)
    wanted = min(count, size)
    if wanted < size:
        flat = np.ascontiguousarray(points, dtype=np.float32)
        # Which point is first is the tree's choice, whatever start_idx says; but without one
        # fpsample draws it by chance. Leaves of about a thousand points were the fastest from
        # 30,000 to 300,000.
        height = min(_TALLEST, max(1, size.bit_length() - 10))
        found = fpsample.bucket_fps_kdline_sampling(flat, wanted, height, start_idx=0)
        chosen = found.astype(np.intp)
    else:
        chosen = np.arange(size, dtype=np.intp)
    return np.resize(chosen, count)


def farthest_plain(points: NDArray[Any], count: int) -> NDArray[np.intp]:
    """Return the same by the textbook's loop in NumPy: the yardstick of tests and the bench."""
    flat = np.ascontiguousarray(points, dtype=np.float32)
    chosen = np.zeros(count, dtype=np.intp)
    nearest = np.full(len(flat), np.inf, dtype=np.float32)
    for i in range(1, count):
        away = flat - flat[chosen[i - 1]]
        np.minimum(nearest, np.einsum('ij,ij->i', away, away), out=nearest)
        chosen[i] = int(np.argmax(nearest))
    return chosen


def cover_radius(points: NDArray[Any], samples: NDArray[Any], block: int = 4096) -> float:
    """Return the largest distance from one of (M, 3) points to the nearest of (N, 3) samples."""
    middle = points.mean(axis=0, dtype=np.float64)  # near zero, squares keep their digits
    centers = samples.astype(np.float64) - middle
    square = np.einsum('ij,ij->i', centers, centers)
    worst = 0.0
    for start in range(0, len(points), block):
        some = points[start : start + block].astype(np.float64) - middle
        gap = square - 2.0 * (some @ centers.T)
        gap += np.einsum('ij,ij->i', some, some)[:, None]
        worst = max(worst, float(gap.min(axis=1).max()))
    return float(np.sqrt(max(worst, 0.0)))
