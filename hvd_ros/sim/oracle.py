# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What only a simulation can tell of an episode, as somebody else's physics has it.

Its privileged state, and a cloud by rays: some hundred points in a few milliseconds, where three
drawn pictures and their cloud cost more than a small computer has beside the robot.
"""

from collections.abc import Collection

from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.sim.cameras import CHEAP, Look
from hvd_ros.sim.mirror import Mirror
from hvd_ros.sim.tasks.history import History


class Oracle:
    """Sees one episode of a task at the moment that it was shown last."""

    def __init__(
        self,
        body: Body,
        task: str,
        seed: int = 0,
        setting: str = 'usual',
        look: Look = CHEAP,
    ) -> None:
        self._mirror = Mirror(body, task, seed, setting, look=look)
        self._env = self._mirror.env

    @property
    def names(self) -> tuple[str, ...]:
        """What each number of the privileged state is."""
        return self._env.sim_state_names

    def see(self, physics: Array, needs: Collection[Modality]) -> Observation:
        """Return what is asked for of a state of the physics (see mirror.py)."""
        self._mirror.place(physics, forces=True)
        # Nothing that is told remembers what was before.
        self._env.truths = History([self._env.task.truth(self._env.model, self._env.data)])
        return self._env.observe(needs)
