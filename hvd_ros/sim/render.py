# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Colour and depth of the robot's views, off screen and without a graphics card.

One pass gives both: MuJoCo's own renderer draws once for colour and again for depth. Whoever makes
a Renderer must use it, and close it, in the same thread.
"""

from collections.abc import Sequence
import math
import os
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import DeviceError
from hvd_ros.sim.views import View

_PACKAGES = 'libegl1 libegl-mesa0 libgl1-mesa-dri'
_HIDDEN = 5  # a group of geoms that MuJoCo does not draw unless told to


class Renderer:
    """Draws the views of one model; the model needs their cameras (see views.add_cameras)."""

    def __init__(self, model: mujoco.MjModel, views: Sequence[View]) -> None:
        self._model = model
        self._near_m = float(model.vis.map.znear * model.stat.extent)
        self._far_m = float(model.vis.map.zfar * model.stat.extent)
        width, height = max(v.width for v in views), max(v.height for v in views)
        self._gl: Any = _context(width, height)
        self._gl.make_current()
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_50.value)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self._context)
        # Depth in reverse: as fine at five metres as near by, instead of coarse.
        self._context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        self._scene = mujoco.MjvScene(model, maxgeom=2000)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        self._option = mujoco.MjvOption()
        self._look: dict[str, mujoco.MjvCamera] = {v.camera: _fixed(model, v) for v in views}
        self._upside_down = {
            v.camera: (
                np.empty((v.height, v.width, 3), np.uint8),
                np.empty((v.height, v.width), np.float32),
            )
            for v in views
        }

    def draw(
        self,
        data: mujoco.MjData,
        view: View,
        color: NDArray[np.uint8],
        depth_mm: NDArray[np.uint16],
    ) -> None:
        """
        Draw one view of a state into colour (H, W, 3) RGB and depth (H, W).

        Depth is along the optical axis; 0 outside of the view's range.
        """
        rect = mujoco.MjrRect(0, 0, view.width, view.height)
        rgb, z = self._upside_down[view.camera]
        self._arrange(data, view)
        self._gl.make_current()  # somebody else in this thread may have drawn meanwhile
        mujoco.mjr_render(rect, self._scene, self._context)
        mujoco.mjr_readPixels(rgb, z, rect, self._context)
        color[:] = rgb[::-1]
        self._to_millimetres(z, view)
        np.copyto(depth_mm, z[::-1], casting='unsafe')

    def _arrange(self, data: mujoco.MjData, view: View) -> None:
        """Put what a view sees into the scene; what is out of sight costs as much."""
        groups = self._model.geom_group
        usual = groups.copy()
        groups[out_of_sight(self._model, data, view)] = _HIDDEN
        try:
            mujoco.mjv_updateScene(
                self._model,
                data,
                self._option,
                None,
                self._look[view.camera],
                mujoco.mjtCatBit.mjCAT_ALL.value,
                self._scene,
            )
        finally:
            groups[:] = usual

    def close(self) -> None:
        """Give the graphics memory back; safe to call twice."""
        if self._gl is not None:
            self._gl.make_current()
            self._context.free()
            self._gl.free()
            self._gl = None

    def _to_millimetres(self, z: NDArray[np.float32], view: View) -> None:
        """Turn what was read into whole millimetres, 0 outside of the view's range."""
        # What is read is 1 at the near plane and 0 at the far one, linear in 1/depth. All in
        # place: memory that is new with every picture takes longer to come than to fill.
        near, far = self._near_m, self._far_m
        z *= np.float32(1 / near - 1 / far)
        z += np.float32(1 / far)
        seen = (z <= 1 / view.near_m) & (z >= 1 / view.far_m)
        np.divide(np.float32(1000), z, out=z)
        np.rint(z, out=z)
        z *= seen


def out_of_sight(model: mujoco.MjModel, data: mujoco.MjData, view: View) -> NDArray[np.bool_]:
    """Say which geoms (N,) cannot be in a picture: the balls around them are beside it."""
    camera = model.camera(view.camera).id
    turned = data.cam_xmat[camera].reshape(3, 3)
    x, y, z = ((data.geom_xpos - data.cam_xpos[camera]) @ turned).T  # it looks along -z
    up = math.tan(math.radians(model.cam_fovy[camera]) / 2)
    aside = up * view.width / view.height
    radius = model.geom_rbound
    left_or_right = np.abs(x) + aside * z > radius * math.hypot(1, aside)
    above_or_below = np.abs(y) + up * z > radius * math.hypot(1, up)
    # A plane has no ball; it is everywhere.
    unseen: NDArray[np.bool_] = (left_or_right | above_or_below) & (radius > 0)
    return unseen


def quick(spec: mujoco.MjSpec) -> None:
    """Choose what a picture costs: no smoothing of edges, no shadows (some 20 times faster)."""
    quality = spec.visual.quality
    quality.offsamples = 0
    # Flat faces in one piece; a can is still round to less than a millimetre, a ball less so.
    quality.numquads, quality.numslices, quality.numstacks = 1, 16, 4
    spec.visual.map.znear = 0.01  # of the extent: 2 cm, closer than any finger to a wrist camera
    spec.visual.map.zfar = 50


def _fixed(model: mujoco.MjModel, view: View) -> mujoco.MjvCamera:
    camera = mujoco.MjvCamera()
    camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
    camera.fixedcamid = model.camera(view.camera).id
    return camera


def _context(width: int, height: int) -> Any:
    # llvmpipe draws on every core unless told not to; the physics needs one.
    os.environ.setdefault('LP_NUM_THREADS', '0')
    backend = os.environ.get('MUJOCO_GL') or 'egl'
    try:
        if backend == 'osmesa':
            from mujoco.osmesa import GLContext
        else:
            from mujoco.egl import GLContext
        return GLContext(width, height)
    except (ImportError, AttributeError, RuntimeError, OSError) as error:
        other = 'osmesa' if backend != 'osmesa' else 'egl'
        raise DeviceError(
            f'nothing can be drawn with MUJOCO_GL={backend}: {error}; install PyOpenGL and '
            f'{_PACKAGES}, or try MUJOCO_GL={other} (libosmesa6)'
        ) from None
