# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trash Dispose: press the lid open, fetch the paper behind the back, drop it, shut and latch."""

from collections.abc import Sequence
import math

import numpy as np

from hvd_ros.core.robot.body import Array
from hvd_ros.sim.experts.acts import Act
from hvd_ros.sim.experts.motion import DOWN, Moves, Operator, above
from hvd_ros.sim.ik import Grip
from hvd_ros.sim.scene import TABLE_HEIGHT_M as TABLE
from hvd_ros.sim.tasks import facts
from hvd_ros.sim.tasks.trash_dispose import CAN_HALF, CAN_HIGH, OPEN, SEAT, SHUT

SIDE = 'right'
HAND = facts.about_y(-0.25) @ DOWN  # leaning back, so that the wrist clears the lid
LID = np.array([-0.05, 0.0, CAN_HIGH + 0.017])  # where it is pressed, from the can
MOUTH = np.array([-0.045, 0.0, CAN_HIGH + 0.10])
BACK = np.array([-0.12, 0.0, 0.0])
TIP = 0.02  # of the fingers beyond the gripping point
DEEP_ENOUGH = -0.024


def trash_dispose(op: Operator) -> Sequence[Act]:
    """Open, fetch, dispose, close."""
    return TrashDispose(op).acts()


class TrashDispose:
    """The work between can and chair, done with the right hand."""

    def __init__(self, op: Operator) -> None:
        self._op = op

    def acts(self) -> Sequence[Act]:
        """Return the parts of the work."""
        op = self._op
        return (
            Act('go', self._go, lambda: op.at(0.33, 0.12, 0.0)),
            Act('open', self._open, lambda: op.eyes.true_angle('lid') > OPEN),
            Act('go to chair', self._go_to_chair),
            Act('grasp', self._grasp, self._up, self._let_be),
            Act('go back', self._go_back),
            Act('drop', self._drop),
            Act('shut', self._shut),
            Act('latch', self._latch, lambda: op.eyes.true_angle('lid') < SHUT),
        )

    def _can(self) -> Array:
        return self._op.eyes.see('can')[0]

    def _go(self) -> Moves:
        self._op.openings[SIDE] = 0.0
        yield from self._rise()
        yield from self._op.drive(self._can()[0] - 0.62, self._can()[1] + 0.12, 0.0)

    def _rise(self) -> Moves:
        """Lift the hand above the can before driving there: from below it would force the lid."""
        op = self._op
        x, y, yaw = op.eyes.base
        place = np.array([x, y, 0]) + facts.about_z(yaw) @ [0.48, -0.27, TABLE + CAN_HIGH + 0.20]
        yield from op.reach({SIDE: Grip(place, op.eyes.hand(SIDE).axes)}, 18)

    def _open(self) -> Moves:
        op, lid = self._op, self._can() + LID
        op.openings[SIDE] = 0.0
        yield from op.reach(_at(lid, 0.12), 25)
        yield from op.reach(_at(lid, 0.03), 8)
        yield from self._press()
        yield from op.reach(_at(lid + BACK, 0.14), 8)
        yield from op.wait(6)

    def _press(self) -> Moves:
        op, lid = self._op, self._can() + LID
        for i in range(16):
            op.aim(_at(lid, TIP + 0.01 - 0.006 * i), steps=3)
            yield op.act()
            if op.eyes.angle('lid') < DEEP_ENOUGH:
                return

    def _go_to_chair(self) -> Moves:
        op = self._op
        yield from op.pose('home', 18)
        _, y, _ = op.eyes.base
        yield from op.drive(0.05, y, 0.0, near=0.05, turned_by=0.06)
        paper, _ = op.eyes.see('paper')
        yield from op.drive(paper[0] + 0.12, -0.50, -math.pi / 2)

    def _grasp(self) -> Moves:
        op = self._op
        op.openings[SIDE] = 1.0
        hand = facts.about_z(-math.pi / 2) @ DOWN
        paper, _ = op.eyes.see('paper')
        yield from op.reach({SIDE: Grip(above(paper, 0.16), hand)}, 28)
        yield from op.close_in({SIDE: Grip(paper, hand)}, 14, near=5e-3)
        yield from op.close(SIDE)
        yield from op.reach({SIDE: Grip(above(paper, 0.25), hand)}, 14)

    def _up(self) -> bool:
        height = self._op.eyes.look('paper')[0][2]
        return bool(height > SEAT + 0.1 or height < SEAT - 0.1)

    def _let_be(self) -> Moves:
        yield from self._op.open(SIDE)

    def _go_back(self) -> Moves:
        op = self._op
        op.carry(SIDE, to=self._can() + MOUTH)
        yield from op.pose('home', 22)
        yield from op.drive(0.05, -0.1, 0.0, near=0.05, turned_by=0.06)
        yield from self._rise()
        yield from op.drive(self._can()[0] - 0.65, self._can()[1] + 0.12, 0.0)

    def _drop(self) -> Moves:
        op, mouth = self._op, self._can() + MOUTH
        yield from op.reach(_at(mouth + [-0.08, 0, 0], 0.08), 25)
        yield from op.reach(_at(mouth, 0.0), 12)
        yield from op.open(SIDE)
        yield from op.reach(_at(mouth + [-0.10, 0, 0], 0.14), 10)
        op.openings[SIDE] = 0.0

    def _shut(self) -> Moves:
        op = self._op
        yield from op.reach(_at(self._on_lid(1.35, 0.045) + [0.02, 0, 0], 0.16), 16)
        yield from op.reach(_at(self._on_lid(1.35, 0.045), 0.0), 10)
        for angle in np.linspace(1.25, 0.05, 8):
            away = 0.045 - 0.02 * (1.25 - angle) / 1.2
            yield from op.reach(_at(self._on_lid(angle, away), 0.0), 4, patience=1)

    def _latch(self) -> Moves:
        """Press it down; a press that was one too many opens it again."""
        op = self._op
        if op.eyes.true_angle('lid') > OPEN:
            yield from self._shut()
        yield from self._press()
        yield from op.wait(2)
        yield from op.reach(_at(self._can() + LID + BACK, 0.14), 10)
        yield from op.wait(6)

    def _on_lid(self, angle: float, away: float, along: float = 0.17) -> Array:
        """Return a place above the lid at an angle, `along` from its hinge."""
        c, s = math.cos(angle), math.sin(angle)
        hinge = self._can() + [CAN_HALF, 0.0, CAN_HIGH + 0.012]
        offset: Array = np.array([-along * c + away * s, 0.0, along * s + away * c])
        return hinge + offset


def _at(place: Array, up: float) -> dict[str, Grip]:
    return {SIDE: Grip(above(place, up), HAND)}
