# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a calibration of cameras says to the person who made it."""

from collections.abc import Mapping

from hvd_ros.core.calibration.calibrator import Calibration, CameraResult
from hvd_ros.core.calibration.charuco import BoardConfig
from hvd_ros.core.calibration.hand_eye import difference
from hvd_ros.core.vision.mounts import CameraMount

_ODD_SCALE = 0.01  # the squares are not what was said
_MUCH_PX = 1.5


def report(calibration: Calibration, before: Mapping[str, CameraMount], board: BoardConfig) -> str:
    """Return the residuals, the change from the mounts before, and what looks wrong."""
    lines = []
    for name, found in calibration.cameras.items():
        lines += _of_camera(found, before[name])
    square_mm = 1e3 * board.square_m
    if abs(calibration.scale - 1) > _ODD_SCALE:
        lines.append(
            f'the squares look like {square_mm * calibration.scale:.2f} mm, not {square_mm:g}: '
            'measure one on the paper and pass --square-mm'
        )
    return '\n'.join(lines)


def _of_camera(found: CameraResult, before: CameraMount) -> list[str]:
    mm, deg = difference(before.parent_from_camera, found.parent_from_camera)
    since = f'measured {before.calibrated}' if before.calibrated else 'as drawn'
    lines = [
        f'{found.camera} on {found.parent}: {len(found.view_px) - len(found.left_out)} pictures, '
        f'{found.residual_px:.2f} px rms ({1e3 * found.residual_m:.1f} mm at the board), '
        f'expected error {found.expected_mm:.1f} mm, {found.expected_deg:.2f} deg',
        f'  moved by {mm:.1f} mm and {deg:.2f} deg against before ({since})',
    ]
    for name in found.left_out:
        lines.append(f'  left out: {name}, off by {found.view_px[name]:.1f} px')
    if found.residual_px > _MUCH_PX:
        lines.append(
            f'  more than {_MUCH_PX} px: a soft arm, a wrong square size, a bent board or another '
            "camera's intrinsics"
        )
    return lines
