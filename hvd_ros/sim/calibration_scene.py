# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The twin in front of a ChArUco board, to prove a calibration and to rehearse one.

The board in the picture is the very sheet that `hvd calibrate cameras --print-board` writes, and
the cameras may sit elsewhere than drawn, as on a robot whose cameras were bumped.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import mujoco
import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.calibration.board_print import draw_page
from hvd_ros.core.calibration.charuco import Charuco
from hvd_ros.core.calibration.hand_eye import rotation_of
from hvd_ros.core.robot.body import Array, Body, Kind
from hvd_ros.core.robot.kinematics import BodyKinematics, inverse
from hvd_ros.core.vision.mounts import CameraMount
from hvd_ros.sim import robot_model
from hvd_ros.sim.render import Renderer, quick
from hvd_ros.sim.views import View, add_cameras

Rgb = NDArray[np.uint8]

# Propped up by 30 degrees in front of the robot, where its head and both hands can look at it.
CENTRE_M = (0.72, 0.0, 0.76)
TILT_RAD = 0.5
_SHRINK = 2  # of the sheet's ten pixels per millimetre
# Two triangles a side of the sheet, outwards: front (z = 0), back, and the four edges.
_FACES = (
    (0, 2, 1), (1, 2, 3), (4, 5, 6), (5, 7, 6), (0, 1, 4), (1, 5, 4),
    (2, 6, 3), (3, 6, 7), (0, 4, 2), (2, 4, 6), (1, 3, 5), (3, 7, 5),
)  # fmt: skip
_SAMPLES = 8  # per pixel; without, edges jump by whole pixels
_REACH_RAD = 0.7  # how far poses stray from home
_TRIES = 20000


@dataclass(frozen=True)
class Poses:
    """What is wanted of joint poses that look at the board."""

    each: int = 15  # per camera
    least_away_m: float = 0.15
    most_away_m: float = 0.9
    steepest: float = 0.6  # cosine between the line of sight and the board's normal
    seed: int = 0


def base_from_board(board: Charuco) -> Array:
    """Return where the board stands: x to the robot's right, y towards it, z into the paper."""
    width, height = board.config.size_m
    pose = np.eye(4)
    flat = np.array([[0.0, -1, 0], [-1, 0, 0], [0, 0, -1]])
    pose[:3, :3] = rotation_of(np.array([0.0, -TILT_RAD, 0])) @ flat
    pose[:3, 3] = CENTRE_M - pose[:3, :3] @ [width / 2, height / 2, 0]
    return pose


def build(
    body: Body, board: Charuco, views: Sequence[View], mounts: Mapping[str, CameraMount]
) -> mujoco.MjSpec:
    """Return the robot, its cameras at these mounts, and the board."""
    spec = robot_model.build(body)
    quick(spec)
    spec.visual.quality.offsamples = _SAMPLES
    add_cameras(spec, views, mounts)
    _board(spec, board)
    return spec


def bumped(
    mounts: Mapping[str, CameraMount], most_m: float, most_rad: float, seed: int = 0
) -> dict[str, CameraMount]:
    """Return mounts as after a blow: each moved and turned by half to all of the most."""
    random = np.random.default_rng(seed)
    moved = {}
    for name, mount in mounts.items():
        shift, turn = (
            _direction(random) * random.uniform(0.5, 1.0) * m for m in (most_m, most_rad)
        )
        pose = np.array(mount.parent_from_camera)
        pose[:3, 3] += shift
        pose[:3, :3] = pose[:3, :3] @ rotation_of(turn)
        moved[name] = replace(mount, parent_from_camera=pose)
    return moved


class CalibrationScene:
    """Pictures of the board, for joint values."""

    def __init__(
        self, body: Body, board: Charuco, views: Sequence[View], mounts: Mapping[str, CameraMount]
    ) -> None:
        self._body, self._board = body, board
        self._views = {view.camera: view for view in views}
        self._model = build(body, board, views, mounts).compile()
        self._data = mujoco.MjData(self._model)
        self._renderer = Renderer(self._model, views)

    def picture(self, camera: str, values: Array) -> Rgb:
        """Return what a camera sees with the joints at these values (D,)."""
        for dimension, value in zip(self._body.dimensions, values, strict=True):
            if dimension.joint:
                joint = self._model.joint(dimension.joint)
                self._data.qpos[joint.qposadr[0]] = value * dimension.joint_per_unit
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_camlight(self._model, self._data)
        view = self._views[camera]
        color = np.empty((view.height, view.width, 3), np.uint8)
        depth = np.empty((view.height, view.width), np.uint16)
        self._renderer.draw(self._data, view, color, depth)
        return color

    def close(self) -> None:
        """Give the graphics memory back."""
        self._renderer.close()


@contextmanager
def calibration_scene(
    body: Body, board: Charuco, views: Sequence[View], mounts: Mapping[str, CameraMount]
) -> Iterator[CalibrationScene]:
    """Open a scene for the length of a with block."""
    scene = CalibrationScene(body, board, views, mounts)
    try:
        yield scene
    finally:
        scene.close()


def looking_poses(
    body: Body, board: Charuco, view: View, mount: CameraMount, wanted: Poses | None = None
) -> list[Array]:
    """
    Return joint values (D,) from which a camera sees the whole board; the same every time.

    Nobody looks for collisions: these are poses for a picture, not a path for a robot.
    """
    wanted = wanted or Poses()
    random = np.random.default_rng(wanted.seed)
    kinematics, home = BodyKinematics(body), body.pose('home')
    turning = body.mask(Kind.POSITION)
    found: list[Array] = []
    for _ in range(_TRIES):
        if len(found) == wanted.each:
            break
        stray = random.uniform(-_REACH_RAD, _REACH_RAD, body.size) * turning
        values = np.clip(home + stray, body.limits.low, body.limits.high)
        camera = kinematics.pose(values, mount.parent) @ mount.parent_from_camera
        if _sees(inverse(camera) @ base_from_board(board), board, view, wanted):
            found.append(values)
    return found


def _sees(camera_from_board: Array, board: Charuco, view: View, wanted: Poses) -> bool:
    width, height = board.config.size_m
    corners = np.array([[x, y, 0, 1] for x in (0, width) for y in (0, height)])
    seen = corners @ camera_from_board[:3].T
    middle = seen.mean(axis=0)
    away = float(np.linalg.norm(middle))
    if not wanted.least_away_m < away < wanted.most_away_m or seen[:, 2].min() < 0.05:
        return False
    if middle @ camera_from_board[:3, 2] < wanted.steepest * away:
        return False
    camera = view.intrinsics
    pixels = seen[:, :2] / seen[:, 2:] * [camera.fx, camera.fy] + [camera.cx, camera.cy]
    return bool((pixels > 0).all() and (pixels < [view.width - 1, view.height - 1]).all())


def _board(spec: mujoco.MjSpec, board: Charuco) -> None:
    page = draw_page(board)
    rows, columns = page.pixels.shape
    small = page.pixels.reshape(rows // _SHRINK, _SHRINK, columns // _SHRINK, _SHRINK)
    gray = small.mean(axis=(1, 3)).round().astype(np.uint8)
    texture = spec.add_texture(name='board', type=mujoco.mjtTexture.mjTEXTURE_2D, nchannel=3)
    texture.width, texture.height = gray.shape[1], gray.shape[0]
    texture.data = np.repeat(gray[:, :, None], 3, axis=2).tobytes()
    paper = spec.add_material(name='board', emission=0.4, specular=0, shininess=0)
    paper.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = 'board'
    # The sheet in the board's frame: x right, y down, z into the paper.
    left, top = (-at for at in page.squares_at_m)
    right, low = left + page.width_mm / 1e3, top + page.height_mm / 1e3
    thick = 0.004
    corners = [[x, y, z] for z in (0, thick) for y in (top, low) for x in (left, right)]
    spec.add_mesh(
        name='board',
        uservert=np.ravel(corners),
        usertexcoord=np.ravel([[u, v] for _ in range(2) for v in (0, 1) for u in (0, 1)]),
        userface=np.ravel(_FACES),
    )
    pose = base_from_board(board)
    turn = np.zeros(4)
    mujoco.mju_mat2Quat(turn, pose[:3, :3].ravel())
    place = [0, 0, robot_model.FLOOR_BELOW_BASE_M]
    spec.worldbody.add_body(name='board', pos=pose[:3, 3] + place, quat=turn).add_geom(
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname='board',
        material='board',
        contype=0,
        conaffinity=0,
    )


def _direction(random: np.random.Generator) -> Array:
    direction = random.normal(size=3)
    return np.asarray(direction / np.linalg.norm(direction))
