# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Wipe Board, paper B.3: fetch the eraser, wipe the marks, and bring the eraser back.

The board stands on a sprung hinge, so that who presses too hard tilts it. A mark is a spot of ink;
it goes when the eraser covers it and is pressed on, and does not come back: data.userdata keeps
which are gone.
"""

from dataclasses import dataclass
from typing import ClassVar

import mujoco
import numpy as np

from hvd_ros.core.robot.body import Array
from hvd_ros.sim.robot_model import FLOOR_BELOW_BASE_M, WORLD_BITS
from hvd_ros.sim.scene import loose
from hvd_ros.sim.tasks import facts, parts
from hvd_ros.sim.tasks.setting import Setting, draw
from hvd_ros.sim.tasks.sim_task import Detail, Flags, Truth, held

BOARD_X, TRAY = 1.15, 0.95
SLOT_X = BOARD_X - 0.047
ERASER = (0.025, 0.04, 0.03)  # half edges
COLUMNS, ROWS, PITCH = 10, 6, 0.02
MARKS = COLUMNS * ROWS
WIPES = 1.5  # [N] that take ink away
REACH = 0.85  # of an eraser from the middle of the base, seen from above
LIFTED = 0.03
FIRMLY = 5  # control steps of holding it up in a row
TILTED = np.radians(10)
CLEAN = 0.99


@dataclass(frozen=True, eq=False)
class WipeTruth(Truth):
    """The eraser, the ink and the board."""

    eraser: Array  # from its slot [m]
    away: Array  # of the eraser from the base, seen from above [m]
    upright: Array
    speed: Array
    wiped: Array  # share of the marks that is gone
    ink: Array  # middle of the marks that are left, or of all once none is, in the base's axes [m]
    tilt: Array  # of the board [rad]
    held: Flags  # left, right


def fetch(history: WipeTruth) -> float:
    """Score: stood where an eraser is within reach; held one up for half a second."""
    up = history.held.any(axis=-1) & (history.eraser[:, 2] > LIFTED)
    if _in_a_row(up & (history.away < REACH)) >= FIRMLY:
        return 1.0
    return 0.5 if (history.away < REACH).any() else 0.0


def wipe(history: WipeTruth) -> float:
    """Score: all marks gone and the board never tilted; or some, by an eraser in a hand."""
    in_hand: Flags = np.asarray(history.held.any(axis=-1))
    gone = np.diff(history.wiped)[in_hand[1:] | in_hand[:-1]].sum()
    # An eraser that is thrown at the board takes some ink along, too.
    if gone < 0.05:
        return 0.0
    steady = np.abs(history.tilt).max() < TILTED
    return 1.0 if history.wiped[-1] >= CLEAN and steady else 0.5


def bring_back(history: WipeTruth) -> float:
    """Score: after it was held up, it lies in its slot; or was let go near it."""
    up = history.held.any(axis=-1) & (history.eraser[:, 2] > LIFTED)
    if not up.any() or history.held[-1].any():
        return 0.0
    x, y, z = history.eraser[-1]
    lies = abs(x) < 0.03 and abs(y) < 0.04 and abs(z) < 0.012 and history.upright[-1] > 0.97
    if lies and history.speed[-1] < 0.05:
        return 1.0
    last = np.flatnonzero(history.held.any(axis=-1))[-1]
    near = np.linalg.norm(history.eraser[last, :2]) < 0.12 and history.eraser[last, 2] < 0.15
    # Let go before it was ever used: it was dropped on the way, not brought back.
    return 0.5 if near and history.wiped[-1] > 0 else 0.0


def _in_a_row(flags: Flags) -> int:
    best = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        best = max(best, run)
    return best


class WipeBoard:
    """The scene of the task."""

    name = 'wipe_board'
    limit_s = 60.0
    stages = (fetch, wipe, bring_back)
    things = ('eraser', 'slot', 'whiteboard')
    details: ClassVar[dict[str, Detail]] = held('eraser') | {
        'whiteboard.tilt': lambda truth: truth.tilt,
        'ink.wiped': lambda truth: truth.wiped,
        'ink.base.x': lambda truth: truth.ink[0],
        'ink.base.y': lambda truth: truth.ink[1],
        'ink.base.z': lambda truth: truth.ink[2],
    }

    def build(self, spec: mujoco.MjSpec) -> None:
        """Stand a board with its marks, a tray before it, and an eraser in its slot."""
        spec.nuserdata = max(spec.nuserdata, MARKS)
        grey = (0.42, 0.43, 0.45, 1)
        face = spec.worldbody.add_body(name='whiteboard', pos=[BOARD_X, 0, TRAY - 0.02])
        hinge = face.add_joint(
            name='whiteboard',
            type=mujoco.mjtJoint.mjJNT_HINGE,
            axis=[0, 1, 0],
            range=[-0.3, 0.3],
        )
        parts.sprung(hinge, stiffness=60, damping=3)
        slippery = {'friction': [0.4, 0.01, 0.001], 'mass': 2.0}
        parts.board(face, (0.01, 0.6, 0.35), (0.011, 0, 0.37), (0.95, 0.95, 0.96, 1), **slippery)
        for i in range(MARKS):
            face.add_site(
                name=f'mark{i}',
                pos=[0, 0, 0.1],  # at its body's origin MuJoCo would not look at where it is moved
                type=mujoco.mjtGeom.mjGEOM_BOX,
                size=[0.001, 0.007, 0.007],
                rgba=[0.75, 0.1, 0.12, 1],
                group=0,
            )
        stand = spec.worldbody.add_body(name='stand', pos=[BOARD_X, 0, 0])
        parts.board(stand, (0.04, 0.6, 0.01), (-0.045, 0, TRAY - 0.01), grey)
        parts.board(stand, (0.004, 0.6, 0.012), (-0.085, 0, TRAY + 0.005), grey)
        leg = (TRAY - 0.02) / 2
        for y in (-0.5, 0.5):
            parts.board(stand, (0.03, 0.03, leg), (0.05, y, leg), grey)
        slot = spec.worldbody.add_body(name='slot', mocap=True)
        slot.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=[0.03, 0.045, 0.001],
            rgba=[0.9, 0.75, 0.2, 1],
            contype=0,
            conaffinity=0,
        )
        eraser = loose(spec, 'eraser', (0, 0, 0))
        eraser.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=list(ERASER),
            mass=0.06,
            rgba=[0.2, 0.2, 0.6, 1],
            condim=4,
            solref=[0.008, 1],
            friction=[1, 0.02, 0.001],
            **WORLD_BITS,
        )

    def randomise(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        rng: np.random.Generator,
        setting: Setting,
    ) -> None:
        """Put the slot somewhere on the tray, the eraser into it, and write on the board."""
        slot = np.array([SLOT_X, float(draw(rng, [-0.25], [-0.05])[0]), TRAY])
        facts.lay(model, data, 'slot', slot)
        facts.lay(model, data, 'eraser', slot + [0, 0, ERASER[2] + 0.001])
        y, z = draw(rng, (-0.15, 1.15), (0.10, 1.32), setting.region)
        for i in range(MARKS):
            column, row = i % COLUMNS - (COLUMNS - 1) / 2, i // COLUMNS - (ROWS - 1) / 2
            at = (0.0005, y + PITCH * column, z - TRAY + 0.02 + PITCH * row)
            model.site_pos[model.site(f'mark{i}').id] = at
        self.advance(model, data)

    def advance(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Take away the ink that the eraser is pressed on."""
        first = model.site('mark0').id
        ours = slice(first, first + MARKS)
        if facts.press(model, data, 'whiteboard', 'eraser') > WIPES:
            eraser, axes = facts.pose(data, 'eraser')
            from_eraser = np.abs((data.site_xpos[ours] - eraser) @ axes)
            covered = (from_eraser < [0.05, ERASER[1], ERASER[2]]).all(axis=1)
            data.userdata[:MARKS][covered] = 1.0
        model.site_rgba[ours, 3] = 1.0 - data.userdata[:MARKS]

    def truth(self, model: mujoco.MjModel, data: mujoco.MjData) -> WipeTruth:
        """Say where the eraser is, and what is left of the marks."""
        eraser, axes = facts.pose(data, 'eraser')
        slot, _ = facts.pose(data, 'slot')
        return WipeTruth(
            **facts.standing(model, data),
            eraser=eraser - slot - [0, 0, ERASER[2]],
            away=np.array(np.linalg.norm(eraser[:2] - data.qpos[:2])),
            upright=np.array(axes[2, 2]),
            speed=np.array(facts.speed(model, data, 'eraser')),
            wiped=np.array(data.userdata[:MARKS].mean()),
            ink=self._ink(model, data),
            tilt=np.array(data.joint('whiteboard').qpos[0]),
            held=facts.by_hand(model, data, 'eraser')[1],
        )

    def _ink(self, model: mujoco.MjModel, data: mujoco.MjData) -> Array:
        first = model.site('mark0').id
        left = data.userdata[:MARKS] == 0
        marks = data.site_xpos[first : first + MARKS][left if left.any() else slice(None)]
        x, y, yaw = data.qpos[:3]
        middle: Array = facts.about_z(-yaw) @ (marks.mean(axis=0) - [x, y, FLOOR_BELOW_BASE_M])
        return middle


TASK = WipeBoard()
