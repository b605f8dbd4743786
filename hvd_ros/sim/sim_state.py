# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Where everything truly is, as numbers with names: the privileged observation of a task.

Everything is told as the robot stands to it, in the base frame and from each hand, so that what is
learnt in one corner of the room holds in another. Nothing tells the time or how far a script got.
"""

from collections.abc import Mapping

import mujoco
import numpy as np

from hvd_ros.core.robot.body import Array
from hvd_ros.sim.tasks import facts
from hvd_ros.sim.tasks.sim_task import SimTask, Truth

_XYZ = ('x', 'y', 'z')
_ROOM = ('room.base.x', 'room.base.y', 'room.base.cos', 'room.base.sin')


class SimState:
    """The numbers of one task, in one order."""

    def __init__(self, task: SimTask, model: mujoco.MjModel) -> None:
        self._task = task
        self._base = model.body('base_link').id
        self._hands = [model.body(f'{side}_gripping_point').id for side in facts.SIDES]
        self._things = [model.body(name).id for name in task.things]
        self.names: tuple[str, ...] = names_of(task)

    def read(self, data: mujoco.MjData, truth: Truth) -> Array:
        """Return the numbers (P,) of a state whose kinematics are up to date."""
        base, axes = data.xpos[self._base], data.xmat[self._base].reshape(3, 3)
        hands = [(data.xpos[h], data.xmat[h].reshape(3, 3)) for h in self._hands]
        parts: list[Array] = [np.r_[-axes[:2, :2].T @ base[:2], axes[0, 0], -axes[1, 0]]]
        for thing in self._things:
            place, turned = data.xpos[thing], axes.T @ data.xmat[thing].reshape(3, 3)
            # The x and the z axis say how it is turned without a jump anywhere.
            parts += [axes.T @ (place - base), turned[:, 0], turned[:, 2]]
            parts += [hand.T @ (place - at) for at, hand in hands]
        told = details(self._task, truth)
        return np.concatenate([*parts, [told[name] for name in self._task.details]])


def names_of(task: SimTask) -> tuple[str, ...]:
    """Return what the numbers of a task are called, in their order."""
    things = (f'{thing}.{number}' for thing in task.things for number in _numbers())
    return (*_ROOM, *things, *task.details)


def details(task: SimTask, truth: Truth) -> Mapping[str, float]:
    """Return what a task tells beyond where its things are, by name."""
    return {name: float(tell(truth)) for name, tell in task.details.items()}


def _numbers() -> tuple[str, ...]:
    """Return the names of what is told of one thing."""
    base = [f'base.{axis}' for axis in _XYZ]
    turned = [f'base.{which}{axis}' for which in ('x', 'z') for axis in _XYZ]
    return (*base, *turned, *(f'{side}.{axis}' for side in facts.SIDES for axis in _XYZ))
