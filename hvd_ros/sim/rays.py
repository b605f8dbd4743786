# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A small cloud without a picture: rays from the cameras, through every n-th pixel.

It needs no graphics and costs a fraction of a depth image, which makes it the cloud of quick
tests and small policies. What a ray meets has its colour, unlit; the robot hides what is behind it
and is left out, as in the cloud of the depth images.
"""

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.policy.observation import PointCloud
from hvd_ros.core.robot.body import Array
from hvd_ros.core.vision.sampling import farthest
from hvd_ros.sim.views import OPTICAL_FROM_MUJOCO, View

# What is drawn: the scene's groups and the robot's visuals, not its collision shapes.
_GROUPS = np.array([1, 1, 1, 0, 0, 0], np.uint8)
_NEAR_INK_M = 0.002  # in front of the spot of colour that a site is


class RayCloud:
    """Casts the rays of some views in one model."""

    def __init__(
        self, model: mujoco.MjModel, views: Sequence[View], stride_px: int, points: int
    ) -> None:
        self._model, self._views, self._points = model, views, points
        self._ways = {v.camera: _ways(v, stride_px) for v in views}
        root = model.body('base_link').id
        self._robot = model.body_rootid[model.geom_bodyid] == root
        self._housing = {v.camera: _housing(model, v.camera) for v in views}
        self._color = _colors(model)
        self._ink = np.flatnonzero(model.site_group == 0)
        most = max(len(ways) for ways in self._ways.values())
        self._hit, self._far = np.zeros(most, np.int32), np.zeros(most)
        # MuJoCo 4 also tells the normals, if asked; 3.3 has no place for the question.
        self._more = {'normal': None} if 'normal' in (mujoco.mj_multiRay.__doc__ or '') else {}

    def cloud(self, data: mujoco.MjData, low: Array, high: Array) -> PointCloud:
        """Return the cloud in a box of base_link; the points are repeated where too few."""
        base = data.body('base_link')
        axes = base.xmat.reshape(3, 3)
        parts = [self._cast(data, view) for view in self._views]
        world = np.concatenate([xyz for xyz, _ in parts])
        xyz = ((world - base.xpos) @ axes).astype(np.float32)
        kept = ((xyz >= low) & (xyz <= high)).all(axis=1)
        xyz, rgb = xyz[kept], np.concatenate([rgb for _, rgb in parts])[kept]
        chosen = farthest(xyz, self._points)
        return xyz[chosen], rgb[chosen]

    def _cast(self, data: mujoco.MjData, view: View) -> tuple[Array, NDArray[np.uint8]]:
        camera = data.camera(view.camera)
        ways = self._ways[view.camera]
        turned = ways @ (camera.xmat.reshape(3, 3) @ OPTICAL_FROM_MUJOCO).T
        hit, far = self._hit[: len(ways)], self._far[: len(ways)]
        mujoco.mj_multiRay(
            m=self._model,
            d=data,
            pnt=camera.xpos,
            vec=turned.ravel(),
            geomgroup=_GROUPS,
            flg_static=True,
            bodyexclude=self._housing[view.camera],
            geomid=hit,
            dist=far,
            nray=len(ways),
            cutoff=2 * view.far_m,
            **self._more,
        )
        depth = far * ways[:, 2]
        seen = (hit >= 0) & (depth >= view.near_m) & (depth <= view.far_m)
        seen[seen] &= ~self._robot[hit[seen]]
        place = camera.xpos + far[seen, None] * turned[seen]
        return place, self._inked(data, place, self._color[hit[seen]])

    def _inked(
        self, data: mujoco.MjData, place: Array, rgb: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """Colour the points that lie on a painted spot: rays meet no sites."""
        there = self._ink[self._model.site_rgba[self._ink, 3] > 0]
        if there.size and len(place):
            away = np.abs(place[:, None] - data.site_xpos[there])
            on = (away <= self._model.site_size[there] + _NEAR_INK_M).all(axis=2)
            spot = there[on.argmax(axis=1)]
            ink = np.rint(255 * self._model.site_rgba[spot, :3]).astype(np.uint8)
            rgb = rgb.copy()
            rgb[on.any(axis=1)] = ink[on.any(axis=1)]
        return rgb


def _ways(view: View, stride_px: int) -> Array:
    """Return the unit directions of every n-th pixel in the optical frame."""
    k, first = view.intrinsics, stride_px // 2
    u, v = np.meshgrid(np.arange(first, k.width, stride_px), np.arange(first, k.height, stride_px))
    ways = np.stack([(u - k.cx) / k.fx, (v - k.cy) / k.fy, np.ones(u.shape)], axis=-1)
    unit: Array = (ways / np.linalg.norm(ways, axis=-1, keepdims=True)).reshape(-1, 3)
    return unit


def _housing(model: mujoco.MjModel, camera: str) -> int:
    """Return the body that a camera looks out of; a ray would meet it from the inside."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    mujoco.mj_camlight(model, data)
    visible = np.flatnonzero(_GROUPS[model.geom_group] > 0)
    away = np.linalg.norm(data.geom_xpos[visible] - data.camera(camera).xpos, axis=1)
    return int(model.geom_bodyid[visible[away.argmin()]])


def _colors(model: mujoco.MjModel) -> NDArray[np.uint8]:
    """Return the colour of every geom, of its material where it has one."""
    rgba = model.geom_rgba.copy()
    with_material = model.geom_matid >= 0
    rgba[with_material] = model.mat_rgba[model.geom_matid[with_material]]
    colors: NDArray[np.uint8] = np.rint(255 * rgba[:, :3]).astype(np.uint8)
    return colors
