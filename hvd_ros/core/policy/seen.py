# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How a policy is shown a cloud or a picture: the same while learning and while acting."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ContractMismatch


def seen_state(state: NDArray[Any], at: Sequence[int]) -> NDArray[np.float32]:
    """Return the numbers that a policy looks at; ContractMismatch where there are fewer."""
    needed = max(at, default=-1) + 1
    if state.ndim != 1 or len(state) < needed:
        raise ContractMismatch(
            f'a state of shape {state.shape}; this policy looks at numbers up to {needed} of one '
            'row: show it what core/robot/state.py makes of the body that it learnt with'
        )
    return np.asarray(state, np.float32)[list(at)]


def seen_cloud(xyz: NDArray[Any], rgb: NDArray[Any], points: int) -> NDArray[np.float32]:
    """Return a cloud as policies see it, (points, 6): metres and colours from 0 to 1."""
    if not len(xyz):
        # Nothing was in sight, which happens; a heap of black points at the origin never does.
        return np.zeros((points, 6), np.float32)
    # Stored farthest first, so the first n of them are the n that lie farthest apart.
    at = np.arange(points) % len(xyz)
    return np.concatenate(
        [np.asarray(xyz[at], np.float32), rgb[at].astype(np.float32) / 255], axis=1
    )


def seen_picture(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """
    Return a picture (H, W, 3) in another (height, width): shape kept, centred on black.

    Raises ContractMismatch for what is no picture of bytes in three colours.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ContractMismatch(
            f'a picture of {picture.dtype} {picture.shape}; policies are shown bytes of '
            '(height, width, 3), red first: convert it where it is taken'
        )
    rows, columns = picture.shape[:2]
    if (rows, columns) == size:
        return picture
    scale = min(size[0] / rows, size[1] / columns)
    height, width = max(1, round(rows * scale)), max(1, round(columns * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    out = np.zeros((*size, 3), np.uint8)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    out[top : top + height, left : left + width] = cv2.resize(
        picture, (width, height), interpolation=how
    )
    return out
