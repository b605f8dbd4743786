# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
All mounts and the place of the board at once, by least squares on what the pictures show.

Gauss-Newton with Levenberg's damping on poses; every picture gets a weight, because a picture is
wrong as a whole: the robot still moved, or somebody touched the board.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from hvd_ros.core.calibration.hand_eye import cross, rotation_of
from hvd_ros.core.robot.body import Array
from hvd_ros.core.robot.kinematics import inverse
from hvd_ros.core.vision.intrinsics import Intrinsics

BOARD = 'board'  # beside the cameras' names, for the pose base_from_board
Poses = dict[str, Array]

_NONE = np.zeros(3)
_BEHIND_PX = 1e3  # what a corner behind the camera costs
_STEPS = 60
_CONVERGED = 1e-12  # of a step [m, rad]
_FLOOR_PX = 0.05  # below this no picture is better than another
_ALL_ALIKE_PX = 1e9


@dataclass(frozen=True, eq=False)
class Picture:
    """Corners in one picture and where the camera's link was."""

    camera: str
    base_from_parent: Array  # (4, 4)
    points: Array  # (N, 3) in the board [m]
    pixels: Array  # (N, 2)


@dataclass(frozen=True, eq=False)
class Slope:
    """The squared residuals around some poses, to second order."""

    hessian: Array  # (6 n, 6 n) [px^2], n poses in the order of Fit.names, each m, m, m, rad x 3
    gradient: Array  # (pictures, 6 n), of each picture
    stretch: Array  # (6 n + 1,) mixed and own second derivative of the board's size
    stretch_gradient: float


class Fit:
    """What a set of pictures says about the mounts of their cameras."""

    def __init__(self, pictures: Sequence[Picture], cameras: Mapping[str, Intrinsics]) -> None:
        self.pictures = tuple(pictures)
        self.names = (BOARD, *sorted({p.camera for p in pictures}))
        self._cameras = cameras

    def solve(self, start: Poses) -> tuple[Poses, float]:
        """Return the poses that explain most pictures, and their robust cost."""
        poses, cost = start, np.inf
        for share in (8.0, 3.0, 3.0):
            # Cauchy: a picture that is off by much more than the others hardly counts.
            bound = share * max(float(np.median(self.rms_px(poses))), _FLOOR_PX)
            poses, cost = self._descend(poses, bound)
        return poses, cost

    def refine(self, poses: Poses) -> Poses:
        """Return the least squares of all pictures alike."""
        return self._descend(poses, _ALL_ALIKE_PX)[0]

    def rms_px(self, poses: Poses) -> Array:
        """Return how far the corners of each picture are off."""
        return np.array([_rms(self._project(p, poses)[0]) for p in self.pictures])

    def slope(self, poses: Poses, weights: Array | None = None) -> Slope:
        """Return the weighted squares around these poses."""
        size = 6 * len(self.names)
        full, rows = np.zeros((size + 1, size + 1)), np.zeros((len(self.pictures), size + 1))
        for i, picture in enumerate(self.pictures):
            off, jacobian = self._jacobian(picture, poses)
            weight = 1.0 if weights is None else weights[i]
            full += weight * jacobian.T @ jacobian
            rows[i] = weight * jacobian.T @ off
        return Slope(full[:size, :size], rows[:, :size], full[size], float(rows[:, size].sum()))

    def scale(self, poses: Poses) -> float:
        """Return how many times larger than its numbers the board looks beside the robot."""
        slope = self.slope(poses)
        size = len(slope.hessian)
        full = np.zeros((size + 1, size + 1))
        full[:size, :size], full[size], full[:, size] = slope.hessian, slope.stretch, slope.stretch
        down = np.append(slope.gradient.sum(axis=0), slope.stretch_gradient)
        return 1.0 - float(np.linalg.lstsq(full, down, rcond=1e-12)[0][size])

    def _descend(self, poses: Poses, bound_px: float) -> tuple[Poses, float]:
        damping, cost = 1e-4, self._cost(poses, bound_px)
        for _ in range(_STEPS):
            slope = self.slope(poses, 1 / (1 + (self.rms_px(poses) / bound_px) ** 2))
            damped = slope.hessian + damping * np.diag(np.diag(slope.hessian) + 1e-9)
            step = -np.linalg.lstsq(damped, slope.gradient.sum(axis=0), rcond=None)[0]
            moved = self._moved(poses, step)
            new = self._cost(moved, bound_px)
            if new <= cost:
                poses, cost, damping = moved, new, damping / 10
            else:
                damping *= 10
            if np.abs(step).max() < _CONVERGED:
                break
        return poses, cost

    def _cost(self, poses: Poses, bound_px: float) -> float:
        corners = np.array([len(p.pixels) for p in self.pictures])
        squares = np.log1p((self.rms_px(poses) / bound_px) ** 2) * bound_px**2
        return float(corners @ squares)

    def _moved(self, poses: Poses, step: Array) -> Poses:
        return {n: _moved(poses[n], s) for n, s in zip(self.names, _sixes(step), strict=True)}

    def _project(self, picture: Picture, poses: Poses) -> tuple[Array, Array, Array, Array]:
        """Return residuals (N, 2), d pixel / d point (N, 2, 3), points in the camera, rotation."""
        base_from_camera = picture.base_from_parent @ poses[picture.camera]
        camera_from_board = inverse(base_from_camera) @ poses[BOARD]
        rotation = camera_from_board[:3, :3]
        seen = picture.points @ rotation.T + camera_from_board[:3, 3]
        ahead = seen[:, 2] > 0
        camera = self._cameras[picture.camera]
        # The derivative by a translation of all points is that by each point.
        pixels, slopes = cv2.projectPoints(
            np.where(ahead[:, None], seen, [0, 0, 1]),
            _NONE,
            _NONE,
            camera.matrix,
            np.array(camera.distortion),
        )
        off: Array = np.where(ahead[:, None], pixels.reshape(-1, 2) - picture.pixels, _BEHIND_PX)
        by_point = np.asarray(slopes[:, 3:6].reshape(-1, 2, 3) * ahead[:, None, None], np.float64)
        return off, by_point, seen, rotation

    def _jacobian(self, picture: Picture, poses: Poses) -> tuple[Array, Array]:
        """Return residuals (2 N,) and derivatives (2 N, 6 n + 1), the last by the board's size."""
        off, by_point, seen, rotation = self._project(picture, poses)
        jacobian = np.zeros((len(off), 2, 6 * len(self.names) + 1))
        board, camera = (6 * self.names.index(n) for n in (BOARD, picture.camera))
        turned = by_point @ rotation
        jacobian[:, :, board : board + 3] = turned
        jacobian[:, :, board + 3 : board + 6] = -turned @ cross(picture.points)
        jacobian[:, :, camera : camera + 3] = -by_point
        jacobian[:, :, camera + 3 : camera + 6] = by_point @ cross(seen)
        jacobian[:, :, -1] = np.einsum('nij,nj->ni', turned, picture.points)
        return off.ravel(), jacobian.reshape(-1, jacobian.shape[2])


def _moved(pose: Array, step: Array) -> Array:
    """Return the pose moved and turned in its own frame."""
    moved = pose.copy()
    moved[:3, 3] += pose[:3, :3] @ step[:3]
    moved[:3, :3] = pose[:3, :3] @ rotation_of(step[3:])
    return moved


def _sixes(step: Array) -> Array:
    return step.reshape(-1, 6)


def _rms(off: Array) -> float:
    return float(np.sqrt(np.mean(np.sum(off**2, axis=-1))))
