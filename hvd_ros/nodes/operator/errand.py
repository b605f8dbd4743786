# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A task done by a scripted operator who stands beside the twin: eyes, plan and hands, tick by tick.

The plan is that of the headless operator, which sees the physics of the twin instead of its own;
what it wants becomes what hands and thumbs do.
"""

from pathlib import Path

import numpy as np

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.drivers.cameras.frame_store import state_path
from hvd_ros.drivers.shared_record import RecordReader
from hvd_ros.nodes.operator.hands import JOINTS
from hvd_ros.sim.experts.catalogue import draw_manner, operator_moves
from hvd_ros.sim.ik import Solver
from hvd_ros.sim.joylo_player import JoyloPlayer
from hvd_ros.sim.live_play import LivePlay
from hvd_ros.sim.onlooker import Onlooker
from hvd_ros.sim.operator_script import Act
from hvd_ros.sim.steady_hands import SteadyHands


class Errand:
    """One episode of a task; made before the leader is engaged, because that takes a while."""

    def __init__(self, body: Body, task: str, manner: str, folder: Path) -> None:
        """Find the twin by its folder; DeviceError if it is not there, ConfigError elsewhere."""
        self._state = RecordReader(state_path(folder))
        about = self._state.about
        if about['scene'] != task:
            raise ConfigError(
                f"the twin stands in '{about['scene']}', where nobody can do '{task}'; "
                f'launch it with scene:={task}'
            )
        seed = int(about['seed'])
        self._eyes = Onlooker(body, task, seed, about['setting'])
        self._solver, self._player = Solver(body), JoyloPlayer(body, JOINTS)
        self._steady = SteadyHands(body, self._solver)
        # The draws of the headless episode with this seed.
        self._rng = np.random.default_rng((seed, 1))
        self._manner = draw_manner(self._rng, task, manner)
        self._asked: Array = self._eyes.command
        self._play: LivePlay | None = None
        self.text = f'{task}, seed {seed}, {self._manner.text}'

    def begin(self, asked: Array) -> None:
        """Start now; the leader is engaged and asks for this (D,)."""
        self._asked = asked
        self._look()
        task = self._eyes.task.name
        moves = operator_moves(task, self._manner, self._eyes, self._solver, self._rng)
        self._play = LivePlay(self._eyes, moves, self._player, self._steady, self._look)

    def act(self, asked: Array, told: Array, dt_s: float) -> Act | None:
        """Return what to do for the next dt_s; None when it is over. See LivePlay.act()."""
        assert self._play is not None
        self._asked = asked
        return self._play.act(asked, told, dt_s)

    @property
    def result(self) -> str:
        """Say how it went."""
        pairs = zip(self._eyes.stage_names, self._eyes.scores, strict=True)
        scores = ', '.join(f'{name} {score:g}' for name, score in pairs)
        return f'{"success" if self._eyes.success else "no success"} ({scores})'

    def _look(self) -> None:
        state = self._state.read()
        if state is not None:
            self._eyes.look(state['physics'], self._asked)

    def close(self) -> None:
        """Look no more."""
        self._state.close()
