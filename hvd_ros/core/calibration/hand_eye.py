# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Hand-eye calibration in closed form: where a camera sits on a link that moves.

Park and Martin, "Robot sensor calibration: solving AX = XB on the Euclidean group" (1994): what
the link turned by and what the camera turned by are the same turns in two frames. It starts the
refinement in calibration.py, and says around which axes the link was turned.
"""

from collections.abc import Sequence
from itertools import combinations

import cv2
import numpy as np

from hvd_ros.core.errors import CalibrationError
from hvd_ros.core.robot.body import Array
from hvd_ros.core.robot.kinematics import inverse

LEAST_VIEWS = 3
_LEAST_TURN_RAD = 1e-3  # a smaller turn tells nothing about its axis


def hand_eye(base_from_parent: Sequence[Array], camera_from_board: Sequence[Array]) -> Array:
    """
    Return parent_from_camera (4, 4) from poses of the link and of the board at the same moments.

    The board stands still in the base frame. Raises CalibrationError if the link was not turned
    around two axes: then many mounts explain the same views.
    """
    pairs = [
        (inverse(base_from_parent[j]) @ base_from_parent[i], board_j @ inverse(board_i))
        for (i, board_i), (j, board_j) in combinations(enumerate(camera_from_board), 2)
    ]
    turns = [(rotation_vector(a[:3, :3]), rotation_vector(b[:3, :3])) for a, b in pairs]
    of_link = np.array([a for a, _ in turns]).reshape(-1, 3)
    of_camera = np.array([b for _, b in turns]).reshape(-1, 3)
    spread = np.linalg.svd(of_link, compute_uv=False) if len(turns) >= LEAST_VIEWS else (0, 0)
    if spread[1] < _LEAST_TURN_RAD:
        raise CalibrationError('the camera was not turned around two axes')
    parent_from_camera = np.eye(4)
    rotation = _closest_rotation(of_link.T @ of_camera)
    parent_from_camera[:3, :3] = rotation
    # (R_A - 1) t = R_X t_B - t_A for every pair.
    left = np.concatenate([a[:3, :3] - np.eye(3) for a, _ in pairs])
    right = np.concatenate([rotation @ b[:3, 3] - a[:3, 3] for a, b in pairs])
    parent_from_camera[:3, 3] = np.linalg.lstsq(left, right, rcond=None)[0]
    return parent_from_camera


def turned_deg(rotations: Sequence[Array]) -> Array:
    """Return how far (rms) rotations spread around three axes, widest first, shape (3,)."""
    middle = mean_rotation(rotations)
    turns = np.array([rotation_vector(middle.T @ r) for r in rotations])
    spread: Array = np.linalg.svd(turns, compute_uv=False)
    return np.asarray(np.rad2deg(np.pad(spread, (0, 3))[:3] / np.sqrt(len(rotations))))


def middle_of(poses: Sequence[Array]) -> Array:
    """Return a pose in the middle of several, which one wrong pose does not pull away."""
    stack = np.asarray(poses)
    centre = np.median(stack[:, :3, 3], axis=0)
    near = np.argsort(np.linalg.norm(stack[:, :3, 3] - centre, axis=1))[: (len(stack) + 1) // 2]
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = mean_rotation(list(stack[near, :3, :3])), centre
    return pose


def mean_rotation(rotations: Sequence[Array]) -> Array:
    """Return the rotation closest to several, (3, 3)."""
    return _closest_rotation(np.sum(rotations, axis=0))


def rotation_vector(rotation: Array) -> Array:
    """Return axis times angle [rad], (3,)."""
    return np.asarray(cv2.Rodrigues(np.ascontiguousarray(rotation))[0], np.float64).ravel()


def rotation_of(vector: Array) -> Array:
    """Return the rotation (3, 3) of axis times angle [rad]."""
    return np.asarray(cv2.Rodrigues(vector)[0], np.float64)


def cross(vector: Array) -> Array:
    """Return the matrices [v]x of vectors (..., 3), shape (..., 3, 3)."""
    x, y, z = np.moveaxis(vector, -1, 0)
    zero = np.zeros_like(x)
    rows = [zero, -z, y, z, zero, -x, -y, x, zero]
    return np.stack(rows, axis=-1).reshape(*vector.shape[:-1], 3, 3)


def difference(one: Array, other: Array) -> tuple[float, float]:
    """Return by how many mm and degrees two poses differ."""
    turn = rotation_vector(one[:3, :3].T @ other[:3, :3])
    apart = np.linalg.norm(one[:3, 3] - other[:3, 3])
    return float(apart) * 1e3, float(np.rad2deg(np.linalg.norm(turn)))


def _closest_rotation(matrix: Array) -> Array:
    u, _, vt = np.linalg.svd(matrix)
    rotation: Array = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt
    return rotation
