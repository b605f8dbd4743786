# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Pen Insert and Cup Upright are one motion: grasp from above, turn the hand level, set down.

A thing that lay along the approach of a hand that pointed down stands up when the hand points
ahead; a pen needs no more, a cup must be taken with its mouth away from the wrist's far side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hvd_ros.core.robot.body import Array
from hvd_ros.sim.experts.acts import Act
from hvd_ros.sim.experts.motion import AHEAD, DOWN, Moves, Operator, above
from hvd_ros.sim.experts.senses import Look
from hvd_ros.sim.ik import Grip, turned
from hvd_ros.sim.scene import TABLE_HEIGHT_M as TABLE
from hvd_ros.sim.tasks import facts
from hvd_ros.sim.tasks.cup_upright import COASTER_HIGH, HIGH

_REACHED = 0.5  # from the base to what still can be taken


@dataclass(frozen=True)
class Errand:
    """What is to be stood up where; heights of the hand in metres."""

    thing: str
    target: str
    two_ended: bool  # it may stand on either end
    grasp_above: float  # above the middle of the thing
    over: float  # above the target, before it is let down
    down: float  # above the target, when let go


PEN = Errand('pen', 'holder', True, 0.012, 0.205, 0.175)
STANDING = COASTER_HIGH + HIGH / 2  # the middle of a cup on its coaster
CUP = Errand('cup', 'coaster', False, 0.0, 0.17, 0.060)


def pen_insert(op: Operator) -> Sequence[Act]:
    """Put the pen into the holder."""
    return StandUp(op, PEN).acts()


def cup_upright(op: Operator) -> Sequence[Act]:
    """Put the cup onto the coaster."""
    return StandUp(op, CUP).acts()


class StandUp:
    """One errand, done with the hand on whose side the thing lies."""

    def __init__(self, op: Operator, errand: Errand) -> None:
        self._op, self._errand = op, errand
        self._side = 'left'

    def acts(self) -> Sequence[Act]:
        """Return the parts of the work."""
        return (
            Act('go', self._go, lambda: self._op.at(*self._stance(self._op.eyes.look))),
            Act('hover', self._hover, self._above),
            Act('grasp', self._grasp, self._lifted, self._let_be, back='hover'),
            Act('carry', self._carry, self._over),
            Act('set down', self._set_down, self._stands, self._let_be, back='hover'),
        )

    def _stance(self, look: Look) -> tuple[float, float, float]:
        place, target = look(self._errand.thing)[0], look(self._errand.target)[0]
        return 0.27, 0.25 * float(place[1] + target[1]), 0.0

    def _go(self) -> Moves:
        yield from self._op.drive(*self._stance(self._op.eyes.see))

    def _pinch(self, look: Look) -> tuple[Array, Array]:
        """Return where a hand takes the thing, and its axes then."""
        place, axes = look(self._errand.thing)
        yaw = float(np.arctan2(axes[1, 2], axes[0, 2]))
        if self._errand.two_ended:
            yaw = float(facts.wrapped(yaw, np.pi))
        return above(place, self._errand.grasp_above), facts.about_z(yaw) @ DOWN

    def _hover(self) -> Moves:
        op = self._op
        place, hand = self._pinch(op.eyes.see)
        self._side = side = 'left' if place[1] > 0 else 'right'
        op.openings[side] = 1.0
        yield from op.reach({side: Grip(above(place, 0.12), hand)}, 25)

    def _above(self) -> bool:
        (place, axes), hand = self._pinch(self._op.eyes.look), self._op.eyes.hand(self._side)
        askew = float(np.linalg.norm(turned(axes @ hand.axes.T)))
        return bool(np.linalg.norm((hand.position - place)[:2]) < 0.02 and askew < 0.2)

    def _grasp(self) -> Moves:
        op, side = self._op, self._side
        place, hand = self._pinch(op.eyes.see)
        yield from op.close_in({side: Grip(place, hand)}, 14, near=4e-3)
        yield from op.close(side)
        yield from op.reach({side: Grip(above(op.eyes.hand(side).position, 0.17), hand)}, 15)

    def _lifted(self) -> bool:
        return bool(self._op.eyes.look(self._errand.thing)[0][2] > TABLE + 0.09)

    def _let_be(self) -> Moves:
        op, side = self._op, self._side
        yield from op.open(side)
        hand = op.eyes.hand(side)
        yield from op.reach({side: Grip(above(hand.position, 0.12), hand.axes)}, 12)

    def _level(self) -> tuple[Array, float]:
        out = 1.0 if self._side == 'left' else -1.0
        level: Array = facts.about_z(-0.35 * out) @ facts.about_y(0.10) @ AHEAD
        return level, out

    def _carry(self) -> Moves:
        op, errand, side = self._op, self._errand, self._side
        target, _ = op.eyes.see(errand.target)
        level, out = self._level()
        op.carry(side, to=above(target, errand.down))
        aside = np.array([target[0] - 0.10, target[1] + 0.10 * out, TABLE + 0.24])
        yield from op.reach({side: Grip(aside, level)}, 28)
        yield from op.reach({side: Grip(above(target, errand.over), level)}, 20)

    def _over(self) -> bool:
        """Look whether what is in the hand, if anything, is above where it belongs."""
        (thing, _), (target, _) = (
            self._op.eyes.look(n) for n in (self._errand.thing, self._errand.target)
        )
        return not self._lifted() or bool(np.linalg.norm((thing - target)[:2]) < 0.03)

    def _set_down(self) -> Moves:
        op, errand, side = self._op, self._errand, self._side
        target, _ = op.eyes.see(errand.target)
        level, _ = self._level()
        # What counts is where the thing is, not the hand.
        thing, _ = op.eyes.see(errand.thing)
        mend = np.array([*(target - thing)[:2], errand.down])
        yield from op.reach({side: Grip(target + mend, level)}, 12, near=4e-3)
        if not errand.two_ended:
            yield from self._touch_down(level)
        yield from op.open(side)
        hand = op.eyes.hand(side)
        back = above(hand.position - 0.14 * hand.axes[:, 0], 0.03)
        yield from op.reach({side: Grip(back, hand.axes)}, 16)

    def _touch_down(self, level: Array) -> Moves:
        op, side = self._op, self._side
        (target, _), (thing, _) = op.eyes.see(self._errand.target), op.eyes.see(self._errand.thing)
        down = target + [0, 0, 0.058] - thing + [0, 0, 0.002]
        yield from op.reach({side: Grip(op.eyes.hand(side).position + down, level)}, 8, near=3e-3)

    def _stands(self) -> bool:
        """Look whether it is done, or nothing more can be done about it."""
        place, axes = self._op.eyes.look(self._errand.thing)
        lies = abs(axes[2, 2]) < 0.3 and abs(place[2] - TABLE) < 0.06
        reached = np.linalg.norm(place[:2] - self._op.eyes.base[:2]) < _REACHED + 0.2
        return self._op.eyes.stage(0) == 1.0 or not (lies and reached)
