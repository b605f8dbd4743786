# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Trash Dispose, paper B.5: open the can, fetch the paper from the chair, drop it in, close, latch.

The lid has a spring that opens it and a push latch: pressed down and let go, it is toggled. Both
live in the physics: the latch is a constraint that is switched on and off, data.userdata keeps
whether it is pressed and how often it was.
"""

from dataclasses import dataclass
from typing import ClassVar

import mujoco
import numpy as np

from hvd_ros.core.robot.body import Array
from hvd_ros.sim import scene
from hvd_ros.sim.robot_model import WORLD_BITS
from hvd_ros.sim.scene import TABLE_HEIGHT_M as TABLE
from hvd_ros.sim.tasks import facts, parts
from hvd_ros.sim.tasks.setting import Setting, draw
from hvd_ros.sim.tasks.sim_task import Detail, Flags, Truth, episodes_of, held

CAN_X, CAN_HIGH, CAN_HALF = 0.95, 0.24, 0.11
CHAIR_X, CHAIR_Y, SEAT = 0.1, -1.25, 0.45
PAPER = (0.036, 0.032, 0.028)
OPEN, SHUT = 0.9, 0.12  # [rad]
PRESSED, RELEASED = -0.02, -0.012
LIFTED = 0.10
# In userdata: whether the lid is pressed, how often it was, when a hand last touched what.
_PRESSED, _PRESSES = 0, 1
_TOUCHED = {'lid': 2, 'paper': 3}
_STEP_S = 0.1  # between two truths


@dataclass(frozen=True, eq=False)
class TrashTruth(Truth):
    """The lid and the paper."""

    lid: Array  # [rad], 0 shut
    latched: Flags
    lid_touched: Flags  # by either hand, since the truth before
    paper: Array  # from the middle of the can's bottom [m]
    paper_up: Array  # above the seat of the chair [m]
    paper_touched: Flags  # by either hand, since the truth before
    speed: Array  # of the paper
    held: Flags  # paper in left, right


def open_lid(history: TrashTruth) -> float:
    """Score: the lid stood open and free; by the first contact with it."""
    is_open = np.flatnonzero((history.lid > OPEN) & ~history.latched)
    if not is_open.size:
        return 0.0
    return 1.0 if episodes_of(history.lid_touched[: is_open[0] + 1]) == 1 else 0.5


def grasp(history: TrashTruth) -> float:
    """Score: the paper was held up off the chair; by the first contact with it."""
    up = np.flatnonzero(history.held.any(axis=-1) & (history.paper_up > LIFTED))
    if not up.size:
        return 0.0
    return 1.0 if episodes_of(history.paper_touched[: up[0] + 1]) == 1 else 0.5


def dispose(history: TrashTruth) -> float:
    """Score: after a hand held it, the paper lies within the can, let go; or on its rim."""
    if not history.held.any() or history.held[-1].any() or history.speed[-1] > 0.1:
        return 0.0
    x, y, z = history.paper[-1]
    aside = max(abs(x), abs(y))
    if aside < CAN_HALF and 0 < z < CAN_HIGH - 0.03:
        return 1.0
    return 0.5 if aside < CAN_HALF + 0.05 and z >= CAN_HIGH - 0.03 else 0.0


def close_lid(history: TrashTruth) -> float:
    """Score: after it had been open the lid is down; and latched."""
    opened = ((history.lid > OPEN) & ~history.latched).any()
    if not opened or history.lid[-1] > SHUT:
        return 0.0
    return 1.0 if history.latched[-1] else 0.5


class TrashDispose:
    """The scene of the task."""

    name = 'trash_dispose'
    limit_s = 120.0
    stages = (open_lid, grasp, dispose, close_lid)
    things = ('paper', 'can', 'lid', 'chair')
    details: ClassVar[dict[str, Detail]] = held('paper') | {
        'lid.angle': lambda truth: truth.lid,
        'lid.latched': lambda truth: truth.latched,
    }

    def build(self, spec: mujoco.MjSpec) -> None:
        """Stand a can with a lid on a table, and a chair with paper to the right."""
        spec.nuserdata = max(spec.nuserdata, 4)
        scene.table(spec, 'table', at=(1.05, 0.0), size=(0.6, 1.2))
        _can(spec)
        _chair(spec)
        paper = scene.loose(spec, 'paper', (0, 0, 0))
        paper.add_geom(
            type=mujoco.mjtGeom.mjGEOM_ELLIPSOID,
            size=list(PAPER),
            mass=0.015,
            condim=6,
            friction=[1, 0.02, 0.005],
            solref=[0.015, 1],
            rgba=[0.97, 0.97, 0.97, 1],
            **WORLD_BITS,
        )

    def randomise(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        rng: np.random.Generator,
        setting: Setting,
    ) -> None:
        """Lay the paper somewhere on the chair."""
        x, y = draw(rng, (-0.09, 0.0), (0.09, 0.15), setting.region)
        at = np.array([CHAIR_X + x, CHAIR_Y + y, SEAT + 0.03])
        facts.lay(model, data, 'paper', at, facts.about_z(rng.uniform(-3, 3)))

    def advance(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Toggle the latch when the lid is pressed; note what is touched."""
        # A hand that bumps into a thing may be off again before the next truth.
        met = facts.met_by_robot(model, data)
        for name, place in _TOUCHED.items() if met else ():
            if model.body(name).id in met and facts.by_hand(model, data, name)[0].any():
                data.userdata[place] = data.time
        # It must be let go before the next time.
        angle, memory = data.joint('lid').qpos[0], data.userdata
        if memory[_PRESSED] and angle > RELEASED:
            memory[_PRESSED] = 0
        elif not memory[_PRESSED] and angle < PRESSED:
            memory[_PRESSED] = 1
            memory[_PRESSES] += 1
            latch = model.equality('latch').id
            data.eq_active[latch] = 1 - data.eq_active[latch]

    def truth(self, model: mujoco.MjModel, data: mujoco.MjData) -> TrashTruth:
        """Say how the lid stands and where the paper is."""
        paper, _ = facts.pose(data, 'paper')
        touched = {n: data.time - data.userdata[i] < _STEP_S - 1e-6 for n, i in _TOUCHED.items()}
        return TrashTruth(
            **facts.standing(model, data),
            lid=data.joint('lid').qpos[0].copy(),
            latched=np.array(bool(data.eq_active[model.equality('latch').id])),
            lid_touched=np.array(touched['lid']),
            paper=paper - [CAN_X, 0, TABLE],
            paper_up=np.array(paper[2] - SEAT),
            paper_touched=np.array(touched['paper']),
            speed=np.array(facts.speed(model, data, 'paper')),
            held=facts.by_hand(model, data, 'paper')[1],
        )


TASK = TrashDispose()


def _can(spec: mujoco.MjSpec) -> None:
    grey, half, wall = (0.35, 0.35, 0.4, 1), CAN_HALF, 0.006
    can = spec.worldbody.add_body(name='can', pos=[CAN_X, 0, TABLE])
    parts.board(can, (half, half, wall), (0, 0, wall), grey)
    for way in (-1, 1):
        aside, up = way * (half - wall), CAN_HIGH / 2
        parts.board(can, (wall, half, up), (aside, 0, up), grey)
        parts.board(can, (half - 2 * wall, wall, up), (0, aside, up), grey)
    lid = can.add_body(name='lid', pos=[half, 0, CAN_HIGH + 0.012], gravcomp=1)
    hinge = lid.add_joint(
        name='lid',
        type=mujoco.mjtJoint.mjJNT_HINGE,
        axis=[0, 1, 0],
        range=[-0.06, 1.25],
        springref=1.5,
        armature=0.002,
    )
    parts.sprung(hinge, stiffness=0.35, damping=0.08)
    parts.board(lid, (half, half, 0.005), (-half, 0, 0), (0.2, 0.6, 0.3, 1), mass=0.1)
    latch = spec.add_equality(
        name='latch',
        type=mujoco.mjtEq.mjEQ_JOINT,
        name1='lid',
        objtype=mujoco.mjtObj.mjOBJ_JOINT,
    )
    # Soft, so that a lid that is latched can still be pressed.
    latch.data[:5], latch.solref = [0, 0, 0, 0, 0], [0.04, 1]


def _chair(spec: mujoco.MjSpec) -> None:
    brown = (0.5, 0.32, 0.2, 1)
    chair = spec.worldbody.add_body(name='chair', pos=[CHAIR_X, CHAIR_Y, 0])
    parts.board(chair, (0.22, 0.22, 0.02), (0, 0, SEAT - 0.02), brown)
    parts.board(chair, (0.22, 0.02, 0.2), (0, -0.2, SEAT + 0.2), brown)
    for x in (-0.19, 0.19):
        for y in (-0.19, 0.19):
            parts.board(chair, (0.02, 0.02, 0.2), (x, y, 0.21), brown)
