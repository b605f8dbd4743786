# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The ChArUco board that all cameras look at: what is printed and what is found in a picture.

A board of unequal squares and marker numbers tells which of its corners is which even when half of
it is hidden, and never takes itself for another board: what does not lie flat is refused.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.config import check, param
from hvd_ros.core.errors import CalibrationError, ConfigError, HvdError
from hvd_ros.core.robot.body import Array
from hvd_ros.core.vision.intrinsics import Intrinsics

Pixels = NDArray[np.uint8]

DICTIONARIES = ('DICT_4X4_50', 'DICT_4X4_100', 'DICT_5X5_100', 'DICT_6X6_250')


class BoardNotSeen(HvdError):
    """A picture does not show the board well enough; the message says what it does show."""


@dataclass(frozen=True)
class BoardConfig:
    """One board; the default fits an A4 sheet with room for a ruler."""

    columns: int = param(7, 'Squares along the longer side.', low=3, high=30)
    rows: int = param(5, 'Squares along the shorter side.', low=3, high=30)
    square_m: float = param(
        0.036, 'Edge of a square, as measured on the paper.', low=0.005, high=0.5
    )
    marker_ratio: float = param(0.75, 'Edge of a marker over that of a square.', low=0.5, high=0.9)
    dictionary: str = param('DICT_4X4_50', 'Markers in the squares.', choices=DICTIONARIES)
    least_corners: int = param(8, 'Inner corners that a picture must show.', low=6, high=900)
    flat_px: float = param(
        2.0, 'Most that a corner may lie off the plane (rms).', low=0.1, high=20.0
    )

    def __post_init__(self) -> None:
        """Refuse a board that can not be made."""
        check(self)
        markers, known = self.columns * self.rows // 2, int(self.dictionary.rsplit('_', 1)[1])
        if markers > known:
            raise ConfigError(
                f'a board of {self.columns} x {self.rows} squares needs {markers} markers, '
                f'{self.dictionary} has {known}; take fewer squares or a larger dictionary'
            )
        if self.least_corners > (self.columns - 1) * (self.rows - 1):
            raise ConfigError(
                f'a board of {self.columns} x {self.rows} squares has fewer inner corners than '
                f'least_corners = {self.least_corners}'
            )

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height of the printed squares."""
        return self.columns * self.square_m, self.rows * self.square_m


@dataclass(frozen=True, eq=False)
class Corners:
    """Inner corners of the board in one picture."""

    ids: NDArray[np.intp]  # (N,) row by row from the upper left
    points: Array  # (N, 3) [m] in the board: x right, y down, z into the paper, origin upper left
    pixels: Array  # (N, 2), (0, 0) the centre of the upper left pixel


class Charuco:
    """One board, ready to be drawn or looked for."""

    def __init__(self, config: BoardConfig | None = None) -> None:
        self.config = config = config or BoardConfig()
        dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, config.dictionary))
        self._board = cv2.aruco.CharucoBoard(
            (config.columns, config.rows),
            config.square_m,
            config.square_m * config.marker_ratio,
            dictionary,
        )
        self._detector = cv2.aruco.CharucoDetector(self._board)
        self.points: Array = np.array(self._board.getChessboardCorners(), np.float64)

    def image(self, square_px: int) -> Pixels:
        """Return the squares and markers without a margin, (rows, columns) * square_px, grey."""
        size = self.config.columns * square_px, self.config.rows * square_px
        return np.asarray(self._board.generateImage(size, marginSize=0, borderBits=1), np.uint8)

    def find(self, rgb: Pixels) -> Corners:
        """Return the corners that a picture (H, W, 3) shows, or raise BoardNotSeen."""
        gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        pixels, ids, _, markers = self._detector.detectBoard(gray)
        seen = 0 if markers is None else len(markers)
        if seen == 0:
            raise BoardNotSeen('no marker of the board is in sight')
        found = 0 if ids is None else len(ids)
        if found < self.config.least_corners:
            raise BoardNotSeen(
                f'{seen} markers but only {found} corners are in sight, '
                f'{self.config.least_corners} are needed; show more of the board, or is it '
                f'another board than {describe(self.config)}?'
            )
        numbers = np.asarray(ids, np.intp).ravel()
        points = self.points[numbers]
        if np.ptp(points[:, 0]) == 0 or np.ptp(points[:, 1]) == 0:
            raise BoardNotSeen('only one row of corners is in sight; show more of the board')
        where = np.asarray(pixels, np.float64).reshape(-1, 2) - _detector_origin_px()
        return Corners(numbers, points, where)

    def pose(self, corners: Corners, camera: Intrinsics) -> Array:
        """Return camera_from_board (4, 4); BoardNotSeen if the corners do not lie on a plane."""
        pose, rms_px = locate(corners.points, corners.pixels, camera)
        if rms_px > self.config.flat_px:
            raise BoardNotSeen(
                f'the corners lie {rms_px:.1f} px off a flat board of {describe(self.config)}; is '
                'it that board, is it flat, does camera_info belong to this camera?'
            )
        return pose


def describe(config: BoardConfig) -> str:
    """Return a board in words."""
    return (
        f'{config.columns} x {config.rows} squares of {config.square_m * 1e3:g} mm, '
        f'{config.dictionary}'
    )


def locate(points: Array, pixels: Array, camera: Intrinsics) -> tuple[Array, float]:
    """Return camera_from_board of a flat board and how far its corners are off [px rms]."""
    distortion = np.array(camera.distortion)
    # A plane seen from afar has two likely poses; the better one comes first.
    count, turns, shifts, _ = cv2.solvePnPGeneric(
        points, pixels, camera.matrix, distortion, flags=cv2.SOLVEPNP_IPPE
    )
    if not count:
        raise CalibrationError('no pose of the board explains its corners; take another view')
    turn, shift = cv2.solvePnPRefineLM(
        points, pixels, camera.matrix, distortion, turns[0], shifts[0]
    )
    seen, _ = cv2.projectPoints(points, turn, shift, camera.matrix, distortion)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = cv2.Rodrigues(turn)[0], shift.ravel()
    off = np.linalg.norm(seen.reshape(-1, 2) - pixels, axis=1)
    return pose, float(np.sqrt(np.mean(off**2)))


@cache
def _detector_origin_px() -> float:
    """
    Return which coordinate OpenCV's detector gives to the centre of the upper left pixel.

    Its camera model says 0, its ChArUco detector 0.5 (opencv issue 25539, mended in 2026). Left
    in, that half pixel looks like a camera turned by a tenth of a degree; so it is measured.
    """
    square_px = 40
    board = cv2.aruco.CharucoBoard(
        (4, 3), 1.0, 0.75, cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    )
    sheet = np.full((3 * square_px + 40, 4 * square_px + 40), 255, np.uint8)
    sheet[20:-20, 20:-20] = board.generateImage((4 * square_px, 3 * square_px))
    found = cv2.aruco.CharucoDetector(board).detectBoard(cv2.GaussianBlur(sheet, (0, 0), 1.0))[0]
    drawn = 20 + square_px - 0.5  # the first corner, between two pixels
    return round(2 * float(np.min(found) - drawn)) / 2
