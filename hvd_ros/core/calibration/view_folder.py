# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The pictures of a calibration on disk: what a live one took, to be solved again or looked at.

A folder holds `views.json` (intrinsics, and per picture its camera and the joints) and one JPEG or
PNG per picture, so that anybody can add, drop or inspect pictures by hand.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
import json
from pathlib import Path
from typing import Any

import numpy as np

from hvd_ros.core.calibration.charuco import Pixels
from hvd_ros.core.errors import CalibrationError
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.core.vision.codec import decode_color, encode_color
from hvd_ros.core.vision.intrinsics import Intrinsics

KIND = 'hvd_ros/calibration_views'
VERSION = 1
INDEX = 'views.json'


@dataclass(frozen=True, eq=False)
class TakenPicture:
    """One picture, and the joints while it was taken."""

    camera: str
    values: Array  # (D,) body values
    jpeg: bytes

    def pixels(self) -> Pixels:
        """Return the picture (H, W, 3) RGB."""
        return decode_color(self.jpeg)


class ViewFolder:
    """Writes pictures as they are taken; the index is complete after every one."""

    def __init__(self, folder: Path, body: Body) -> None:
        self._folder, self._body = folder, body
        self._rows: list[dict[str, Any]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, camera: str, values: Array, rgb: Pixels | bytes, lens: Intrinsics) -> None:
        """Keep one picture, as JPEG bytes or pixels."""
        name = f'{camera}_{len(self._rows):03d}.jpg'
        data = rgb if isinstance(rgb, bytes) else encode_color(rgb, quality=95)
        (self._folder / name).write_bytes(data)
        joints = {
            d.joint: float(value * d.joint_per_unit)
            for d, value in zip(self._body.dimensions, values, strict=True)
            if d.joint
        }
        row = {'file': name, 'camera': camera, 'joints': joints, 'intrinsics': asdict(lens)}
        self._rows.append(row)
        content = {'kind': KIND, 'version': VERSION, 'robot': self._body.name, 'views': self._rows}
        fresh = self._folder / (INDEX + '.new')
        fresh.write_text(json.dumps(content, indent=1) + '\n', encoding='utf-8')
        fresh.replace(self._folder / INDEX)


def read_views(folder: Path, body: Body) -> tuple[list[TakenPicture], dict[str, Intrinsics]]:
    """Return the pictures of a folder and the intrinsics of its cameras."""
    path = folder / INDEX
    try:
        data = json.loads(path.read_text(encoding='utf-8'))
        if data.get('kind') != KIND or data.get('version') != VERSION:
            raise ValueError(f'not a file of {KIND}, version {VERSION}')
        if data['robot'] != body.name:
            raise ValueError(f"of robot '{data['robot']}', not '{body.name}' (--robot)")
        taken = [_picture(folder, row, body) for row in data['views']]
        lenses = {row['camera']: _lens(row['intrinsics']) for row in data['views']}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CalibrationError(
            f'{path}: {error}; it is made by `hvd calibrate cameras --keep FOLDER`'
        ) from None
    return taken, lenses


def _picture(folder: Path, row: Mapping[str, Any], body: Body) -> TakenPicture:
    values = body.values_of(row['joints'])
    shown = np.array([bool(d.joint) for d in body.dimensions])
    if not np.isfinite(values[shown]).all():
        missing = [d.joint for d, v in zip(body.dimensions, values, strict=True)
                   if d.joint and not np.isfinite(v)]  # fmt: skip
        raise ValueError(f'{row["file"]}: no position of {", ".join(missing)}')
    jpeg = (folder / row['file']).read_bytes()
    return TakenPicture(row['camera'], np.where(shown, values, 0.0), jpeg)


def _lens(row: Mapping[str, Any]) -> Intrinsics:
    return Intrinsics(**{**row, 'distortion': tuple(row['distortion'])})
