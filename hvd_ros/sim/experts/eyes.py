# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What an operator may look at while it plays; a TaskEnv has it, and so has an Onlooker of the twin.

An operator asks nothing else, so the same script plays headless at full speed and in real time
through the whole graph.
"""

from typing import Protocol

import mujoco

from hvd_ros.core.robot.body import Array, Body
from hvd_ros.sim.tasks.sim_task import SimTask


class Eyes(Protocol):
    """One episode of a task, as it stands now."""

    @property
    def body(self) -> Body:
        """The robot that is commanded."""
        ...

    @property
    def task(self) -> SimTask:
        """What is to be done."""
        ...

    @property
    def model(self) -> mujoco.MjModel:
        """The scene."""
        ...

    @property
    def data(self) -> mujoco.MjData:
        """Where everything is, and what presses on what; only to be read."""
        ...

    @property
    def command(self) -> Array:
        """What the robot is told (D,)."""
        ...

    @property
    def position(self) -> Array:
        """Where every dimension of the robot is (D,)."""
        ...

    @property
    def scores(self) -> tuple[float, ...]:
        """What every stage is worth so far."""
        ...

    @property
    def time_s(self) -> float:
        """How long the episode has been running."""
        ...
