# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
From a wanted command for the whole body to what hands and thumbs do: the leader's map, backwards.

Where a stick moves a held setpoint, the player keeps a picture of that setpoint in mind and mends
it by what the leader asks for, so that neither the rate of a stick nor a late report adds up.
"""

from collections import deque
from dataclasses import dataclass
import math

import numpy as np

from hvd_ros.core.leader.buttons import TABLE, Action
from hvd_ros.core.leader.teleop import BASE, GRIPPERS, TORSO, TeleopConfig
from hvd_ros.core.leader.torso import SQUAT, STAND, TorsoWish, step_torso
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.sim.operator_script import HOLD, Act, Sticks

_SQUAT_BAND_RAD = 0.01  # a button is pressed when it is so far off, and held until it is there
_STILL_RAD = 5e-4  # a thumb does not twitch for less
_MEND_PER_S = 3.0  # of what the picture of the torso is wrong by
_LOST_RAD = 0.15  # so wrong that it is drawn anew
_PRESS_S, _AGAIN_S = 0.06, 0.35  # of a trigger; until it is pressed again if nothing came of it
_SHARES = (SQUAT - STAND) / np.abs(SQUAT - STAND).max()
_RESTING = 1e-3  # [m/s, rad/s]
_NAMES = {row.action: next(iter(row.chord)) for row in TABLE if len(row.chord) == 1}


@dataclass(frozen=True)
class Feel:
    """What the hands have learnt of their leader."""

    teleop: TeleopConfig = TeleopConfig()  # its grippers must toggle
    radial_deadzone: float = 0.1
    axial_deadzone: float = 0.08
    delay_s: float = 0.035  # from a thumb to what the leader asks for


class JoyloPlayer:
    """Plays wanted commands on a leader; call begin() when it is engaged, then act()."""

    def __init__(self, body: Body, joints: tuple[str, ...], feel: Feel | None = None) -> None:
        self._feel = feel or Feel()
        self._limits, self._top = body.limits, body.limits.high * self._feel.teleop.speed_share
        self._arms = np.array([body.index(name) for name in joints])
        self._base = np.array([body.index(name) for name in BASE])
        self._torso = np.array([body.index(name) for name in TORSO])
        self._grips = np.array([body.index(name) for name in GRIPPERS])
        self.begin(np.zeros(body.size))

    def begin(self, asked: Array) -> None:
        """Start from what the leader asks for (D,)."""
        self._time_s = 0.0
        self._picture = asked[self._torso].copy()
        self._before: deque[tuple[float, Array]] = deque([(0.0, self._picture)])
        self._squatting = 0
        self._pressed_s = np.full(len(self._grips), -math.inf)

    def act(self, wanted: Array, asked: Array, dt_s: float, text: str = '') -> Act:
        """
        Return what to do for the next dt_s so that the leader asks for `wanted` (D,) at its end.

        `asked` is what it asks for now, a little late.
        """
        self._time_s += dt_s
        self._mend(asked[self._torso], dt_s)
        left, turns = self._drive(wanted[self._base])
        wish = self._pose(wanted[self._torso], dt_s)
        right = self._stick(-wish.turn, wish.lean)
        pressed = HOLD | self._triggers(wanted[self._grips] > 0.5, asked[self._grips] > 0.5)
        if turns:
            pressed |= {_NAMES[Action.TURN]}
        if wish.squat:
            pressed |= {_NAMES[Action.SQUAT if wish.squat > 0 else Action.STAND]}
        sticks: Sticks = (*left, *right)
        return Act(text, pressed, sticks, wanted[self._arms])

    def _drive(self, twist: Array) -> tuple[tuple[float, float], bool]:
        if np.abs(twist).max() < _RESTING:
            return (0.0, 0.0), False
        forward, left, turn = np.clip(twist / self._top[self._base], -1.0, 1.0)
        # One stick drives or turns: what is wanted more.
        if abs(turn) > math.hypot(forward, left):
            return self._stick(-turn, 0.0), True
        return self._stick(-left, forward), False

    def _stick(self, right: float, up: float) -> tuple[float, float]:
        return through_deadzone((right, up), self._feel.radial_deadzone, self._feel.axial_deadzone)

    def _pose(self, wanted: Array, dt_s: float) -> TorsoWish:
        config = self._feel.teleop.torso
        change = wanted - self._picture
        self._squatting = self._squat(float(change[:2] @ _SHARES) / float(_SHARES @ _SHARES))
        # A squat keeps the pitch, so that only the lean changes it.
        squatted = self._squatting * config.squat_rad_s * dt_s * float(_SHARES.sum())
        lean = _deflection(squatted - change[2], config.lean_rad_s * dt_s)
        turn = _deflection(change[3], config.turn_rad_s * dt_s)
        wish = TorsoWish(float(self._squatting), lean, turn)
        self._imagine(wish, dt_s)
        return wish

    def _squat(self, error: float) -> int:
        if abs(error) > _SQUAT_BAND_RAD:
            return int(math.copysign(1, error))
        return self._squatting if error * self._squatting > 0 else 0

    def _imagine(self, wish: TorsoWish, dt_s: float) -> None:
        low, high = self._limits.low[self._torso], self._limits.high[self._torso]
        now, config = self._picture, self._feel.teleop.torso
        self._picture = step_torso(now, now, wish, dt_s, low, high, config)
        self._before.append((self._time_s, self._picture))

    def _mend(self, asked: Array, dt_s: float) -> None:
        """Compare what the leader asks for with the picture of a moment ago."""
        then_s = self._time_s - dt_s - self._feel.delay_s
        while len(self._before) > 1 and self._before[1][0] <= then_s:
            self._before.popleft()
        wrong = asked - self._before[0][1]
        share = 1.0 if np.abs(wrong).max() > _LOST_RAD else _MEND_PER_S * dt_s
        self._picture = self._picture + share * wrong
        self._before = deque((at_s, was + share * wrong) for at_s, was in self._before)

    def _triggers(self, wanted: Array, asked: Array) -> frozenset[str]:
        since_s = self._time_s - self._pressed_s
        press = (wanted != asked) & (since_s > _AGAIN_S)
        self._pressed_s[press] = self._time_s
        down = press | (since_s < _PRESS_S)
        both = (Action.GRIP_LEFT, Action.GRIP_RIGHT)
        return frozenset(_NAMES[a] for a, is_down in zip(both, down, strict=True) if is_down)


def through_deadzone(
    wanted: tuple[float, float], radial: float, axial: float
) -> tuple[float, float]:
    """Return how a stick must be held so that after its deadzones this is left of it."""
    x, y = (math.copysign(abs(v) * (1 - axial) + axial, v) if v else 0.0 for v in wanted)
    left = math.hypot(x, y)
    if left == 0.0:
        return 0.0, 0.0
    # Beyond its circle, in the corners, a stick has no radial deadzone.
    radius = left if left > 1.0 else radial + left * (1.0 - radial)
    x, y = x * radius / left, y * radius / left
    return max(-1.0, min(1.0, x)), max(-1.0, min(1.0, y))


def _deflection(change: float, reach: float) -> float:
    if abs(change) < _STILL_RAD:
        return 0.0
    return max(-1.0, min(1.0, change / reach))
