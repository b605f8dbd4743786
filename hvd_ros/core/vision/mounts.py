# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Where each camera sits on the robot: as drawn in the URDF, or as `hvd calibrate cameras` measured.

A mount is relative to the link that carries the camera, so it holds for every pose of the robot.
What was measured lies per robot in the user's config folder; what was not measured is as drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import math
from pathlib import Path
from typing import Any

import numpy as np

from hvd_ros.core import durable
from hvd_ros.core.errors import CalibrationError, ConfigError, did_you_mean
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.core.robot.kinematics import Kinematics, inverse
from hvd_ros.core.robot.urdf import MOVING, read_urdf
from hvd_ros.core.share import user_config_dir

KIND = 'hvd_ros/camera_mounts'
VERSION = 1
# The optical frame (x right, y down, z ahead) of each camera in the URDF.
OPTICAL_FRAMES = {
    'head': 'zed_left_camera_optical_frame',
    'left_wrist': 'left_realsense_color_optical_frame',
    'right_wrist': 'right_realsense_color_optical_frame',
}
_NEXT = 'run `hvd calibrate cameras`'


@dataclass(frozen=True, eq=False)
class CameraMount:
    """The pose of one camera's optical frame in the link that carries it."""

    camera: str
    parent: str  # link of the URDF
    parent_from_camera: Array  # (4, 4)
    calibrated: str = ''  # ISO date and time; empty: as drawn
    residual_px: float = math.nan
    residual_m: float = math.nan
    serial: str = ''  # of the camera that was calibrated

    def age_days(self, now: datetime) -> float:
        """Return how long ago the mount was measured; infinite if it never was."""
        if not self.calibrated:
            return math.inf
        measured = datetime.fromisoformat(self.calibrated)
        # A time without a zone was written by this machine, in its own.
        return (now - measured.astimezone(UTC)).total_seconds() / 86400.0


def mounts_path(robot: str) -> Path:
    """Return the place of a robot's file in the user's config folder."""
    return user_config_dir() / robot / 'cameras.json'


def nominal_mounts(body: Body) -> dict[str, CameraMount]:
    """Return the mounts as drawn, relative to the last moving link before each camera."""
    if body.urdf is None:
        raise ConfigError(
            f'{body.name}: the robot description names no URDF, so nobody knows where its cameras '
            'are; add `urdf:` to it or use a robot that has one (r1)'
        )
    tree, joints = Kinematics(body.urdf), {j.child: j for j in read_urdf(body.urdf).joints}
    poses = tree.poses({})
    mounts = {}
    for camera, frame in OPTICAL_FRAMES.items():
        parent = tree.links[tree.link(frame)]
        while parent in joints and joints[parent].kind not in MOVING:
            parent = joints[parent].parent
        mounts[camera] = CameraMount(camera, parent, tree.a_from_b(poses, parent, frame))
    return mounts


def load_mounts(body: Body, path: Path | None = None) -> dict[str, CameraMount]:
    """
    Return the mount of every camera: measured where the robot's file has it, else as drawn.

    Without a file all are as drawn. A damaged file, or one of another robot, raises
    CalibrationError; `doubts` tells which mounts deserve a warning.
    """
    mounts = nominal_mounts(body)
    path = path or mounts_path(body.name)
    if not path.exists():
        return mounts
    assert body.urdf is not None  # nominal_mounts refused a body without one
    links = Kinematics(body.urdf).links
    for name, row in _rows(path).items():
        try:
            mounts[name] = _mount(name, row, links)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CalibrationError(f"{path}: camera '{name}': {error}; {_NEXT}") from None
    return mounts


def save_mounts(path: Path, mounts: Mapping[str, CameraMount]) -> Path:
    """
    Write the measured mounts so that a crash leaves the old file or the new one.

    Mounts as drawn (`calibrated` empty) are left out. To renew one camera only, save
    `load_mounts(body, path) | {camera: mount}`.
    """
    rows = {m.camera: _row(m) for m in mounts.values() if m.calibrated}
    return durable.save_calibration(path, KIND, VERSION, {'cameras': rows})


def doubts(
    mounts: Mapping[str, CameraMount], now: datetime, max_age_days: float = 90.0
) -> dict[str, str]:
    """Return what is doubtful about each mount: never measured, or long ago; {} if all is well."""
    said = {}
    for name, mount in mounts.items():
        age_days = mount.age_days(now)
        if not mount.calibrated:
            said[name] = f'the mount of {name} is as drawn, not measured; {_NEXT}'
        elif age_days > max_age_days:
            said[name] = (
                f'the mount of {name} was measured {age_days:.0f} days ago, more than '
                f'{max_age_days:.0f}; {_NEXT}'
            )
    return said


def _row(mount: CameraMount) -> dict[str, Any]:
    # JSON knows no NaN.
    residuals = {
        key: value if math.isfinite(value) else None
        for key, value in (('residual_px', mount.residual_px), ('residual_m', mount.residual_m))
    }
    return {
        'parent': mount.parent,
        'parent_from_camera': np.asarray(mount.parent_from_camera, dtype=np.float64).tolist(),
        'calibrated': mount.calibrated,
        **residuals,
        'serial': mount.serial,
    }


def _rows(path: Path) -> dict[str, Any]:
    what = 'a file of camera mounts'
    data = durable.load_calibration(path, KIND, VERSION, what=what, cure=_NEXT)
    rows: dict[str, Any] = data['cameras']
    return rows


def _mount(name: str, row: Mapping[str, Any], links: tuple[str, ...]) -> CameraMount:
    if name not in OPTICAL_FRAMES:
        raise ValueError(f'no such camera; {did_you_mean(name, OPTICAL_FRAMES)}')
    if row['parent'] not in links:
        raise ValueError(f"no link '{row['parent']}'; {did_you_mean(row['parent'], links)}")
    pose = np.array(row['parent_from_camera'], dtype=np.float64)
    if pose.shape != (4, 4) or not _rigid(pose):
        raise ValueError(f'parent_from_camera = {pose.tolist()} is not a rigid 4x4 transform')
    datetime.fromisoformat(row['calibrated'])
    px, m = (math.nan if row[k] is None else float(row[k]) for k in ('residual_px', 'residual_m'))
    return CameraMount(name, row['parent'], pose, row['calibrated'], px, m, str(row['serial']))


def _rigid(pose: Array) -> bool:
    unit = np.allclose(inverse(pose) @ pose, np.eye(4), atol=1e-6)
    return bool(unit and np.linalg.det(pose[:3, :3]) > 0)
