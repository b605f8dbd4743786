# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A task as a person in the room sees it, for pictures and films in reports.

One camera a task, which stands where hands and things are seen from; no policy ever looks
through it.
"""

from collections.abc import Callable

import mujoco
import numpy as np
import numpy.typing as npt

from hvd_ros.core.policy.observation import Picture
from hvd_ros.core.robot.body import Array
from hvd_ros.sim.render import Renderer
from hvd_ros.sim.views import View

_NAME = 'side_view'
# Where the camera stands and what it looks at, in the world [m].
_PLACES = {
    'pen_insert': ((1.6, 1.05, 1.55), (0.5, -0.05, 0.82)),
    'cup_upright': ((1.6, 1.05, 1.55), (0.5, -0.05, 0.82)),
    'wipe_board': ((-0.7, -1.6, 1.7), (0.7, 0.05, 0.9)),
    'basket_carry': ((2.0, 2.1, 1.9), (0.0, 0.4, 0.6)),
    'trash_dispose': ((1.9, 1.6, 1.8), (0.3, -0.1, 0.7)),
}
_ELSEWHERE = ((1.9, 1.7, 1.7), (0.3, 0.0, 0.75))


class SideView:
    """Draws one task's episodes from the side."""

    def __init__(self, task: str, width: int = 320, height: int = 240) -> None:
        self._view = View(_NAME, width, height, fovy_deg=50.0)
        self._from, self._to = (np.array(at) for at in _PLACES.get(task, _ELSEWHERE))
        self._renderer: Renderer | None = None
        self._depth: npt.NDArray[np.uint16] = np.empty((height, width), np.uint16)

    def extend(
        self, others: Callable[[mujoco.MjSpec], None] | None = None
    ) -> Callable[[mujoco.MjSpec], None]:
        """Return what puts the camera into a scene (see TaskEnv), after what others put there."""

        def extend(spec: mujoco.MjSpec) -> None:
            if others is not None:
                others(spec)
            turned = _quaternion(self._to - self._from)
            spec.worldbody.add_camera(
                name=_NAME, pos=self._from, quat=turned, fovy=self._view.fovy_deg
            )
            buffer = spec.visual.global_
            buffer.offwidth = max(buffer.offwidth, self._view.width)
            buffer.offheight = max(buffer.offheight, self._view.height)

        return extend

    def draw(self, model: mujoco.MjModel, data: mujoco.MjData) -> Picture:
        """Draw a state of the extended scene (H, W, 3) RGB."""
        if self._renderer is None:
            self._renderer = Renderer(model, [self._view])
        picture = np.empty((*self._depth.shape, 3), np.uint8)
        mujoco.mj_camlight(model, data)
        self._renderer.draw(data, self._view, picture, self._depth)
        return picture

    def close(self) -> None:
        """Give the graphics memory back; safe to call twice."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None


def _quaternion(ahead: Array) -> Array:
    """Return how a camera is turned that looks ahead and stands upright; it looks along -z."""
    right = np.cross(ahead, (0.0, 0.0, 1.0))
    up = np.cross(right, ahead)
    axes = np.column_stack([v / np.linalg.norm(v) for v in (right, up, -ahead)])
    found: Array = np.zeros(4)
    mujoco.mju_mat2Quat(found, axes.ravel())
    return found
