# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The tasks that can be played, by the names of config/tasks/.

A task is found by its file: a module of this folder that has a TASK. Other distributions name
theirs under the entry-point group `hvd.tasks`.
"""

import importlib
from importlib import metadata
import pkgutil

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.sim import tasks
from hvd_ros.sim.tasks.sim_task import SimTask

_PAPER = ('pen_insert', 'cup_upright', 'wipe_board', 'basket_carry', 'trash_dispose')
GROUP = 'hvd.tasks'


def found() -> dict[str, SimTask]:
    """Look for tasks: those of the paper in its order, then all others by name."""
    modules = [name for _, name, _ in pkgutil.iter_modules(tasks.__path__) if name != 'catalogue']
    here = [importlib.import_module(f'{tasks.__name__}.{name}') for name in modules]
    every = [module.TASK for module in here if hasattr(module, 'TASK')]
    every += [entry.load() for entry in metadata.entry_points(group=GROUP)]
    by_name = {task.name: task for task in every}
    others = sorted(set(by_name) - set(_PAPER))
    return {name: by_name[name] for name in (*_PAPER, *others)}


TASKS = found()


def load_sim_task(name: str) -> SimTask:
    """Return a task by name."""
    if name not in TASKS:
        raise ConfigError(f"no scene for a task '{name}': {did_you_mean(name, TASKS)}")
    return TASKS[name]
