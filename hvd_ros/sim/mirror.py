# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The scene of a task once more, put where the physics of another process has it, and never stepped.

Who draws it or looks at it builds it from the same task, seed and setting, so that what the state
does not tell (where the ink is on a board) is the same too.
"""

from collections.abc import Callable

import mujoco

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.sim.cameras import Look
from hvd_ros.sim.task_env import TaskEnv

_WHOLE = mujoco.mjtState.mjSTATE_INTEGRATION


def physics_size(model: mujoco.MjModel) -> int:
    """Return how many numbers the whole state of a physics has."""
    return int(mujoco.mj_stateSize(model, _WHOLE))


def read_physics(model: mujoco.MjModel, data: mujoco.MjData, into: Array) -> None:
    """Copy the whole state of a physics."""
    mujoco.mj_getState(model, data, into, _WHOLE)


class Mirror:
    """One episode of a task, as somebody else's physics has it."""

    def __init__(
        self,
        body: Body,
        task: str,
        seed: int = 0,
        setting: str = 'usual',
        extend: Callable[[mujoco.MjSpec], None] | None = None,
        look: Look | None = None,
    ) -> None:
        """Stand at the beginning of the episode; `extend` and `look` as TaskEnv has them."""
        self.env = TaskEnv(task, body, setting, extend, look)
        self.env.reset(seed)
        self.model: mujoco.MjModel = self.env.model
        self.data: mujoco.MjData = self.env.data
        self._named = f"{task}, seed {seed}, setting '{setting}'"

    def place(self, physics: Array, forces: bool = False) -> None:
        """Show a whole state; who wants to know what presses on what asks for forces, too."""
        if physics.size != physics_size(self.model):
            raise ContractMismatch(
                f'{self._named}: the state has {physics.size} numbers, here it has '
                f'{physics_size(self.model)}; start every process of the twin from one version'
            )
        mujoco.mj_setState(self.model, self.data, physics, _WHOLE)
        if forces:
            mujoco.mj_forward(self.model, self.data)
        else:
            mujoco.mj_kinematics(self.model, self.data)
            self.data.ncon = 0  # those that were found are of another state
        # A mechanism shows what it remembers, as ink that is gone.
        self.env.task.advance(self.model, self.data)
