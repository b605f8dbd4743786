# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How a camera maps a direction to a pixel.

Depth is aligned to colour in every camera of ours, so one set of numbers holds for both images.
"""

from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ContractMismatch


@dataclass(frozen=True)
class Intrinsics:
    """A pinhole camera in pixels; pixel (0, 0) is the centre of the upper left one."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, ...] = ()  # plumb_bob: k1, k2, p1, p2, k3; empty: none

    def __post_init__(self) -> None:
        """Refuse numbers that no camera has."""
        if self.width <= 0 or self.height <= 0:
            raise ContractMismatch(f'{self}: width and height must be positive')
        if not all(math.isfinite(x) for x in (self.cx, self.cy, *self.distortion)):
            raise ContractMismatch(f'{self}: every number must be finite')
        if not (0 < self.fx < math.inf and 0 < self.fy < math.inf):
            raise ContractMismatch(f'{self}: fx and fy must be positive and finite')
        if len(self.distortion) not in (0, 5):
            raise ContractMismatch(f'{self}: distortion has 5 numbers (plumb_bob) or none')

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The camera matrix K, (3, 3)."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1]], np.float64)
