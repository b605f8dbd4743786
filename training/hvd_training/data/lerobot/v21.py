# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""LeRobot v2.1, which openpi and the HVD repository read: one file and one video an episode."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hvd_training.data.columns import IMAGES
from hvd_training.data.lerobot import layout
from hvd_training.data.lerobot.rows import facts_columns, index_columns, link, prompts
from hvd_training.data.lerobot.tables import write_columns
from hvd_training.data.source import Column
from hvd_training.data.statistics.summary import as_lists, exact_summary
from hvd_training.data.unit import Unit

_PATHS = layout.V21_PATHS
# What the pinned loader knows; quantiles are those of v3.0.
_STATS = ('min', 'max', 'mean', 'std', 'count')


def write(units: Sequence[Unit], root: Path, info: dict[str, Any]) -> None:
    """Write data, videos, meta files and, last, info.json."""
    tasks = prompts(units)
    order = [name for name in info['features'] if not name.startswith(IMAGES)]
    episodes, stats, first = [], [], 0
    for episode, unit in enumerate(units):
        facts = unit.facts
        place = {'episode_chunk': episode // layout.CHUNK, 'episode_index': episode}
        columns = unit.numbers() | index_columns(
            facts.frames, facts.fps, episode, first, tasks.index(facts.prompt)
        )
        path = root / _PATHS['data'].format(**place)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_columns(path, {name: columns[name] for name in order})
        for camera in unit.videos:
            target = _PATHS['video'].format(video_key=IMAGES + camera, **place)
            link(unit.video(camera), root / target)
        row = {'episode_index': episode, 'tasks': [facts.prompt], 'length': facts.frames}
        episodes.append(row | facts_columns(unit))
        stats.append({'episode_index': episode, 'stats': _stats(unit, columns, order)})
        first += facts.frames
    layout.write_lines(root / _PATHS['episodes'], episodes)
    layout.write_lines(root / _PATHS['episodes_stats'], stats)
    rows = [{'task_index': i, 'task': task} for i, task in enumerate(tasks)]
    layout.write_lines(root / _PATHS['tasks'], rows)
    layout.write_json(root / layout.INFO, _info(units, info))


def _info(units: Sequence[Unit], info: dict[str, Any]) -> dict[str, Any]:
    return {
        'codebase_version': layout.V21,
        **info,
        'total_videos': len(units) * len(units[0].videos),
        'total_chunks': -(-len(units) // layout.CHUNK),
        'data_path': _PATHS['data'],
        'video_path': _PATHS['video'] if units[0].videos else None,
    }


def _stats(unit: Unit, columns: dict[str, Column], order: list[str]) -> dict[str, Any]:
    found = {
        name: as_lists(exact_summary(_matrix(columns[name])), columns[name].dtype)
        for name in order
    }
    found |= {IMAGES + camera: pixels.as_lerobot() for camera, pixels in unit.pixels.items()}
    return {
        name: {key: value for key, value in one.items() if key in _STATS}
        for name, one in found.items()
    }


def _matrix(values: Column) -> Column:
    return values.reshape(len(values), -1)
