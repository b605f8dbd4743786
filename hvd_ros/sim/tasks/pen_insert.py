# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pen Insert, paper B.1: a pen lies on the table, and belongs into the holder."""

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

LENGTH, RADIUS = 0.14, 0.008
HOLDER_HIGH, HOLDER_INSIDE = 0.10, 0.04
LIFTED = 0.03  # above where it lay
STILL = 0.05
APART = 0.17  # of pen and holder: half of each, and a hand between them


@dataclass(frozen=True, eq=False)
class PenTruth(Truth):
    """Where the pen is, as seen from the bottom of the holder."""

    pen: Array  # its middle, from the holder's bottom [m]
    tip: Array  # its lower end, likewise
    upright: Array  # cosine to the vertical
    high: Array  # middle above the table [m]
    speed: Array
    held: Flags  # left, right


def insert(history: PenTruth) -> float:
    """Score: firmly grasped once, and now standing in the holder, let go and at rest."""
    grasped = history.held.any(axis=-1) & (history.high > RADIUS + LIFTED)
    if not grasped.any():
        return 0.0
    inside = np.linalg.norm(history.tip[-1, :2]) < HOLDER_INSIDE + 0.005
    inside &= -0.01 < history.tip[-1, 2] < HOLDER_HIGH - 0.03
    inside &= np.linalg.norm(history.pen[-1, :2]) < HOLDER_INSIDE + 0.01
    free = not history.held[-1].any() and history.speed[-1] < STILL
    return 1.0 if inside and history.upright[-1] > 0.7 and free else 0.5


class PenInsert(StandUp):
    """The scene of the task."""

    name = 'pen_insert'
    limit_s = 45.0
    stages = (insert,)
    things = ('pen', 'holder')
    details = held('pen')
    thing, target, radius, apart = 'pen', 'holder', RADIUS, APART

    def build(self, spec: mujoco.MjSpec) -> None:
        """Stand a table, a holder on it, and lay a pen."""
        holder = self.furnish(spec)
        dark = (0.2, 0.22, 0.26, 1)
        parts.ring(holder, HOLDER_INSIDE + 0.003, 0, HOLDER_HIGH, 0.006, dark)
        bottom = scene.cylinder(HOLDER_INSIDE + 0.003, 0.008)
        holder.add_geom(pos=[0, 0, 0.004], rgba=list(dark), **bottom, **WORLD_BITS, **scene.FIRM)
        parts.pen(spec, 'pen', LENGTH, RADIUS, (0.1, 0.2, 0.8, 1))

    def truth(self, model: mujoco.MjModel, data: mujoco.MjData) -> PenTruth:
        """Say where the pen is."""
        pen, axes = facts.pose(data, 'pen')
        holder, _ = facts.pose(data, 'holder')
        down = axes[:, 2] if axes[2, 2] < 0 else -axes[:, 2]
        return PenTruth(
            **facts.standing(model, data),
            pen=pen - holder,
            tip=pen + LENGTH / 2 * down - holder,
            upright=np.abs(axes[2, 2]),
            high=np.array(pen[2] - TABLE),
            speed=np.array(facts.speed(model, data, 'pen')),
            held=facts.by_hand(model, data, 'pen')[1],
        )


TASK = PenInsert()
