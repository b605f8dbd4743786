# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The robot's cameras in a MuJoCo model: where they sit, what they take in, how far they see.

A view is an ideal pinhole with square pixels; its intrinsics follow from the vertical field of
view. Mounts are those of the URDF, or others, for a robot whose cameras were bumped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math

import mujoco
import numpy as np

from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.core.vision.mounts import CameraMount

# MuJoCo looks along -z with y up, an optical frame along z with y down.
OPTICAL_FROM_MUJOCO = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True)
class View:
    """One camera: its name, its picture, and the range of its depth."""

    camera: str
    width: int = 320
    height: int = 240
    fovy_deg: float = 70.0
    near_m: float = 0.2
    far_m: float = 5.0

    @property
    def intrinsics(self) -> Intrinsics:
        """The pinhole; MuJoCo's principal point is the middle of the picture."""
        focal = self.height / 2 / math.tan(math.radians(self.fovy_deg) / 2)
        cx, cy = (self.width - 1) / 2, (self.height - 1) / 2
        return Intrinsics(self.width, self.height, focal, focal, cx, cy)


# The head's picture is as wide as that of a ZED 2i (110 degrees) and, being four to three, higher:
# mounted as the URDF says, its 70 degrees would miss the near half of a table. Wrists: D435i.
HEAD_FOVY_DEG, WRIST_FOVY_DEG = 94.0, 58.0
VIEWS = (
    View('head', fovy_deg=HEAD_FOVY_DEG, near_m=0.2, far_m=5.0),
    View('left_wrist', fovy_deg=WRIST_FOVY_DEG, near_m=0.1, far_m=3.0),
    View('right_wrist', fovy_deg=WRIST_FOVY_DEG, near_m=0.1, far_m=3.0),
)


def add_cameras(
    spec: mujoco.MjSpec, views: Sequence[View], mounts: Mapping[str, CameraMount]
) -> None:
    """Mount the cameras of all views on the robot's links."""
    for view in views:
        mount = mounts[view.camera]
        pose = np.asarray(mount.parent_from_camera, dtype=np.float64)
        quat = np.zeros(4)
        mujoco.mju_mat2Quat(quat, (pose[:3, :3] @ OPTICAL_FROM_MUJOCO).ravel())
        spec.body(mount.parent).add_camera(
            name=view.camera, pos=pose[:3, 3], quat=quat, fovy=view.fovy_deg
        )
    biggest = spec.visual.global_
    biggest.offwidth = max(view.width for view in views)
    biggest.offheight = max(view.height for view in views)
