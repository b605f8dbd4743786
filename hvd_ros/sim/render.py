# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Colour and depth of the robot's views, off screen and without a graphics card.

One pass gives both: MuJoCo's own renderer draws once for colour and again for depth. Whoever makes
a Renderer must use it, and close it, in the same thread.
"""

from collections.abc import Sequence
import os
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import DeviceError
from hvd_ros.sim.views import View

_PACKAGES = 'libegl1 libegl-mesa0 libgl1-mesa-dri'


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
        mujoco.mjv_updateScene(
            self._model,
            data,
            self._option,
            None,
            self._look[view.camera],
            mujoco.mjtCatBit.mjCAT_ALL.value,
            self._scene,
        )
        self._gl.make_current()  # somebody else in this thread may have drawn meanwhile
        mujoco.mjr_render(rect, self._scene, self._context)
        mujoco.mjr_readPixels(rgb, z, rect, self._context)
        color[:] = rgb[::-1]
        depth_mm[:] = self._millimetres(z, view)[::-1]

    def close(self) -> None:
        """Give the graphics memory back; safe to call twice."""
        if self._gl is not None:
            self._gl.make_current()
            self._context.free()
            self._gl.free()
            self._gl = None

    def _millimetres(self, z: NDArray[np.float32], view: View) -> NDArray[np.uint16]:
        # What is read is 1 at the near plane and 0 at the far one, linear in 1/depth.
        near, far = self._near_m, self._far_m
        inverse_m = z * np.float32(1 / near - 1 / far) + np.float32(1 / far)
        seen = (inverse_m <= 1 / view.near_m) & (inverse_m >= 1 / view.far_m)
        mm = np.where(seen, np.rint(1000 / inverse_m), 0)
        return mm.astype(np.uint16)


def quick(spec: mujoco.MjSpec) -> None:
    """Choose what a picture costs: no smoothing of edges, no shadows (some 20 times faster)."""
    quality = spec.visual.quality
    quality.offsamples = 0
    # Flat faces in one piece; a can is still round to less than a millimetre, a ball less so.
    quality.numquads, quality.numslices, quality.numstacks = 1, 16, 6
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
