# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The eyes of an operator who stands beside the twin: a mirror of its scene, and a judge.

The physics runs in another process and waits for nobody; look() shows what it handed out last.
"""

import mujoco

from hvd_ros.core.robot.body import Array, Body
from hvd_ros.sim.mirror import Mirror
from hvd_ros.sim.task_env import STEP_S
from hvd_ros.sim.task_stage import Scoreboard
from hvd_ros.sim.tasks.sim_task import SimTask


class Onlooker:
    """Has what an operator looks at (see experts/eyes.py), as of the last look()."""

    def __init__(self, body: Body, task: str, seed: int = 0, setting: str = 'usual') -> None:
        self._mirror = Mirror(body, task, seed, setting)
        env = self._mirror.env
        self.body: Body = body
        self.task: SimTask = env.task
        self.model: mujoco.MjModel = env.model
        self.data: mujoco.MjData = env.data
        self.command: Array = env.command
        self.stage_names = env.stage_names
        self._scoreboard = Scoreboard(env, env.truths[0])
        self._judged_s = self._began_s = float(env.data.time)

    def look(self, physics: Array, command: Array) -> None:
        """See a state of the physics (see mirror.py), and what the robot is told (D,)."""
        self._mirror.place(physics, forces=True)
        self.command = command.copy()
        # Rounding aside, a control step has passed.
        if self.data.time - self._judged_s > 0.95 * STEP_S:
            self._judged_s = float(self.data.time)
            self._scoreboard.see(self.task.truth(self.model, self.data))

    @property
    def position(self) -> Array:
        """Where every dimension is (D,)."""
        return self._mirror.env.position

    @property
    def scores(self) -> tuple[float, ...]:
        """What every stage is worth so far."""
        return self._scoreboard.scores

    @property
    def success(self) -> bool:
        """Whether the task is done."""
        return self._scoreboard.success

    @property
    def time_s(self) -> float:
        """How long the physics of the episode has been running."""
        return float(self.data.time) - self._began_s
