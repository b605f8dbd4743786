# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cup Upright, paper B.2: a cup lies on its side, and belongs upright on the coaster."""

from dataclasses import dataclass

import mujoco
import numpy as np

from hvd_ros.core.robot.body import Array
from hvd_ros.sim import scene
from hvd_ros.sim.robot_model import WORLD_BITS
from hvd_ros.sim.scene import TABLE_HEIGHT_M as TABLE
from hvd_ros.sim.tasks import facts, parts
from hvd_ros.sim.tasks.sim_task import Flags, Truth, held
from hvd_ros.sim.tasks.stand_up import StandUp

HIGH, RADIUS = 0.10, 0.04  # outer; eight centimetres as in the paper
COASTER_HIGH, COASTER_RADIUS = 0.008, 0.06
LIFTED = 0.03
STILL = 0.05
APART = 0.13  # of cup and coaster: half of each, and some air


@dataclass(frozen=True, eq=False)
class CupTruth(Truth):
    """Where the cup is, as seen from the top of the coaster."""

    bottom: Array  # middle of its bottom, from the coaster's top [m]
    upright: Array  # cosine between the way to its mouth and up
    high: Array  # middle above the table [m]
    speed: Array
    held: Flags  # left, right


def stand(history: CupTruth) -> float:
    """Score: firmly grasped once, and now upright on the coaster, let go and at rest."""
    grasped = history.held.any(axis=-1) & (history.high > RADIUS + LIFTED)
    if not grasped.any():
        return 0.0
    on = np.linalg.norm(history.bottom[-1, :2]) < 0.04 and abs(history.bottom[-1, 2]) < 0.008
    free = not history.held[-1].any() and history.speed[-1] < STILL
    return 1.0 if on and history.upright[-1] > 0.98 and free else 0.5


class CupUpright(StandUp):
    """The scene of the task."""

    name = 'cup_upright'
    limit_s = 45.0
    stages = (stand,)
    things = ('cup', 'coaster')
    details = held('cup')
    thing, target, radius, apart = 'cup', 'coaster', RADIUS, APART

    def build(self, spec: mujoco.MjSpec) -> None:
        """Stand a table, lay a coaster and a hollow cup."""
        coaster = self.furnish(spec)
        firm = {'solref': [0.008, 1], **WORLD_BITS}
        disc = scene.cylinder(COASTER_RADIUS, COASTER_HIGH)
        pos = [0, 0, COASTER_HIGH / 2]
        coaster.add_geom(pos=pos, rgba=[0.25, 0.2, 0.18, 1], **disc, **firm)
        cup = scene.loose(spec, 'cup', (0, 0, 0))
        orange = (0.9, 0.55, 0.2, 1)
        held = {'condim': 4, 'friction': [1.0, 0.02, 0.001], 'solref': [0.006, 1]}
        half = HIGH / 2
        parts.ring(cup, RADIUS - 0.003, -half, half, 0.006, orange, 16, mass=0.05 / 16, **held)
        bottom = scene.cylinder(RADIUS - 0.004, 0.01)
        pos = [0, 0, 0.005 - half]
        cup.add_geom(pos=pos, mass=0.02, rgba=list(orange), **bottom, **held, **WORLD_BITS)

    def truth(self, model: mujoco.MjModel, data: mujoco.MjData) -> CupTruth:
        """Say where the cup is."""
        cup, axes = facts.pose(data, 'cup')
        coaster, _ = facts.pose(data, 'coaster')
        return CupTruth(
            **facts.standing(model, data),
            bottom=cup - HIGH / 2 * axes[:, 2] - coaster - [0, 0, COASTER_HIGH],
            upright=np.array(axes[2, 2]),
            high=np.array(cup[2] - TABLE),
            speed=np.array(facts.speed(model, data, 'cup')),
            held=facts.by_hand(model, data, 'cup')[1],
        )


TASK = CupUpright()
