# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Basket Carry: both hands at the rim, stand up, turn, set down; then a marker with each hand."""

import math

import numpy as np

from hvd_ros.core.robot.body import Array
from hvd_ros.sim.experts.motion import DOWN, Moves, Operator, above
from hvd_ros.sim.ik import Grip
from hvd_ros.sim.scene import TABLE_HEIGHT_M as TABLE
from hvd_ros.sim.tasks import facts
from hvd_ros.sim.tasks.basket_carry import HIGH, TABLE_AT, TABLE_SIZE, WALL, WIDE

FAR = 0.62  # from the base to the basket when it is gripped
OUT = {'left': 1.0, 'right': -1.0}
RIM = 2 * HIGH
EDGE = TABLE_AT[1] - TABLE_SIZE[1] / 2


def basket_carry(op: Operator) -> Moves:
    """Carry the basket to the table and put both markers in."""
    yield from _lift(op)
    yield from _carry(op)
    yield from _put(op)
    for side in facts.SIDES:
        yield from _marker(op, side)
    yield from op.wait(5)


def _lift(op: Operator) -> Moves:
    place, axes = op.see('basket')
    yaw = facts.yaw_of(axes)
    x, y = place[:2] - FAR * np.array([math.cos(yaw), math.sin(yaw)])
    yield from op.drive(x, y, yaw)
    yield from op.reach(_at_rim(op, 0.15), 25)
    yield from op.reach(_at_rim(op, -0.025), 15)
    yield from op.grip('left', 'right', steps=10)
    yield from op.reach(_before(op, FAR, 0.45), 18)
    yield from op.reach(_before(op, 0.55, 1.02), 28)
    yield from op.wait(3)


def _carry(op: Operator) -> Moves:
    x, y, _ = op.base
    yield from op.drive(x, y, math.pi / 2, near=0.03, turned_by=0.03)
    yield from op.drive(0.0, 0.35, math.pi / 2, near=0.03, turned_by=0.03)
    yield from op.drive(0.0, EDGE - 0.36, math.pi / 2, near=0.01, turned_by=0.01, speed=0.2)


def _put(op: Operator) -> Moves:
    rim = TABLE + RIM
    yield from op.reach(_before(op, 0.60, rim - 0.02), 20, patience=15)
    yield from op.reach(_before(op, 0.60, rim - 0.028), 8)
    yield from op.grip('left', 'right', opening=0.6)
    yield from op.reach(_before(op, 0.55, rim + 0.13), 15)
    yield from op.reach(_before(op, 0.50, rim + 0.10, aside=0.13), 15)


def _marker(op: Operator, side: str) -> Moves:
    name, heading = f'pen_{side}', float(op.base[2])
    place, axes = op.see(name)
    along = math.atan2(axes[1, 2], axes[0, 2])
    # Either end will do: take the one that needs less turning of the hand.
    yaw = heading + float(facts.wrapped(along - heading, math.pi))
    hand = facts.about_z(yaw) @ DOWN
    op.openings[side] = 0.6
    yield from op.reach({side: Grip(above(place, 0.10), hand)}, 22)
    place, _ = op.see(name)
    yield from op.reach({side: Grip(above(place, 0.013), hand)}, 12, near=4e-3)
    yield from op.grip(side)
    yield from op.reach({side: Grip(above(place, 0.36), hand)}, 18)
    basket, _ = op.see('basket')
    aside = facts.about_z(heading) @ np.array([0, 0.08 * OUT[side], 0])
    straight = facts.about_z(heading) @ DOWN
    yield from op.reach({side: Grip(above(basket + aside, 0.36), straight)}, 22)
    yield from op.reach({side: Grip(above(basket + aside, 0.27), straight)}, 10)
    yield from op.grip(side, opening=0.8, steps=6)
    yield from op.reach({side: Grip(above(basket + 2.2 * aside, 0.40), straight)}, 15)


def _at_rim(op: Operator, height: float) -> dict[str, Grip]:
    place, axes = op.see('basket')
    hand = facts.about_z(facts.yaw_of(axes)) @ DOWN
    at = {s: place + axes @ np.array([0, OUT[s] * (WIDE - WALL), RIM]) for s in facts.SIDES}
    return {s: Grip(above(at[s], height), hand) for s in facts.SIDES}


def _before(op: Operator, ahead: float, height: float, aside: float = 0.0) -> dict[str, Grip]:
    """Return grips level before the body; the height is that of the world."""
    x, y, yaw = op.base
    axes, hand = facts.about_z(yaw), facts.about_z(yaw) @ DOWN

    def at(side: str) -> Array:
        out = OUT[side] * (WIDE - WALL + aside)
        from_base: Array = axes @ np.array([ahead, out, height])
        return np.array([x, y, 0.0]) + from_base

    return {s: Grip(at(s), hand) for s in facts.SIDES}
