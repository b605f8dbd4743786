# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A cloud in the layout of sensor_msgs/PointCloud2, without ROS: x, y, z, rgb, four bytes each.

`rgb` is the packed float that RViz and PCL know: 0x00RRGGBB in the bits of a float32. Written
straight into the array that the message will hold, so that nothing is copied twice.
"""

from array import array
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.vision.deproject import Points

FIELDS = ('x', 'y', 'z', 'rgb')  # float32 each, little endian, in this order
POINT_STEP = 16
FLOAT32 = 7  # PointField.FLOAT32


def pack_points(xyz: Points, rgb: NDArray[np.uint8]) -> 'array[int]':
    """Return the bytes of (N, 3) points and colours as the array that a message takes."""
    data = array('B', bytes(len(xyz) * POINT_STEP))
    floats = np.frombuffer(data, '<f4').reshape(-1, 4)
    floats[:, :3] = xyz
    red, green, blue = rgb.astype(np.uint32).T
    np.frombuffer(data, '<u4').reshape(-1, 4)[:, 3] = red << 16 | green << 8 | blue
    return data


def unpack_points(
    data: Any, point_step: int = POINT_STEP, offsets: Mapping[str, int] | None = None
) -> tuple[Points, NDArray[np.uint8]]:
    """
    Return (N, 3) float32 points [m] and (N, 3) uint8 colours of a message's bytes.

    `offsets` are the field offsets if they are not ours; a cloud that lacks one is refused.
    """
    offsets = offsets if offsets is not None else {name: 4 * i for i, name in enumerate(FIELDS)}
    missing = [name for name in FIELDS if name not in offsets]
    size = memoryview(data).nbytes
    if missing or point_step <= 0 or size % point_step:
        raise ContractMismatch(
            f'a cloud of {size} bytes, {point_step} a point, with fields {sorted(offsets)}; '
            f'{", ".join(FIELDS)} are needed, and whole points'
        )
    kind = np.dtype(
        {
            'names': list(FIELDS),
            'formats': ['<f4', '<f4', '<f4', '<u4'],
            'offsets': [offsets[name] for name in FIELDS],
            'itemsize': point_step,
        }
    )
    points = np.frombuffer(data, kind)
    packed = points['rgb']
    rgb = np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], axis=1)
    xyz = np.stack([points[axis] for axis in 'xyz'], axis=1)
    return xyz, rgb.astype(np.uint8)
