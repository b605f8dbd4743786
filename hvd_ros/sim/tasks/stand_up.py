# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What Pen Insert and Cup Upright share: a thing lies on a table and belongs upright on a target.

The thing lies to one side, within reach of that hand, and the target nearer to the middle.
"""

import math

import mujoco
import numpy as np

from hvd_ros.sim import scene
from hvd_ros.sim.scene import TABLE_HEIGHT_M as TABLE
from hvd_ros.sim.tasks import facts
from hvd_ros.sim.tasks.setting import Setting, draw, draw_apart

_LIES = (0.78, 0.12, -0.9), (0.90, 0.30, 0.9)  # x, y to the side, yaw of the thing
_STANDS = (0.80, -0.08), (0.92, 0.02)  # x, y of the target


class StandUp:
    """A task with a thing that is to be stood up on a target."""

    thing: str
    target: str
    radius: float  # of the thing, which lies on its side
    apart: float  # of their middles, at least

    def furnish(self, spec: mujoco.MjSpec) -> mujoco.MjsBody:
        """Stand the table and return the target, yet to be filled."""
        scene.table(spec, 'table', at=(1.0, 0.0), size=(0.7, 1.4))
        return spec.worldbody.add_body(name=self.target, mocap=True)

    def randomise(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        rng: np.random.Generator,
        setting: Setting,
    ) -> None:
        """Lay the thing to one side, its upper end away from the robot, the target nearer."""
        side = rng.choice([-1.0, 1.0])
        x, y, yaw = draw(rng, *_LIES, setting.region)
        tx, ty = draw_apart(rng, *_STANDS, np.array([x, y]), self.apart)
        flat = facts.about_z(yaw) @ facts.about_y(math.pi / 2)
        lying = np.array([x, side * y, TABLE + self.radius + 0.001])
        facts.lay(model, data, self.thing, lying, flat)
        facts.lay(model, data, self.target, np.array([tx, side * ty, TABLE]))

    def advance(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Nothing here moves by itself."""
