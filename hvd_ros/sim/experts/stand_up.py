# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Pen Insert and Cup Upright are one motion: grasp from above, turn the hand level, set down.

A thing that lay along the approach of a hand that pointed down stands up when the hand points
ahead; a pen needs no more, a cup must be taken with its mouth away from the wrist's far side.
"""

from dataclasses import dataclass

import numpy as np

from hvd_ros.core.robot.body import Array
from hvd_ros.sim.experts.motion import AHEAD, DOWN, Moves, Operator, above
from hvd_ros.sim.ik import Grip
from hvd_ros.sim.scene import TABLE_HEIGHT_M as TABLE
from hvd_ros.sim.tasks import facts
from hvd_ros.sim.tasks.cup_upright import COASTER_HIGH, HIGH


@dataclass(frozen=True)
class Errand:
    """What is to be stood up where; heights of the hand in metres."""

    thing: str
    target: str
    two_ended: bool  # it may stand on either end
    opening: float  # of the gripper before it closes
    grasp_above: float  # above the middle of the thing
    over: float  # above the target, before it is let down
    down: float  # above the target, when let go
    release: float


PEN = Errand('pen', 'holder', True, 0.7, 0.012, 0.205, 0.175, 0.6)
STANDING = COASTER_HIGH + HIGH / 2  # the middle of a cup on its coaster
CUP = Errand('cup', 'coaster', False, 1.0, 0.0, 0.17, 0.060, 1.0)


def pen_insert(op: Operator) -> Moves:
    """Put the pen into the holder."""
    return _stand_up(op, PEN)


def cup_upright(op: Operator) -> Moves:
    """Put the cup onto the coaster."""
    return _stand_up(op, CUP)


def _stand_up(op: Operator, errand: Errand) -> Moves:
    place, _ = op.see(errand.thing)
    side = 'left' if place[1] > 0 else 'right'
    target, _ = op.see(errand.target)
    yield from op.drive(0.27, 0.25 * (place[1] + target[1]), 0.0)
    yield from _grasp(op, errand, side)
    yield from _set_down(op, errand, side)
    hand = op.hand(side)
    back = above(hand.position - 0.14 * hand.axes[:, 0], 0.03)
    yield from op.reach({side: Grip(back, hand.axes)}, 16)
    yield from op.wait(5)


def _grasp(op: Operator, errand: Errand, side: str) -> Moves:
    place, axes = op.see(errand.thing)
    yaw = float(np.arctan2(axes[1, 2], axes[0, 2]))
    if errand.two_ended:
        yaw = float(facts.wrapped(yaw, np.pi))
    hand = facts.about_z(yaw) @ DOWN
    op.openings[side] = errand.opening
    yield from op.reach({side: Grip(above(place, 0.13), hand)}, 25)
    yield from op.reach({side: Grip(above(place, errand.grasp_above), hand)}, 14, near=4e-3)
    yield from op.grip(side)
    yield from op.reach({side: Grip(above(place, 0.18), hand)}, 15)


def _set_down(op: Operator, errand: Errand, side: str) -> Moves:
    target, _ = op.see(errand.target)
    out = 1.0 if side == 'left' else -1.0
    level = facts.about_z(-0.35 * out) @ facts.about_y(0.10) @ AHEAD
    aside = np.array([target[0] - 0.10, target[1] + 0.10 * out, TABLE + 0.24])
    yield from op.reach({side: Grip(aside, level)}, 28)
    yield from op.reach({side: Grip(above(target, errand.over), level)}, 20)
    # What counts is where the thing is, not the hand.
    thing, _ = op.see(errand.thing)
    mend = np.array([*(target - thing)[:2], errand.down])
    yield from op.reach({side: Grip(target + mend, level)}, 12, near=4e-3)
    if not errand.two_ended:
        yield from _touch_down(op, errand, side, level)
    yield from op.grip(side, opening=errand.release)


def _touch_down(op: Operator, errand: Errand, side: str, level: Array) -> Moves:
    target, _ = op.see(errand.target)
    thing, _ = op.see(errand.thing)
    standing = target + [0, 0, 0.058]
    yield from op.reach(
        {side: Grip(op.hand(side).position + standing - thing + [0, 0, 0.002], level)},
        8,
        near=3e-3,
    )
