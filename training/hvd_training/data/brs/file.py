# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The HDF5 files of the BEHAVIOR Robot Suite, read as the R1's own numbers.

A file holds one demonstration at its root, or several as groups demo_0, demo_1, ... Grippers are
strokes in mm there and openings here; arms may carry the gripper as a seventh joint, which is
left out. A key that is missing is named together with those that are there.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.robot.body import Body, Kind
from hvd_training.data.source import Cloud, Float

CAMERAS = ('head', 'left_wrist', 'right_wrist')
_STROKE_MM = 100.0  # fully open
# Part of our body -> joints, gripper or base there.
_JOINTS = {'left_arm': 'left_arm', 'right_arm': 'right_arm', 'torso': 'torso'}
_GRIPPERS = {'left_gripper': 'left_gripper', 'right_gripper': 'right_gripper'}


class BrsDemo:
    """One demonstration of T frames; numbers are in the order of a body."""

    def __init__(self, group: Any, name: str, body: Body) -> None:
        self._group, self.name, self._body = group, name, body
        self.frames = len(self._get('action/left_arm'))
        self.cameras = tuple(c for c in CAMERAS if f'obs/rgb/{c}/img' in group)
        self.has_cloud = 'obs/point_cloud/fused/xyz' in group

    def position(self) -> Float:
        """Return what was measured (T, D): joints, base velocity, openings."""
        return self._values(
            lambda part: self._get(f'obs/joint_state/{part}/joint_position'),
            lambda part: self._get(f'obs/gripper_state/{part}/gripper_position'),
            self._base(),
        )

    def velocity(self) -> Float:
        """Return joint rates (T, D); NaN where there are none."""
        nothing = np.full(self.frames, np.nan)
        return self._values(
            lambda part: self._get(f'obs/joint_state/{part}/joint_velocity'),
            lambda _: nothing,
            np.full((self.frames, 3), np.nan),
        )

    def action(self) -> Float:
        """Return what was commanded (T, D)."""
        return self._values(
            lambda part: self._get(f'action/{part}'),
            lambda part: self._get(f'action/{part}'),
            self._get('action/mobile_base'),
        )

    def start_s(self) -> float:
        """Return the stamp of the first joint state; 0 where there is none."""
        stamps = self._group.get('obs/joint_state/left_arm/stamp')
        return float(stamps[0]) if stamps is not None else 0.0

    def rate_hz(self) -> float:
        """Return the rate at which it was recorded."""
        return float(self._group.attrs.get('recording_freq', 10.0))

    def color(self, camera: str, frame: int) -> NDArray[np.uint8]:
        """Return the image (H, W, 3) RGB."""
        return np.asarray(self._get_raw(f'obs/rgb/{camera}/img')[frame], dtype=np.uint8)

    def depth_mm(self, camera: str, frame: int) -> NDArray[np.uint16] | None:
        """Return depth (H, W) in mm, 0 where unknown; None where none was recorded."""
        key = f'obs/depth/{camera}/depth'
        if key not in self._group:
            return None
        metres = np.nan_to_num(self._group[key][frame], nan=0.0, posinf=0.0, neginf=0.0)
        return np.asarray(np.clip(np.round(metres * 1000), 0, 65535), dtype=np.uint16)

    def cloud(self, frame: int) -> Cloud:
        """Return the points that are no padding (N, 3) and their colours."""
        fused = self._group['obs/point_cloud/fused']
        there = np.asarray(fused['padding_mask'][frame], dtype=np.bool_)
        return np.asarray(fused['xyz'][frame][there]), np.asarray(fused['rgb'][frame][there])

    def _values(self, joints: Any, gripper: Any, base: Float) -> Float:
        values = np.full((self.frames, self._body.size), np.nan)
        for part, indices in self._body.parts.items():
            kinds = {self._body.dimensions[i].kind for i in indices}
            if part in _JOINTS:
                values[:, indices] = joints(_JOINTS[part])[:, : len(indices)]
            elif part in _GRIPPERS:
                values[:, indices[0]] = np.ravel(gripper(_GRIPPERS[part])) / _STROKE_MM
            elif kinds != {Kind.VELOCITY}:
                raise ContractMismatch(f"{self.name}: {self._body.name} has a part '{part}'")
        values[:, self._body.mask(Kind.VELOCITY)] = base
        return values

    def _base(self) -> Float:
        if 'obs/odom/base_velocity' in self._group:
            return self._get('obs/odom/base_velocity')
        linear, angular = (self._get(f'obs/odom/{k}_velocity') for k in ('linear', 'angular'))
        return np.concatenate([linear[:, :2], angular[:, 2:3]], axis=1)

    def _get(self, key: str) -> Float:
        values = np.asarray(self._get_raw(key)[()], dtype=np.float64)
        frames = getattr(self, 'frames', len(values))
        if len(values) != frames:
            raise ContractMismatch(
                f'{self.name}: {key} has {len(values)} rows, the actions {frames}; it was torn '
                'while it was written'
            )
        return values

    def _get_raw(self, key: str) -> Any:
        if key not in self._group:
            names: list[str] = []
            self._group.visit(names.append)
            top = sorted({'/'.join(name.split('/')[:2]) for name in names})
            raise ContractMismatch(f'{self.name}: no {key}; it has {", ".join(top) or "nothing"}')
        return self._group[key]


def demos(path: Path, body: Body) -> Iterator[BrsDemo]:
    """Open a file and give its demonstrations."""
    try:
        file = h5py.File(path, 'r')
    except OSError as error:
        raise ContractMismatch(f'{path} is no whole HDF5 file: {error}') from None
    with file:
        groups = sorted((n for n in file if n.startswith('demo_')), key=lambda n: int(n[5:]))
        if not groups:
            yield BrsDemo(file, path.stem, body)
        for name in groups:
            yield BrsDemo(file[name], f'{path.stem}-{name}', body)
