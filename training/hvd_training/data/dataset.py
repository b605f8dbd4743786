# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A dataset that was written by us, in either format, seen in one way.

Statistics, checks, merging, splitting and the reader ask this where an episode lies; none of them
knows the two layouts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.data.columns import IMAGES, INDEX_COLUMNS, STEP_END, ColumnsConfig, Feature
from hvd_training.data.facts import EpisodeFacts
from hvd_training.data.lerobot import layout
from hvd_training.data.lerobot.rows import facts_of
from hvd_training.data.lerobot.tables import from_table, open_table, read_columns
from hvd_training.data.source import Column
from hvd_training.data.unit import columns_from_json


@dataclass(frozen=True)
class Clip:
    """Where the images of one camera of one episode lie."""

    path: Path
    first: int  # frame of the file that is frame 0 of the episode


def refuse_other_times(datasets: Sequence['Dataset']) -> None:
    """Raise ContractMismatch unless the actions of all are of the same moment."""
    for other in datasets[1:]:
        if other.action_time != datasets[0].action_time:
            old = next(one for one in datasets if not one.action_time)
            raise ContractMismatch(
                f'{old.root} does not say when its actions stood: it was converted when '
                'they could be those of the step before; convert its episodes again '
                '(hvd dataset convert)'
            )


class Dataset:
    """Opens the small files; numbers are read when they are asked for."""

    def __init__(self, root: Path) -> None:
        """Raise ContractMismatch when it is not one, ConfigError when it is not one of ours."""
        self.root = Path(root)
        self.info = layout.read_json(self.root / layout.INFO)
        self.format = str(self.info.get('codebase_version'))
        if self.format not in layout.FORMATS:
            raise ConfigError(
                f"{root} is a LeRobot '{self.format}' dataset; known: {', '.join(layout.FORMATS)}"
            )
        if not (self.root / layout.HVD).is_file():
            raise ConfigError(
                f'{root} was not written by `hvd dataset`, it has no {layout.HVD}; only such '
                'datasets say which body, prompt and outcome their episodes have'
            )
        self.hvd = layout.read_json(self.root / layout.HVD)
        self.rows = self._rows()

    @property
    def fps(self) -> int:
        """Frames per second."""
        return int(self.info['fps'])

    @property
    def frames(self) -> int:
        """Frames of all episodes."""
        return int(self.info['total_frames'])

    @property
    def content_sha256(self) -> str:
        """Hash of numbers and clouds of all episodes in order."""
        return str(self.hvd['content_sha256'])

    @property
    def action_time(self) -> str:
        """When an action stood; empty where nobody said so, and it may be the step before."""
        # Before it was written down, only what ran without a graph had a state of the simulation,
        # and there it always was so.
        return str(self.hvd.get('action_time', STEP_END if self.columns.sim_state else ''))

    @cached_property
    def columns(self) -> ColumnsConfig:
        """What the numbers mean."""
        return columns_from_json(self.hvd['columns'])

    @cached_property
    def features(self) -> dict[str, Feature]:
        """Declared columns of numbers."""
        return {
            name: Feature(f['dtype'], tuple(f['shape']), tuple(f['names'] or ()) or None)
            for name, f in self.info['features'].items()
            if f['dtype'] != 'video'
        }

    @cached_property
    def videos(self) -> dict[str, dict[str, Any]]:
        """Camera -> what info.json says of its videos."""
        return {
            name.removeprefix(IMAGES): feature['info']
            for name, feature in self.info['features'].items()
            if feature['dtype'] == 'video'
        }

    @cached_property
    def facts(self) -> tuple[EpisodeFacts, ...]:
        """What is known about each episode."""
        return tuple(facts_of(row, self.hvd, self.fps) for row in self.rows)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Row at which each episode begins, and the number of rows behind the last."""
        starts = [0]
        for row in self.rows:
            starts.append(starts[-1] + int(row['length']))
        return tuple(starts)

    def numbers(self, episode: int, names: Sequence[str] | None = None) -> dict[str, Column]:
        """Read columns of one episode."""
        wanted = None if names is None else list(names)
        path = self._data(episode)
        if self.format == layout.V21:
            return read_columns(path, wanted)
        file = open_table(path)
        group = self._groups[episode]
        if group >= file.num_row_groups:
            raise ContractMismatch(f'{path} ends before episode {episode}; copy it again')
        return from_table(file.read_row_group(group, columns=wanted))

    def own_numbers(self, episode: int) -> dict[str, Column]:
        """Read the columns that do not depend on the place of the episode in the dataset."""
        return self.numbers(episode, [n for n in self.features if n not in INDEX_COLUMNS])

    def each(self, names: Sequence[str] | None = None) -> Iterator[dict[str, Column]]:
        """Read columns of all episodes, one after the other."""
        return (self.numbers(episode, names) for episode in range(len(self.rows)))

    def clip(self, episode: int, camera: str) -> Clip:
        """Return where the images of an episode lie."""
        key = IMAGES + camera
        if self.format == layout.V21:
            place = self._place(episode)
            return Clip(self.root / self.info['video_path'].format(video_key=key, **place), 0)
        row = self.rows[episode]
        place = {k: row[f'videos/{key}/{k}'] for k in ('chunk_index', 'file_index')}
        path = self.root / self.info['video_path'].format(video_key=key, **place)
        return Clip(path, round(row[f'videos/{key}/from_timestamp'] * self.fps))

    def clouds(self, episode: int) -> tuple[Path, Path] | None:
        """Return the files of points and colours of an episode, if there are clouds."""
        return layout.cloud_files(self.root, episode) if self.hvd['cloud'] else None

    def _rows(self) -> list[dict[str, Any]]:
        if self.format == layout.V21:
            rows = layout.read_lines(self.root / layout.V21_PATHS['episodes'])
        else:
            folder = self.root / 'meta/episodes'
            tables = [open_table(path) for path in sorted(folder.glob('*/*.parquet'))]
            rows = [row for table in tables for row in _plain(table)]
        if [row['episode_index'] for row in rows] != list(range(self.info['total_episodes'])):
            raise ContractMismatch(
                f'{self.root}: {len(rows)} episodes are listed, info.json counts '
                f'{self.info["total_episodes"]}; the dataset is not whole'
            )
        return rows

    def _data(self, episode: int) -> Path:
        if self.format == layout.V21:
            return self.root / str(self.info['data_path']).format(**self._place(episode))
        row = self.rows[episode]
        place = {k: row[f'data/{k}'] for k in ('chunk_index', 'file_index')}
        return self.root / str(self.info['data_path']).format(**place)

    def _place(self, episode: int) -> dict[str, int]:
        return {'episode_chunk': episode // layout.CHUNK, 'episode_index': episode}

    @cached_property
    def _groups(self) -> list[int]:
        """Row group of each episode: one each, counted from its file's first episode."""
        groups: list[int] = []
        for episode in range(len(self.rows)):
            follows = episode and self._data(episode) == self._data(episode - 1)
            groups.append(groups[-1] + 1 if follows else 0)
        return groups


def _plain(table: Any) -> list[dict[str, Any]]:
    names = [name for name in table.schema_arrow.names if not name.startswith('stats/')]
    rows: list[dict[str, Any]] = table.read(columns=names).to_pylist()
    return rows
