# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
From a depth image to points, without touching a pixel that will not be used.

A wrist camera at 0.2 m sees the table with half a millimetre between two pixels, the head camera
sees the same table with two. Near surfaces are therefore thinned on the pixel grid, by powers of
two, until neighbours are up to `spacing_m` apart: one look-up per pixel, before any arithmetic.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.vision.intrinsics import Intrinsics

Points = NDArray[np.float32]
_OUT_OF_RANGE = np.uint16(0x8000)  # no image of ours is 32768 pixels wide


class Deprojector:
    """The directions of one camera's pixels, worked out once."""

    def __init__(
        self, intrinsics: Intrinsics, near_m: float, far_m: float, spacing_m: float
    ) -> None:
        self.intrinsics = intrinsics
        self._shape = (intrinsics.height, intrinsics.width)
        self._rays = _rays(intrinsics)
        v, u = np.indices(self._shape, dtype=np.uint16)
        # Bit k of u | v is clear in both where the pixel is on the grid of stride 2^(k+1).
        # The top bit is set in all: a depth out of range asks for it to be clear.
        self._grid = (u | v | _OUT_OF_RANGE).reshape(-1)
        self._mask = _masks(max(intrinsics.fx, intrinsics.fy), near_m, far_m, spacing_m)

    def pixels(self, depth_mm: NDArray[np.uint16]) -> NDArray[np.intp]:
        """Return the flat indices of the pixels to use; raise if the image has another size."""
        if depth_mm.shape != self._shape:
            raise ContractMismatch(
                f'a depth image of {depth_mm.shape[::-1]} pixels came with intrinsics for '
                f'{self._shape[::-1]}; both must be of one stream'
            )
        return np.flatnonzero((self._grid & self._mask[depth_mm.reshape(-1)]) == 0)

    def points(self, depth_mm: NDArray[np.uint16], pixels: NDArray[np.intp]) -> Points:
        """Return the points (M, 3) [m] of these pixels in the camera's optical frame."""
        points = self._rays.take(pixels, axis=0)
        points *= depth_mm.reshape(-1).take(pixels)[:, None].astype(np.float32) * np.float32(1e-3)
        return points


def _rays(k: Intrinsics) -> Points:
    """Return x/z, y/z and 1 of every pixel, (H * W, 3)."""
    u, v = np.meshgrid(np.arange(k.width, dtype=np.float64), np.arange(k.height, dtype=np.float64))
    pixels = np.stack([u.ravel(), v.ravel()], axis=1)
    if k.distortion:
        xy = cv2.undistortPoints(pixels[:, None], k.matrix, np.array(k.distortion))[:, 0]
    else:
        xy = (pixels - [k.cx, k.cy]) / [k.fx, k.fy]
    return np.column_stack([xy, np.ones(len(xy))]).astype(np.float32)


def _masks(focal: float, near_m: float, far_m: float, spacing_m: float) -> NDArray[np.uint16]:
    """Return, for every depth [mm], which bits of a pixel's place must be zero to use it."""
    depth_m = np.arange(65536) * 1e-3
    strides = spacing_m * focal / np.maximum(depth_m, 1e-3)
    bits = np.floor(np.log2(np.clip(strides, 1.0, 64.0))).astype(np.uint16)
    masks: NDArray[np.uint16] = ((1 << bits.astype(np.uint32)) - 1).astype(np.uint16)
    masks[(depth_m < near_m) | (depth_m > far_m)] = _OUT_OF_RANGE
    masks[0] = _OUT_OF_RANGE  # unknown
    return masks
