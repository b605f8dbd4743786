# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What every camera is to the rest: colour and aligned depth, and when they were captured.

The capture time is on the wall clock, which is what a message's stamp says, and on the steady
clock, from which ages are computed.
"""

from dataclasses import dataclass
from typing import Protocol

from hvd_ros.core.vision.codec import Depth, Pixels
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.drivers.device import Device


@dataclass(frozen=True, eq=False)
class Shot:
    """One image of colour and depth, pixel for pixel of the same size."""

    color: Pixels  # (H, W, 3) RGB
    depth_mm: Depth  # (H, W), aligned to colour; 0: unknown
    captured_ns: int  # wall clock
    captured_steady_ns: int
    sequence: int  # of the device; the same number is the same image


class Camera(Device[Shot], Protocol):
    """
    A source of shots.

    read() waits for a shot newer than the last one it returned, at most a deadline of the device,
    and raises DeviceError otherwise. After an error close() and open() may bring the camera back.
    """

    @property
    def intrinsics(self) -> Intrinsics:
        """How this camera maps directions to pixels; known after open()."""
        ...
