# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the twin's three processes hand each other: the robot's state, and the pictures drawn of it.

sim_robot writes the state; sim_cameras reads it and writes one store of pictures for each camera;
the camera nodes read those. All of it lies in the graph's folder of twin devices.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.drivers.shared_record import RecordWriter

STATE = 'state'
_STAMPS = [('captured_ns', '<i8'), ('captured_steady_ns', '<i8')]


def state_path(folder: Path) -> Path:
    """Return where the physics of a graph puts its state."""
    return folder / STATE


def camera_path(folder: Path, camera: str) -> Path:
    """Return where the pictures of a camera are put."""
    return folder / f'camera_{camera}'


def state_writer(
    folder: Path, positions: int, about: Mapping[str, Any], physics: int = 0
) -> RecordWriter:
    """
    Make the board of a state of so many positions; `about` tells how to build its model.

    Of a task it also shows the whole state of the physics, so many numbers: what is loose, what a
    mechanism remembers, what is pressed on what.
    """
    dtype = np.dtype(
        [
            *_STAMPS,
            ('time_s', '<f8'),
            ('qpos', '<f8', (positions,)),
            ('physics', '<f8', (physics,)),
        ]
    )
    return RecordWriter(state_path(folder), dtype, about)


def frame_writer(folder: Path, camera: str, intrinsics: Intrinsics) -> RecordWriter:
    """Make the store of one camera's pictures."""
    size = (intrinsics.height, intrinsics.width)
    picture = [('color', 'u1', (*size, 3)), ('depth_mm', '<u2', size)]
    return RecordWriter(
        camera_path(folder, camera), np.dtype([*_STAMPS, *picture]), asdict(intrinsics)
    )


def intrinsics_of(about: Mapping[str, Any]) -> Intrinsics:
    """Read back what frame_writer said about a camera."""
    return Intrinsics(**{**about, 'distortion': tuple(about['distortion'])})
