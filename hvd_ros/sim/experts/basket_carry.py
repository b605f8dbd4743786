# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Basket Carry: both hands at the rim, stand up, turn, set down; then a marker with each hand."""

from collections.abc import Sequence
from functools import partial
import math

import numpy as np

from hvd_ros.core.robot.body import Array
from hvd_ros.sim.experts.acts import Act
from hvd_ros.sim.experts.motion import DOWN, Moves, Operator, above
from hvd_ros.sim.experts.senses import Look
from hvd_ros.sim.ik import Grip
from hvd_ros.sim.scene import TABLE_HEIGHT_M as TABLE
from hvd_ros.sim.tasks import facts
from hvd_ros.sim.tasks.basket_carry import HIGH, TABLE_SIZE, WALL, WIDE

FAR = 0.62  # from the base to the basket when it is gripped
OUT = {'left': 1.0, 'right': -1.0}
RIM = 2 * HIGH
_AHEAD = math.pi / 2  # where the table is


def basket_carry(op: Operator) -> Sequence[Act]:
    """Carry the basket to the table and put both markers in."""
    return BasketCarry(op).acts()


class BasketCarry:
    """The basket in both hands, then a marker in each."""

    def __init__(self, op: Operator) -> None:
        self._op = op

    def acts(self) -> Sequence[Act]:
        """Return the parts of the work."""
        op = self._op
        return (
            Act('approach', self._approach, lambda: op.at(*self._stance(op.eyes.look), near=0.04)),
            Act('lift', self._lift, self._up, self._let_be, back='approach'),
            Act('carry', self._carry),
            Act('put', self._put),
            *(self._marker_acts(side) for side in facts.SIDES),
        )

    def _marker_acts(self, side: str) -> Act:
        return Act(
            f'{side} marker',
            partial(self._marker, side),
            partial(self._marker_away, side),
            partial(self._raise, side),
        )

    def _stance(self, look: Look) -> tuple[float, float, float]:
        place, axes = look('basket')
        yaw = facts.yaw_of(axes)
        x, y = place[:2] - FAR * np.array([math.cos(yaw), math.sin(yaw)])
        return float(x), float(y), yaw

    def _approach(self) -> Moves:
        yield from self._op.drive(*self._stance(self._op.eyes.see))

    def _lift(self) -> Moves:
        op = self._op
        yield from op.reach(self._at_rim(0.15), 25)
        yield from op.close_in(self._at_rim(-0.025), 15)
        yield from op.close(*facts.SIDES, steps=10)
        yield from op.reach(self._before(FAR, 0.45), 18)
        yield from op.reach(self._before(0.55, 1.02), 28)
        yield from op.wait(3)

    def _up(self) -> bool:
        return bool(self._op.eyes.look('basket')[0][2] > 0.3)

    def _let_be(self) -> Moves:
        yield from self._op.open(*facts.SIDES)
        yield from self._op.reach(self._before(0.50, 0.75), 25)

    def _carry(self) -> Moves:
        op = self._op
        x, y, _ = op.eyes.base
        edge = float(op.eyes.see('table')[0][1]) - TABLE_SIZE[1] / 2
        middle = above(op.eyes.see('table')[0], TABLE + RIM)
        op.carry(*facts.SIDES, to=middle - [0.0, 0.1, 0.0])
        yield from op.drive(x, y, _AHEAD, near=0.03, turned_by=0.03)
        yield from op.drive(0.0, 0.35, _AHEAD, near=0.03, turned_by=0.03)
        yield from op.drive(0.0, edge - 0.36, _AHEAD, near=0.01, turned_by=0.01, speed=0.2)

    def _put(self) -> Moves:
        op, rim = self._op, TABLE + RIM
        yield from op.reach(self._before(0.60, rim - 0.02), 20, patience=15)
        yield from op.reach(self._before(0.60, rim - 0.028), 8)
        yield from op.open(*facts.SIDES)
        yield from op.reach(self._before(0.55, rim + 0.13), 15)
        yield from op.reach(self._before(0.50, rim + 0.10, aside=0.13), 15)

    def _marker(self, side: str) -> Moves:
        op = self._op
        name, heading = f'pen_{side}', float(op.eyes.base[2])
        place, axes = op.eyes.see(name)
        along = math.atan2(axes[1, 2], axes[0, 2])
        # Either end will do: take the one that needs less turning of the hand.
        yaw = heading + float(facts.wrapped(along - heading, math.pi))
        hand = facts.about_z(yaw) @ DOWN
        op.openings[side] = 1.0
        yield from op.reach({side: Grip(above(place, 0.10), hand)}, 22)
        place, _ = op.eyes.see(name)
        yield from op.close_in({side: Grip(above(place, 0.013), hand)}, 12, near=4e-3)
        yield from op.close(side)
        yield from op.reach({side: Grip(above(place, 0.36), hand)}, 18)
        basket, _ = op.eyes.see('basket')
        aside = facts.about_z(heading) @ np.array([0, 0.08 * OUT[side], 0])
        straight = facts.about_z(heading) @ DOWN
        op.carry(side, to=above(basket + aside, 0.27))
        yield from op.reach({side: Grip(above(basket + aside, 0.36), straight)}, 22)
        yield from op.reach({side: Grip(above(basket + aside, 0.27), straight)}, 10)
        yield from op.open(side, steps=6)
        yield from op.reach({side: Grip(above(basket + 2.2 * aside, 0.40), straight)}, 15)

    def _marker_away(self, side: str) -> bool:
        """Look whether it is in the basket, or where nobody gets it any more."""
        place, axes = self._op.eyes.look(f'pen_{side}')
        lies = abs(axes[2, 2]) < 0.3 and abs(place[2] - TABLE - 0.008) < 0.01
        return not lies or bool(np.linalg.norm(place[:2] - self._op.eyes.base[:2]) > 0.85)

    def _raise(self, side: str) -> Moves:
        op = self._op
        yield from op.open(side)
        hand = op.eyes.hand(side)
        yield from op.reach({side: Grip(above(hand.position, 0.12), hand.axes)}, 12)

    def _at_rim(self, height: float) -> dict[str, Grip]:
        place, axes = self._op.eyes.see('basket')
        hand = facts.about_z(facts.yaw_of(axes)) @ DOWN
        at = {s: place + axes @ np.array([0, OUT[s] * (WIDE - WALL), RIM]) for s in facts.SIDES}
        return {s: Grip(above(at[s], height), hand) for s in facts.SIDES}

    def _before(self, ahead: float, height: float, aside: float = 0.0) -> dict[str, Grip]:
        """Return grips level before the body; the height is that of the world."""
        x, y, yaw = self._op.eyes.base
        axes, hand = facts.about_z(yaw), facts.about_z(yaw) @ DOWN

        def at(side: str) -> Array:
            out = OUT[side] * (WIDE - WALL + aside)
            from_base: Array = axes @ np.array([ahead, out, height])
            return np.array([x, y, 0.0]) + from_base

        return {s: Grip(at(s), hand) for s in facts.SIDES}
