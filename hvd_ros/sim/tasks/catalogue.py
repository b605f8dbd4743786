# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The tasks that can be played, by the names of config/tasks/."""

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.sim.tasks.basket_carry import BasketCarry
from hvd_ros.sim.tasks.cup_upright import CupUpright
from hvd_ros.sim.tasks.pen_insert import PenInsert
from hvd_ros.sim.tasks.sim_task import SimTask
from hvd_ros.sim.tasks.trash_dispose import TrashDispose
from hvd_ros.sim.tasks.wipe_board import WipeBoard

_ALL: tuple[SimTask, ...] = (PenInsert(), CupUpright(), WipeBoard(), BasketCarry(), TrashDispose())
TASKS = {task.name: task for task in _ALL}


def load_sim_task(name: str) -> SimTask:
    """Return a task by name."""
    if name not in TASKS:
        raise ConfigError(f"no scene for a task '{name}': {did_you_mean(name, TASKS)}")
    return TASKS[name]
