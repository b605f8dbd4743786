# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What an operator sees and feels: where things seem to be, and, at a careful look, where they are.

The scripts act on what seems to be; only who checks a result looks with care.
"""

from collections.abc import Callable

import numpy as np

from hvd_ros.core.robot.body import Array
from hvd_ros.sim.experts.eyes import Eyes
from hvd_ros.sim.experts.mishaps import Mishaps
from hvd_ros.sim.ik import Grip
from hvd_ros.sim.tasks import facts

Look = Callable[[str], tuple[Array, Array]]


class Senses:
    """Eyes and hands of one operator."""

    def __init__(self, env: Eyes, mishaps: Mishaps) -> None:
        self._env, self._mishaps = env, mishaps

    def see(self, name: str) -> tuple[Array, Array]:
        """Return where a thing seems to be, and its axes as columns."""
        return self._mishaps.seen(name, *self.look(name))

    def look(self, name: str) -> tuple[Array, Array]:
        """Return where a thing is, as who checks a result sees it."""
        return facts.pose(self._env.data, name)

    def angle(self, joint: str) -> float:
        """Return how far a hinge of the scene seems to be open [rad]."""
        return self._mishaps.felt(self.true_angle(joint))

    def true_angle(self, joint: str) -> float:
        """Return how far a hinge is open [rad]."""
        return float(self._env.data.joint(joint).qpos[0])

    def spots(self, name: str, count: int) -> Array:
        """Return where those of some numbered spots seem to be that can be seen (N, 3)."""
        data, model = self._env.data, self._env.model
        ids = np.array([model.site(f'{name}{i}').id for i in range(count)])
        left: Array = data.site_xpos[ids[model.site_rgba[ids, 3] > 0.5]]
        return self._mishaps.seen(name, left, np.eye(3))[0]

    def press(self, one: str, two: str) -> float:
        """Return how hard one thing is pressed on another [N]."""
        return facts.press(self._env.model, self._env.data, one, two)

    def stage(self, index: int) -> float:
        """Judge what a stage is worth by now."""
        return self._env.scores[index]

    @property
    def base(self) -> Array:
        """Where the base is: x, y, yaw."""
        return np.array(self._env.data.qpos[:3])

    def hand(self, side: str) -> Grip:
        """Return where a hand really is."""
        return Grip(*facts.pose(self._env.data, f'{side}_gripping_point'))
