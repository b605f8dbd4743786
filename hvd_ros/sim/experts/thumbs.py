# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the thumbs on a JoyLo can make of a wish within one control step, and which thumbs make it.

A stick drives or turns, never both, through the leader's filter. Another leans and turns the
trunk, a button squats it; each at the leader's own speed. A trigger opens or closes a hand.
"""

from dataclasses import dataclass
import math

import numpy as np

from hvd_ros.core.errors import CommandRejected
from hvd_ros.core.leader.buttons import Action
from hvd_ros.core.leader.motors import LEADER_JOINTS
from hvd_ros.core.leader.teleop import BASE, GRIPPERS, TORSO, TeleopConfig
from hvd_ros.core.leader.torso import SQUAT, STAND, TorsoWish, step_torso, trunk_pitch
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.sim.task_env import STEP_S

TICKS = 10  # of the leader in a control step: a button is down for whole ones
_SNAP = 0.01  # of the top speed: slower is at rest, once the stick is let go
_TRUE = 1e-6
_SHARES = (SQUAT - STAND) / np.abs(SQUAT - STAND).max()


@dataclass(frozen=True, eq=False)
class Gesture:
    """What hands and thumbs do in a control step so that the leader ends it with a command."""

    arms: Array  # leader joints at its end (J,) [rad]
    left_stick: tuple[float, float]  # right, up
    right_stick: tuple[float, float]
    turns: bool  # the left stick is pressed
    squat: int  # ticks of squatting; negative: of standing up
    triggers: frozenset[Action]  # that are pressed once


class Thumbs:
    """The leader's mapping of one body, for whole control steps."""

    def __init__(self, body: Body, config: TeleopConfig | None = None) -> None:
        self._body, self._config = body, config or TeleopConfig()
        self._arms = np.array([body.index(joint.name) for joint in LEADER_JOINTS])
        self._base = np.array([body.index(name) for name in BASE])
        self._torso = np.array([body.index(name) for name in TORSO])
        self._torso_low = body.limits.low[self._torso]
        self._torso_high = body.limits.high[self._torso]
        self._grips = np.array([body.index(name) for name in GRIPPERS])
        self._top = body.limits.high[self._base] * self._config.speed_share
        # Of a stick's change, what a filter has not passed on at the end of a step.
        self._left_over = math.exp(-STEP_S / self._config.stick_filter_s)

    @property
    def fastest(self) -> Array:
        """How far each torso joint may go in a step, whatever the others do (4,) [rad]."""
        torso = self._config.torso
        squat = torso.squat_rad_s * np.abs(_SHARES)
        return STEP_S * np.array([*squat, torso.lean_rad_s, torso.turn_rad_s])

    def drive(self, before: Array, twist: Array) -> Array:
        """Return the base command (3,) at the end of a step with the stick where `twist` says."""
        turning = bool(twist[2])
        if turning and twist[:2].any():
            raise CommandRejected(f'one stick drives or turns, it can not do {twist.tolist()}')
        wish = np.clip(twist, -self._top, self._top)
        old = np.where([turning, turning, not turning], 0.0, before)
        new = wish + self._left_over * (old - wish)
        new[(wish == 0.0) & (np.abs(new) < _SNAP * self._top)] = 0.0
        return new

    def pose_torso(self, before: Array, wanted: Array, measured: Array) -> Array:
        """Return the torso setpoint (4,) nearest to a wanted one that a step can bring."""
        return step_torso(
            before,
            measured,
            self._wish(before, wanted),
            STEP_S,
            self._torso_low,
            self._torso_high,
            self._config.torso,
        )

    def _wish(self, before: Array, wanted: Array) -> TorsoWish:
        config, change = self._config.torso, wanted - before
        whole = float(change[:2] @ _SHARES) / float(_SHARES @ _SHARES)
        ticks = min(max(round(TICKS * whole / (config.squat_rad_s * STEP_S)), -TICKS), TICKS)
        # A squat keeps the pitch, so that only the lean changes it.
        squatted = ticks / TICKS * config.squat_rad_s * STEP_S * _SHARES
        lean = float(squatted.sum() - change[2]) / (config.lean_rad_s * STEP_S)
        turn = float(change[3]) / (config.turn_rad_s * STEP_S)
        return TorsoWish(ticks / TICKS, min(max(lean, -1.0), 1.0), min(max(turn, -1.0), 1.0))

    def gesture(self, before: Array, action: Array) -> Gesture:
        """
        Return what makes the leader ask for `action` (D,) a step after `before` (D,).

        Raises CommandRejected for a command that no gesture makes.
        """
        stick, turns = self._stick(before[self._base], action[self._base])
        wish = self._posed(before[self._torso], action[self._torso])
        return Gesture(
            arms=action[self._arms],
            left_stick=stick,
            right_stick=(-wish.turn, wish.lean),
            turns=turns,
            squat=round(TICKS * wish.squat),
            triggers=self._triggers(before[self._grips], action[self._grips]),
        )

    def _stick(self, before: Array, after: Array) -> tuple[tuple[float, float], bool]:
        turns = bool(after[2])
        wish = (after - self._left_over * before) / (1 - self._left_over)
        twist = np.where([turns, turns, not turns], 0.0, wish)
        # A filter that runs out on its own needs no thumb.
        if np.allclose(self.drive(before, np.zeros(3)), after, rtol=0, atol=_TRUE):
            twist, turns = np.zeros(3), False
        back, left, turn = twist / self._top
        far = math.hypot(back, left)
        reached = self.drive(before, twist)
        if max(far, abs(turn)) > 1 + _TRUE or not np.allclose(reached, after, rtol=0, atol=_TRUE):
            raise CommandRejected(
                f'the left stick can not bring the base from {before.tolist()} to '
                f'{after.tolist()} in a step'
            )
        return ((-turn, 0.0) if turns else (-left, back)), turns

    def _posed(self, before: Array, after: Array) -> TorsoWish:
        wish = self._wish(before, after)
        reached = self.pose_torso(before, after, before)
        if not np.allclose(reached, after, rtol=0, atol=_TRUE):
            raise CommandRejected(
                f'no squat, lean and turn brings the torso from {before.tolist()} (pitch '
                f'{trunk_pitch(before):.3f}) to {after.tolist()} in a step'
            )
        return wish

    def _triggers(self, before: Array, after: Array) -> frozenset[Action]:
        for name, opening in zip(GRIPPERS, after, strict=True):
            if opening not in (0.0, 1.0):
                raise CommandRejected(f'{name}: a trigger opens (1) or closes (0), not {opening}')
        both = (Action.GRIP_LEFT, Action.GRIP_RIGHT)
        return frozenset(a for a, b, c in zip(both, before, after, strict=True) if (b > 0.5) != c)
