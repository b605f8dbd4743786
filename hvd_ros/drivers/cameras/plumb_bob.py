# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Any lens as the five numbers of plumb_bob, the one model that every consumer in ROS reads.

A RealSense describes its colour lens by the inverse model or a modified one; their numbers, passed
on under the name of plumb_bob, would be wrong. The model is linear in its numbers, so they are
fitted to the rays that the camera's own library gives for a grid of pixels.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Ray = Callable[[float, float], tuple[float, float]]
_GRID = 17


def fit_plumb_bob(distorted: NDArray[np.float64], ray: Ray) -> tuple[float, ...]:
    """
    Return k1, k2, p1, p2, k3.

    `distorted` are pixels as ((u - cx) / fx, (v - cy) / fy), (N, 2); `ray` gives the true x / z
    and y / z of one of them.
    """
    undistorted = np.array([ray(*row) for row in distorted.tolist()])
    x, y = undistorted.T
    rr = x * x + y * y
    # x_d - x = x (k1 r2 + k2 r4 + k3 r6) + 2 p1 x y + p2 (r2 + 2 x^2), and alike for y.
    rows_x = np.stack([x * rr, x * rr**2, 2 * x * y, rr + 2 * x * x, x * rr**3], axis=1)
    rows_y = np.stack([y * rr, y * rr**2, rr + 2 * y * y, 2 * x * y, y * rr**3], axis=1)
    shift = distorted - undistorted
    found = np.linalg.lstsq(
        np.concatenate([rows_x, rows_y]), np.concatenate([shift[:, 0], shift[:, 1]]), rcond=None
    )[0]
    return tuple(float(number) for number in found)


def pixel_grid(width: int, height: int) -> NDArray[np.float64]:
    """Return pixels spread over the whole image, (N, 2)."""
    u, v = np.meshgrid(np.linspace(0, width - 1, _GRID), np.linspace(0, height - 1, _GRID))
    return np.stack([u.ravel(), v.ravel()], axis=1)
