# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Everything between a physics state and a picture: the same scene once more, with cameras in it.

The studio only places bodies and draws; it never steps. One thread makes, uses and closes it.
"""

from collections.abc import Mapping, Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.core.vision.mounts import CameraMount, nominal_mounts
from hvd_ros.sim import scene as scenes
from hvd_ros.sim.mirror import Mirror
from hvd_ros.sim.render import Renderer, quick
from hvd_ros.sim.tasks.catalogue import TASKS
from hvd_ros.sim.views import View, add_cameras


class Studio:
    """Draws the views of one robot in one scene."""

    def __init__(
        self,
        body: Body,
        scene: str,
        views: Sequence[View],
        mounts: Mapping[str, CameraMount] | None = None,
        seed: int = 0,
        setting: str = 'usual',
    ) -> None:
        """
        Mount the cameras as the URDF does, or as `mounts` says they truly are.

        The seed and the setting are those of a task's episode; a furnished scene has none.
        """

        def extend(spec: mujoco.MjSpec) -> None:
            quick(spec)
            add_cameras(spec, views, mounts or nominal_mounts(body))

        self._scene = scene
        self._mirror: Mirror | None = None
        if scene in TASKS:
            self._mirror = Mirror(body, scene, seed, setting, extend)
            self.model, self.data = self._mirror.model, self._mirror.data
        else:
            spec = scenes.build(body, scene)
            extend(spec)
            self.model = spec.compile()
            self.data = mujoco.MjData(self.model)
        self._renderer = Renderer(self.model, views)

    def place(self, qpos: Array, physics: Array | None = None) -> None:
        """Put everything where a state of the same scene has it; a task's is its whole physics."""
        if self._mirror is not None and physics is not None:
            self._mirror.place(physics)
            mujoco.mj_camlight(self.model, self.data)
            return
        if qpos.shape != self.data.qpos.shape:
            raise ContractMismatch(
                f"scene '{self._scene}' has {self.data.qpos.size} positions, the state "
                f'{qpos.size}; restart sim_robot and sim_cameras from one version'
            )
        self.data.qpos[:] = qpos
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)

    def draw(self, view: View, color: NDArray[np.uint8], depth_mm: NDArray[np.uint16]) -> None:
        """Draw one view into colour (H, W, 3) RGB and depth (H, W), 0 where unknown."""
        self._renderer.draw(self.data, view, color, depth_mm)

    def close(self) -> None:
        """Give the graphics memory back; safe to call twice."""
        self._renderer.close()
