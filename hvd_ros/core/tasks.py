# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a task is: its name, exact prompt, stages and the rubric of each score.

The five tasks of the paper lie in config/tasks/; a lab puts its own beside its calibrations, in
<user config>/tasks/. Recorder, labeller, rewards and simulation read the same files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.share import share_file, user_config_dir

SCORES = (0.0, 0.5, 1.0)


@dataclass(frozen=True)
class Stage:
    """One part of a task, with what each score means."""

    name: str
    rubric: Mapping[float, str]


@dataclass(frozen=True)
class Task:
    """A task; stages are numbered from 0 in the order in which they happen."""

    name: str
    title: str
    prompt: str
    stages: tuple[Stage, ...]

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Return the names of the stages in order."""
        return tuple(stage.name for stage in self.stages)


def task_names() -> tuple[str, ...]:
    """Return every task that is known here: ours and the lab's own."""
    return tuple(sorted(_files()))


def load_task(name: str) -> Task:
    """Read a task by name; raises ConfigError with the closest names."""
    files = _files()
    if name not in files:
        where = user_config_dir() / 'tasks' / f'{name}.yaml'
        raise ConfigError(
            f"no task '{name}'; {did_you_mean(name, files)}; describe a new one in {where}"
        )
    return _read(files[name], name)


def _files() -> dict[str, Path]:
    """Return name -> file; the user's own wins."""
    folders = (share_file('config', 'tasks'), user_config_dir() / 'tasks')
    return {path.stem: path for folder in folders for path in sorted(folder.glob('*.yaml'))}


def _read(path: Path, name: str) -> Task:
    try:
        data = yaml.safe_load(path.read_text(encoding='utf-8'))
        task = Task(
            name=_text(data, 'name'),
            title=_text(data, 'title'),
            prompt=_text(data, 'prompt'),
            stages=tuple(_stage(row) for row in data['stages']),
        )
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise ConfigError(f'{path}: not a task ({error!r}); compare config/tasks/') from None
    if task.name != name:
        raise ConfigError(f"{path}: calls itself '{task.name}'; give file and task one name")
    if not 1 <= len(task.stages) <= 255:
        raise ConfigError(f'{path}: {len(task.stages)} stages; allowed: 1 to 255')
    return task


def _stage(row: Mapping[str, Any]) -> Stage:
    # As text in the file: an unquoted 1 and 1.0 would be two keys.
    rubric = {score: _text(row, f'{score:g}') for score in SCORES}
    return Stage(_text(row, 'name'), MappingProxyType(rubric))


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row[key]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f'{key} must be a text, found {value!r}')
    return value
