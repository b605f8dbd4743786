# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A robot whose cameras sit elsewhere than drawn, and exact corners of a board, by formula."""

from dataclasses import replace

import cv2
import numpy as np

from hvd_ros.core.calibration.calibrator import BoardView
from hvd_ros.core.calibration.charuco import Charuco
from hvd_ros.core.calibration.hand_eye import rotation_of
from hvd_ros.core.robot.body import Array, Kind
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.kinematics import BodyKinematics, inverse
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.core.vision.mounts import nominal_mounts

BODY = load_body('r1')
KINEMATICS = BodyKinematics(BODY)
NOMINAL = nominal_mounts(BODY)
BOARD = Charuco()
LENS = Intrinsics(640, 480, 343.0, 341.0, 321.5, 237.5, (0.05, -0.1, 0.001, 0.002, 0.01))
LENSES = dict.fromkeys(NOMINAL, LENS)
HOME = BODY.pose('home')


def pose(turn: tuple[float, ...], shift: tuple[float, ...]) -> Array:
    """Return a pose from axis times angle [rad] and a shift [m]."""
    made = np.eye(4)
    made[:3, :3], made[:3, 3] = rotation_of(np.array(turn)), shift
    return made


_FLAT = np.array([[0.0, -1, 0, 0], [-1, 0, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]])
BASE_FROM_BOARD = pose((0, -0.5, 0), (0.75, 0.12, 0.80)) @ _FLAT
TRUE = {
    'head': NOMINAL['head'].parent_from_camera @ pose((0.05, -0.04, 0.06), (0.02, -0.01, 0.02)),
    'left_wrist': NOMINAL['left_wrist'].parent_from_camera
    @ pose((-0.06, 0.02, 0.05), (0.01, 0.025, -0.01)),
    'right_wrist': NOMINAL['right_wrist'].parent_from_camera
    @ pose((0.03, 0.07, -0.03), (-0.02, 0.01, 0.015)),
}


def camera_from_board(camera: str, values: Array, board: Array = BASE_FROM_BOARD) -> Array:
    """Return where a camera sees the board."""
    return inverse(KINEMATICS.pose(values, NOMINAL[camera].parent) @ TRUE[camera]) @ board


def view_of(
    camera: str, values: Array, board: Array = BASE_FROM_BOARD, name: str = ''
) -> BoardView:
    """Return the exact corners of the board in one picture."""
    seen = camera_from_board(camera, values, board)
    pixels, _ = cv2.projectPoints(
        BOARD.points, cv2.Rodrigues(seen[:3, :3])[0], seen[:3, 3], LENS.matrix,
        np.array(LENS.distortion),
    )  # fmt: skip
    return BoardView(camera, values, BOARD.points, pixels.reshape(-1, 2), name)


def poses(camera: str, count: int, *, joints: str = 'joint', seed: int = 1) -> list[Array]:
    """Return joint values near home from which a camera has the board before it."""
    random = np.random.default_rng(seed)
    moving = BODY.mask(Kind.POSITION) & np.array([joints in d.joint for d in BODY.dimensions])
    found: list[Array] = []
    while len(found) < count:
        stray = random.uniform(-0.5, 0.5, BODY.size) * moving
        values = np.clip(HOME + stray, BODY.limits.low, BODY.limits.high)
        seen = camera_from_board(camera, values)
        corners = BOARD.points @ seen[:3, :3].T + seen[:3, 3]
        ahead = corners[:, 2].min() > 0.15 and seen[2, 2] > 0.4
        aside = np.abs(corners[:, :2] / corners[:, 2:]).max()
        if ahead and aside < 1.0:
            found.append(values)
    return found


def views(cameras: tuple[str, ...] = tuple(NOMINAL), count: int = 12) -> list[BoardView]:
    """Return exact views of several cameras."""
    return [
        view_of(camera, values, name=f'{camera} {i}')
        for camera in cameras
        for i, values in enumerate(poses(camera, count), 1)
    ]


def blurred(view: BoardView, px: float, seed: int = 0) -> BoardView:
    """Return a view whose corners are off by normal noise."""
    noise = np.random.default_rng(seed + len(view.name)).normal(0, px, view.pixels.shape)
    return replace(view, pixels=view.pixels + noise)
