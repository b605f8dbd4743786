# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A task in the live twin: where its episode begins, what acts in it besides physics, how it stands.

It begins in the very state that TaskEnv.reset() makes, and its mechanisms and its judge look as
often as they do there, so that an episode is worth the same whether a person plays it in real time
or a policy at full speed.
"""

import mujoco

from hvd_ros.core.robot.body import Body
from hvd_ros.sim.task_env import SLICE, STEP_S, TaskEnv
from hvd_ros.sim.tasks.history import History
from hvd_ros.sim.tasks.sim_task import Truth, scores

_LOOK_EVERY = 5  # truths between two scores, as TaskEnv does
_SELDOM = 100  # but no more than one in so many of a long session


class TaskStage:
    """One episode of a task, stepped by somebody else."""

    def __init__(self, body: Body, task: str, seed: int = 0, setting: str = 'usual') -> None:
        env = TaskEnv(task, body, setting)
        first = env.reset(seed)
        self.model: mujoco.MjModel = env.model
        self.data: mujoco.MjData = env.data
        self.scoreboard = Scoreboard(env, first)
        self._task = env.task
        self._steps = 0
        self._every = round(STEP_S / self.model.opt.timestep)

    def stepped(self) -> None:
        """Act and judge; called after every step of the physics."""
        self._steps += 1
        if self._steps % SLICE == 0:
            self._task.advance(self.model, self.data)
        if self._steps % self._every == 0:
            # After a step, poses are those before it.
            mujoco.mj_kinematics(self.model, self.data)
            self.scoreboard.see(self._task.truth(self.model, self.data))


class Scoreboard:
    """What every stage of the episode is worth so far, and since when."""

    def __init__(self, env: TaskEnv, first: Truth) -> None:
        self._task = env.task
        self.task, self.stage_names = env.task.name, env.stage_names
        self._history = History([first])
        self._looked = 1
        self.scores = scores(self._task, self._history.view())
        self.settled_s = (0.0,) * len(self.scores)  # into the episode
        self.success = False

    @property
    def time_s(self) -> float:
        """How long the episode has been running."""
        return (len(self._history) - 1) * STEP_S

    def see(self, truth: Truth) -> None:
        """Take what is true after another control step."""
        self._history.append(truth)
        count = len(self._history)
        if count - self._looked < max(_LOOK_EVERY, count // _SELDOM):
            return
        self._looked = count
        before, self.scores = self.scores, scores(self._task, self._history.view())
        changed = zip(before, self.scores, self.settled_s, strict=True)
        self.settled_s = tuple(self.time_s if old != new else since for old, new, since in changed)
        # Done in passing is not done.
        self.success = min(before) == min(self.scores) == 1.0
