# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Basket Carry, paper B.4: lift the basket with both arms, table it, put both markers in."""

from dataclasses import dataclass
import math
from typing import ClassVar

import mujoco
import numpy as np

from hvd_ros.core.robot.body import Array
from hvd_ros.sim import scene
from hvd_ros.sim.scene import TABLE_HEIGHT_M as TABLE
from hvd_ros.sim.tasks import facts, parts
from hvd_ros.sim.tasks.setting import Setting, draw
from hvd_ros.sim.tasks.sim_task import Detail, Flags, Truth, held

WIDE, DEEP, HIGH, WALL = 0.20, 0.14, 0.10, 0.005  # half: along y, along x, upwards; wall thickness
TABLE_AT, TABLE_SIZE = (0.0, 1.35), (1.2, 0.6)
MARKERS = ('pen_left', 'pen_right')
REACH_AHEAD, REACH_ASIDE = (0.35, 0.80), 0.30  # of the basket in the base's axes
LIFTED = 0.10
LEVEL = math.cos(math.radians(10))
SQUARE = math.radians(10)
SOFTLY = 0.03  # above the table when let go


@dataclass(frozen=True, eq=False)
class BasketTruth(Truth):
    """The basket as the base and the table see it, and the markers as the basket sees them."""

    ahead: Array  # x, y [m] of the basket in the base's axes
    askew: Array  # of the basket to the base [rad], within a quarter turn: it has two fronts
    bottom: Array  # middle of its bottom in the world [m]
    upright: Array
    edge: Array  # its angle to the table's edge [rad], within an eighth turn
    speed: Array
    held: Flags  # left, right
    inside: Flags  # left marker, right marker: in the basket and let go
    taken: Flags  # left marker, right marker: in some hand


def approach(history: BasketTruth) -> float:
    """Score: the last place the base stood at before the basket left the ground."""
    ground = history.bottom[:, 2] < 0.02
    lifted = np.flatnonzero(~ground)
    before = np.arange(len(ground)) < (lifted[0] if lifted.size else len(ground))
    still = (np.abs(history.base_twist) < [0.03, 0.03, 0.06]).all(axis=1)
    stood = np.flatnonzero(before & still)
    if not stood.size:
        return 0.0
    x, y = history.ahead[stood[-1]]
    if not (REACH_AHEAD[0] < x < REACH_AHEAD[1] and abs(y) < REACH_ASIDE):
        return 0.0
    return 1.0 if abs(y) < 0.06 and abs(history.askew[stood[-1]]) < 0.15 else 0.5


def lift(history: BasketTruth) -> float:
    """Score: up in both hands; level and before the middle of the body all the while."""
    up = history.held.all(axis=-1) & (history.bottom[:, 2] > LIFTED)
    # A moment is a knock, not a lift.
    if np.count_nonzero(up) < 5:
        return 0.0
    level = (history.upright[up] > LEVEL).all()
    return 1.0 if level and (np.abs(history.ahead[up, 1]) < 0.08).all() else 0.5


def place(history: BasketTruth) -> float:
    """Score: on the table and let go; softly, and square to its edge."""
    x, y, z = history.bottom[-1]
    on = abs(x - TABLE_AT[0]) < TABLE_SIZE[0] / 2 and abs(y - TABLE_AT[1]) < TABLE_SIZE[1] / 2
    on &= abs(z - TABLE) < 0.012 and history.upright[-1] > 0.99
    held = np.flatnonzero(history.held.any(axis=-1) & (history.bottom[:, 2] > LIFTED))
    if not on or not held.size or history.held[-1].all():
        return 0.0
    softly = history.bottom[held[-1], 2] - TABLE < SOFTLY
    return 1.0 if softly and abs(history.edge[-1]) < SQUARE else 0.5


def fill(history: BasketTruth) -> float:
    """Score: how many markers lie in the basket, put there by a hand."""
    # What a tipped basket lies over was not put into it, nor was what an arm swept in.
    put = history.inside[-1] & history.taken.any(axis=0) & (history.upright[-1] > 0.9)
    return 0.5 * float(np.count_nonzero(put))


class BasketCarry:
    """The scene of the task."""

    name = 'basket_carry'
    limit_s = 100.0
    stages = (approach, lift, place, fill)
    things = ('basket', 'pen_left', 'pen_right')
    details: ClassVar[dict[str, Detail]] = held('basket') | {
        'pen_left.inside': lambda truth: truth.inside[0],
        'pen_right.inside': lambda truth: truth.inside[1],
    }

    def build(self, spec: mujoco.MjSpec) -> None:
        """Stand a table to the left, a basket on the floor, and lay a marker at either end."""
        scene.table(spec, 'table', TABLE_AT, TABLE_SIZE)
        basket = scene.loose(spec, 'basket', (0, 0, 0))
        blue = (0.2, 0.5, 0.8, 1)
        # A floor of 24 mm: a pen that falls sinks through a thin one.
        parts.board(basket, (DEEP, WIDE, 0.012), (0, 0, 0.012), blue, mass=0.3, condim=4)
        for way in (-1, 1):
            up = HIGH + WALL
            side = (0, way * (WIDE - WALL), up)
            end = (way * (DEEP - WALL), 0, up)
            parts.board(basket, (DEEP, WALL, HIGH - WALL), side, blue, mass=0.15, condim=4)
            half = (WALL, WIDE - 2 * WALL, HIGH - WALL)
            parts.board(basket, half, end, blue, mass=0.1, condim=4)
        parts.pen(spec, 'pen_left', 0.13, 0.008, (0.1, 0.2, 0.8, 1))
        parts.pen(spec, 'pen_right', 0.13, 0.008, (0.8, 0.1, 0.1, 1))

    def randomise(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        rng: np.random.Generator,
        setting: Setting,
    ) -> None:
        """Put the basket before the robot and the markers on the table."""
        x, y, yaw = draw(rng, (1.0, -0.1, -0.2), (1.2, 0.1, 0.2), setting.region)
        facts.lay(model, data, 'basket', np.array([x, y, 0.001]), facts.about_z(yaw))
        for name, low, high in (('pen_left', -0.45, -0.36), ('pen_right', 0.36, 0.45)):
            x, y, yaw = draw(rng, (low, 1.16, -0.3), (high, 1.24, 0.3))
            flat = facts.about_z(yaw) @ facts.about_y(math.pi / 2)
            facts.lay(model, data, name, np.array([x, y, TABLE + 0.01]), flat)

    def advance(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Nothing here moves by itself."""

    def truth(self, model: mujoco.MjModel, data: mujoco.MjData) -> BasketTruth:
        """Say where the basket is and what is in it."""
        basket, axes = facts.pose(data, 'basket')
        yaw = facts.yaw_of(axes)
        x, y, turned = data.qpos[:3]
        from_base = facts.about_z(-turned) @ (basket - [x, y, 0])
        taken = np.array([facts.by_hand(model, data, n)[1].any() for n in MARKERS])
        return BasketTruth(
            **facts.standing(model, data),
            ahead=from_base[:2],
            askew=facts.wrapped(yaw - turned, math.pi),
            bottom=basket,
            upright=np.array(axes[2, 2]),
            edge=facts.wrapped(yaw, math.pi / 2),
            speed=np.array(facts.speed(model, data, 'basket')),
            held=facts.by_hand(model, data, 'basket')[1],
            inside=np.array([_contained(basket, axes, data, n) for n in MARKERS]) & ~taken,
            taken=taken,
        )


TASK = BasketCarry()


def _contained(basket: Array, axes: Array, data: mujoco.MjData, name: str) -> bool:
    x, y, z = axes.T @ (facts.pose(data, name)[0] - basket)
    return bool(abs(x) < DEEP and abs(y) < WIDE and 0.015 < z < 2 * HIGH - 0.01)
