# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A LeRobot folder that somebody else wrote, seen as one of ours as far as its files allow.

They say nothing about bodies, outcomes and pauses: every episode counts as a demonstration unless
a role says otherwise, and rewards and ends are taken from the names that LeRobot gives them.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from hvd_ros.core.errors import ConfigError
from hvd_training.data.columns import STEP_END, ColumnsConfig, Feature
from hvd_training.data.dataset import Dataset
from hvd_training.data.facts import EpisodeFacts
from hvd_training.data.lerobot import layout
from hvd_training.data.lerobot.tables import from_table, open_table, read_columns
from hvd_training.data.source import Column

# Ours -> what a foreign file may call it.
_ALSO = {'reward': ('reward', 'next.reward'), 'terminal': ('terminal', 'next.done')}
_SUCCESS = 'next.success'
_MADE = {
    'reward': Feature('float32', (1,)),
    'terminal': Feature('bool', (1,)),
    'steps_left': Feature('int64', (1,)),
}
_NUMBERS = 'biuf'


class ForeignDataset(Dataset):
    """Columns reward, terminal and steps_left are made where they are missing."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self.info = layout.read_json(self.root / layout.INFO)
        self.format = str(self.info.get('codebase_version'))
        if self.format not in layout.FORMATS:
            raise ConfigError(
                f"{root} is a LeRobot '{self.format}' dataset; known: {', '.join(layout.FORMATS)}"
            )
        self.rows = self._rows()
        robot = str(self.info.get('robot_type') or '')
        # LeRobot's action is the command that follows the frame.
        self.hvd = {'cloud': None, 'robot': robot, 'action_time': STEP_END}

    @cached_property
    def content_sha256(self) -> str:  # type: ignore[override]
        """Hash of what is said about the files, and of their sizes."""
        files = sorted((self.root / 'data').rglob('*.parquet'))
        sizes = [(path.name, path.stat().st_size) for path in files]
        said = json.dumps([self.info, self.rows, sizes], sort_keys=True, default=str)
        return hashlib.sha256(said.encode()).hexdigest()

    @cached_property
    def columns(self) -> ColumnsConfig:
        """Return the defaults; nothing is said."""
        return ColumnsConfig()

    @cached_property
    def features(self) -> dict[str, Feature]:
        """Declared columns of numbers with one axis, and those that are made."""
        found = {
            name: Feature(f['dtype'], tuple(f['shape']), _names(f))
            for name, f in self.info['features'].items()
            if f['dtype'] not in ('video', 'image', 'string')
            and len(f['shape']) == 1
            and np.dtype(f['dtype']).kind in _NUMBERS
        }
        return found | {name: made for name, made in _MADE.items() if name not in found}

    @cached_property
    def facts(self) -> tuple[EpisodeFacts, ...]:
        """What follows from the files about each episode."""
        return tuple(self._facts(episode) for episode in range(len(self.rows)))

    def numbers(self, episode: int, names: Sequence[str] | None = None) -> dict[str, Column]:
        """Read columns of one episode."""
        wanted = list(self.features) if names is None else list(names)
        found = self._stored(episode)
        length = int(self.rows[episode]['length'])
        return {name: _made(name, found, length) for name in wanted}

    def _stored(self, episode: int) -> dict[str, Column]:
        there = [name for name in self.features if name in self.info['features']]
        if self.format == layout.V21:
            return read_columns(self._data(episode), there)
        path = self._data(episode)
        first = next(row for i, row in enumerate(self.rows) if self._data(i) == path)
        skipped = int(self.rows[episode]['dataset_from_index']) - int(first['dataset_from_index'])
        whole = self._last(path)
        part = slice(skipped, skipped + int(self.rows[episode]['length']))
        return {name: whole[name][part] for name in there}

    @cached_property
    def _last(self) -> Any:
        """Read a file once, since its episodes are asked for one after the other."""
        there = [name for name in self.features if name in self.info['features']]
        return lru_cache(maxsize=1)(lambda path: from_table(open_table(path).read(columns=there)))

    def _facts(self, episode: int) -> EpisodeFacts:
        row, names = self.rows[episode], self.features['action'].names or ()
        outcome = ''
        if _SUCCESS in self.features:
            outcome = 'success' if self._stored(episode)[_SUCCESS].any() else 'failure'
        return EpisodeFacts(
            episode_id=f'{self.root.resolve().name}-{episode}',
            task=row['tasks'][0],
            prompt=row['tasks'][0],
            kind='expert',
            outcome=outcome,
            operator='',
            robot=self.hvd['robot'],
            layout_id='',
            names=names,
            fps=self.fps,
            frames=int(row['length']),
            stages=0,
        )


def open_dataset(root: Path) -> Dataset:
    """Open a folder of ours, or somebody else's."""
    if (Path(root) / layout.INFO).is_file() and not (Path(root) / layout.HVD).is_file():
        return ForeignDataset(root)
    return Dataset(root)


def _made(name: str, found: dict[str, Column], length: int) -> Column:
    for other in _ALSO.get(name, (name,)):
        if other in found:
            return found[other]
    made: dict[str, Column] = {
        'steps_left': np.arange(length, 0, -1),
        'terminal': np.arange(length) == length - 1,
    }
    return made.get(name, np.zeros(length, dtype=np.float32))


def _names(feature: dict[str, Any]) -> tuple[str, ...]:
    """Return names of the numbers; LeRobot has lists, lists in a mapping, or nothing."""
    names, size = feature.get('names'), feature['shape'][0]
    if isinstance(names, dict):
        names = next((value for value in names.values() if isinstance(value, list)), None)
    if not isinstance(names, list) or len(names) != size:
        return tuple(str(i) for i in range(size))
    return tuple(map(str, names))
