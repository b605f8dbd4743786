# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
An operator's moves played on a leader in real time: one move a control step, acts in between.

The moves are those of the headless operator; the leader goes from one to the next in a straight
line, as the headless robot does.
"""

from collections.abc import Callable

from hvd_ros.core.robot.body import Array
from hvd_ros.sim.experts.motion import Moves
from hvd_ros.sim.joylo_player import JoyloPlayer
from hvd_ros.sim.onlooker import Onlooker
from hvd_ros.sim.operator_script import Act
from hvd_ros.sim.steady_hands import SteadyHands
from hvd_ros.sim.task_env import STEP_S

_LAST_S = 0.5  # of standing still at the end, so that what was let go comes to rest
_WHOLE = 1.0 - 1e-6


class LivePlay:
    """One episode; `look` brings the newest state before the onlooker's eyes."""

    def __init__(
        self,
        eyes: Onlooker,
        moves: Moves,
        player: JoyloPlayer,
        steady: SteadyHands,
        look: Callable[[], None],
    ) -> None:
        """Begin where the leader stands: the onlooker has looked, the leader is engaged."""
        self._eyes, self._moves, self._look = eyes, moves, look
        self._player, self._steady = player, steady
        self._before = self._goal = eyes.command
        self._base = eyes.body.indices('base')
        self._share = 1.0  # of the way from the move before to this one
        self._latest_s = eyes.time_s + eyes.task.limit_s
        self._rest_s: float | None = None
        player.begin(eyes.command)

    def act(self, asked: Array, told: Array, dt_s: float) -> Act | None:
        """
        Return what to do for the next dt_s; None when it is over.

        The leader asks for `asked` (D,), and the robot is told `told` (D,).
        """
        if self._rest_s is not None:
            self._rest_s -= dt_s
        elif self._share >= _WHOLE:
            self._next()
        if self._rest_s is not None and self._rest_s < 0:
            return None
        self._share += dt_s / STEP_S
        wanted = self._before + min(self._share, 1.0) * (self._goal - self._before)
        wanted[self._base] = self._goal[self._base]
        wanted = self._steady.correct(wanted, told)
        return self._player.act(wanted, asked, dt_s, f'does {self._eyes.task.name}')

    def _next(self) -> None:
        self._look()
        # What is left of a late tick counts; a stall does not.
        self._share = min(self._share - 1.0, 0.5)
        self._before = self._goal
        goal = None if self._over else next(self._moves, None)
        if goal is None:
            goal, self._rest_s = self._before.copy(), _LAST_S
            goal[self._base] = 0.0
        self._goal = goal

    @property
    def _over(self) -> bool:
        return self._eyes.success or self._eyes.time_s > self._latest_s
