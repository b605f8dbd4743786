# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trash Dispose: press the lid open, fetch the paper behind the back, drop it, shut and latch."""

import math

import numpy as np

from hvd_ros.core.robot.body import Array
from hvd_ros.sim.experts.motion import DOWN, Moves, Operator, above
from hvd_ros.sim.ik import Grip
from hvd_ros.sim.scene import TABLE_HEIGHT_M as TABLE
from hvd_ros.sim.tasks import facts
from hvd_ros.sim.tasks.trash_dispose import CAN_HALF, CAN_HIGH, CAN_X, OPEN, SHUT

SIDE = 'right'
HAND = facts.about_y(-0.25) @ DOWN  # leaning back, so that the wrist clears the lid
LID = np.array([CAN_X - 0.05, 0.0, TABLE + CAN_HIGH + 0.017])  # where it is pressed
TIP = 0.02  # of the fingers beyond the gripping point
DEEP_ENOUGH = -0.024


def trash_dispose(op: Operator) -> Moves:
    """Open, fetch, dispose, close."""
    op.openings[SIDE] = 0.0
    yield from _raise(op)
    yield from op.drive(0.33, 0.12, 0.0)
    yield from op.reach(_at(LID, 0.12), 25)
    yield from op.reach(_at(LID, 0.03), 8)
    yield from _press(op)
    yield from _withdraw(op)
    yield from _fetch(op)
    yield from _drop(op)
    yield from _shut(op)
    yield from _latch(op)
    yield from op.wait(5)


def _raise(op: Operator) -> Moves:
    """Lift the hand above the can before driving there: from below it would force the lid."""
    x, y, yaw = op.base
    place = np.array([x, y, 0]) + facts.about_z(yaw) @ [0.48, -0.27, TABLE + CAN_HIGH + 0.20]
    yield from op.reach({SIDE: Grip(place, op.hand(SIDE).axes)}, 18)


def _press(op: Operator) -> Moves:
    for i in range(16):
        op.aim(_at(LID, TIP + 0.01 - 0.006 * i), steps=3)
        yield op.act()
        if op.angle('lid') < DEEP_ENOUGH:
            return


def _withdraw(op: Operator) -> Moves:
    yield from op.reach(_at(LID + [-0.12, 0, 0], 0.14), 8)
    yield from op.wait(6)


def _fetch(op: Operator) -> Moves:
    yield from op.pose('home', 18)
    op.openings[SIDE] = 0.0
    _, y, _ = op.base
    yield from op.drive(0.05, y, 0.0, near=0.05, turned_by=0.06)
    paper, _ = op.see('paper')
    yield from op.drive(paper[0] + 0.12, -0.50, -math.pi / 2)
    op.openings[SIDE] = 1.0
    hand = facts.about_z(-math.pi / 2) @ DOWN
    for _ in range(2):
        paper, _ = op.see('paper')
        yield from op.reach({SIDE: Grip(above(paper, 0.16), hand)}, 28)
        yield from op.reach({SIDE: Grip(paper, hand)}, 14, near=5e-3)
        yield from op.grip(SIDE)
        yield from op.reach({SIDE: Grip(above(paper, 0.25), hand)}, 14)
        if op.see('paper')[0][2] > paper[2] + 0.1:
            break
        op.openings[SIDE] = 1.0


def _drop(op: Operator) -> Moves:
    yield from op.pose('home', 22)
    yield from op.drive(0.05, -0.1, 0.0, near=0.05, turned_by=0.06)
    yield from _raise(op)
    yield from op.drive(0.30, 0.12, 0.0)
    mouth = np.array([CAN_X - 0.045, 0.0, TABLE + CAN_HIGH + 0.10])
    yield from op.reach(_at(mouth + [-0.08, 0, 0], 0.08), 25)
    yield from op.reach(_at(mouth, 0.0), 12)
    yield from op.grip(SIDE, opening=0.9)
    yield from op.reach(_at(mouth + [-0.10, 0, 0], 0.14), 10)
    op.openings[SIDE] = 0.0


def _shut(op: Operator) -> Moves:
    yield from op.reach(_at(_on_lid(1.35, 0.045) + [0.02, 0, 0], 0.16), 16)
    yield from op.reach(_at(_on_lid(1.35, 0.045), 0.0), 10)
    for angle in np.linspace(1.25, 0.05, 8):
        away = 0.045 - 0.02 * (1.25 - angle) / 1.2
        yield from op.reach(_at(_on_lid(angle, away), 0.0), 4, patience=1)


def _latch(op: Operator) -> Moves:
    """Press until it stays down; a press that was one too many opens it again."""
    for _ in range(3):
        yield from _press(op)
        yield from op.wait(2)
        yield from op.reach(_at(LID + [-0.12, 0, 0], 0.14), 10)
        yield from op.wait(6)
        if op.angle('lid') < SHUT:
            return
        if op.angle('lid') > OPEN:
            yield from _shut(op)


def _on_lid(angle: float, away: float, along: float = 0.17) -> Array:
    """Return a place above the lid at an angle, `along` from its hinge."""
    c, s = math.cos(angle), math.sin(angle)
    hinge = np.array([CAN_X + CAN_HALF, 0.0, TABLE + CAN_HIGH + 0.012])
    offset: Array = np.array([-along * c + away * s, 0.0, along * s + away * c])
    return hinge + offset


def _at(place: Array, up: float) -> dict[str, Grip]:
    return {SIDE: Grip(above(place, up), HAND)}
