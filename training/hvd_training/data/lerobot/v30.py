# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""LeRobot v3.0: many episodes in one file and one video, found through a table."""

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, repeat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hvd_training.data.columns import IMAGES
from hvd_training.data.lerobot import layout, video
from hvd_training.data.lerobot.rows import facts_columns, index_columns, link, prompts
from hvd_training.data.lerobot.tables import CODEC, tasks_table, to_table
from hvd_training.data.pixels import PixelStats
from hvd_training.data.source import Column
from hvd_training.data.statistics.summary import (
    Histogram,
    Moments,
    as_lists,
    exact_summary,
    summary,
)
from hvd_training.data.unit import Unit

_PATHS = layout.V30_PATHS
_MB = 1e6
_ROWS = 100  # of the table of episodes that are in memory


def write(units: Sequence[Unit], root: Path, info: dict[str, Any]) -> None:
    """Write data, videos, meta files and, last, info.json."""
    order = [name for name in info['features'] if not name.startswith(IMAGES)]
    moments = _moments(units, order)
    histograms = {name: Histogram(one) for name, one in moments.items()}
    videos = [list(_videos(units, root, camera, info['fps'])) for camera in units[0].videos]
    places = (dict(ChainMap(*row)) for row in zip(*videos, strict=True)) if videos else repeat({})
    rows = _data(units, root, order, histograms)
    # strict would ask the endless {} of a dataset without cameras for one more.
    _episodes((row | place for row, place in zip(rows, places)), root)  # noqa: B905
    pq.write_table(tasks_table(prompts(units)), root / _PATHS['tasks'])
    dtypes = {name: info['features'][name]['dtype'] for name in order}
    stats = {n: as_lists(summary(moments[n], histograms[n]), dtypes[n]) for n in order}
    layout.write_json(root / layout.STATS, _all_pixels(units) | stats)
    layout.write_json(root / layout.INFO, _info(units, info))


def _info(units: Sequence[Unit], info: dict[str, Any]) -> dict[str, Any]:
    return {
        'codebase_version': layout.V30,
        **info,
        'data_files_size_in_mb': layout.DATA_MB,
        'video_files_size_in_mb': layout.VIDEO_MB,
        'data_path': _PATHS['data'],
        'video_path': _PATHS['video'] if units[0].videos else None,
    }


def _indexed(units: Sequence[Unit]) -> Iterator[tuple[int, Unit, int, dict[str, Column]]]:
    tasks, first = prompts(units), 0
    for episode, unit in enumerate(units):
        facts = unit.facts
        yield (
            episode,
            unit,
            first,
            unit.numbers()
            | index_columns(facts.frames, facts.fps, episode, first, tasks.index(facts.prompt)),
        )
        first += facts.frames


def _moments(units: Sequence[Unit], order: list[str]) -> dict[str, Moments]:
    found: dict[str, Moments] = {}
    for _, _, _, columns in _indexed(units):
        for name in order:
            rows = _matrix(columns[name])
            found.setdefault(name, Moments(rows.shape[1])).add(rows)
    return found


def _data(
    units: Sequence[Unit], root: Path, order: list[str], histograms: Mapping[str, Histogram]
) -> Iterator[dict[str, Any]]:
    """Write the data files, one row group an episode, and give the rows of the episodes table."""
    files = _Files(root, _PATHS['data'])
    writer: Any = None
    try:
        for episode, unit, first, columns in _indexed(units):
            table = to_table({name: columns[name] for name in order})
            # The files' sizes are bounded from above: what is compressed is never larger.
            if files.add(table.nbytes, layout.DATA_MB * _MB):
                if writer is not None:
                    writer.close()
                writer = pq.ParquetWriter(files.path(), table.schema, compression=CODEC)
            writer.write_table(table, row_group_size=max(1, table.num_rows))
            for name in order:
                histograms[name].add(_matrix(columns[name]))
            yield {
                'episode_index': episode,
                'tasks': [unit.facts.prompt],
                'length': unit.facts.frames,
                'data/chunk_index': files.chunk,
                'data/file_index': files.file,
                'dataset_from_index': first,
                'dataset_to_index': first + unit.facts.frames,
                'meta/episodes/chunk_index': 0,
                'meta/episodes/file_index': 0,
                **facts_columns(unit),
                **_flat_stats(unit, columns, order),
            }
    finally:
        if writer is not None:
            writer.close()


def _videos(units: Sequence[Unit], root: Path, camera: str, fps: int) -> Iterator[dict[str, Any]]:
    """Write the videos of one camera and give each episode's place in them."""
    key = IMAGES + camera
    files = _Files(root, _PATHS['video'], video_key=key)
    for group in _groups(units, camera, fps):
        files.next()
        parts = [unit.video(camera) for unit in group]
        if len(parts) == 1:
            link(parts[0], files.path())
        else:
            video.join(parts, files.path(), fps)
        frame = 0
        for unit in group:
            yield {
                f'videos/{key}/chunk_index': files.chunk,
                f'videos/{key}/file_index': files.file,
                f'videos/{key}/from_timestamp': frame / fps,
                f'videos/{key}/to_timestamp': (frame + unit.facts.frames) / fps,
            }
            frame += unit.facts.frames


def _groups(units: Sequence[Unit], camera: str, fps: int) -> Iterator[list[Unit]]:
    """Give runs of episodes that go into one video: one codec, not too large, not too long."""
    group: list[Unit] = []
    size = frames = 0
    header = b''
    for unit in units:
        path = unit.video(camera)
        own_size, own_header = path.stat().st_size, video.codec_parameters(path)
        full = size + own_size > layout.VIDEO_MB * _MB
        long = (frames + unit.facts.frames) / fps > layout.VIDEO_S
        if group and (full or long or own_header != header):
            yield group
            group, size, frames = [], 0, 0
        group.append(unit)
        size, frames, header = size + own_size, frames + unit.facts.frames, own_header
    if group:
        yield group


class _Files:
    """Numbered files of bounded size in folders of a bounded number of them."""

    def __init__(self, root: Path, pattern: str, **names: str) -> None:
        self._root, self._pattern, self._names = root, pattern, names
        self._count, self._bytes = -1, 0.0

    @property
    def chunk(self) -> int:
        return self._count // layout.CHUNK

    @property
    def file(self) -> int:
        return self._count % layout.CHUNK

    def next(self) -> None:
        self._count, self._bytes = self._count + 1, 0.0

    def add(self, size: float, most: float) -> bool:
        """Make room for `size` bytes; true if that begins a new file."""
        fresh = self._count < 0 or self._bytes + size > most
        if fresh:
            self.next()
        self._bytes += size
        return fresh

    def path(self) -> Path:
        place = {'chunk_index': self.chunk, 'file_index': self.file, **self._names}
        path = self._root / self._pattern.format(**place)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _episodes(rows: Iterator[dict[str, Any]], root: Path) -> None:
    """Write the table of episodes; a row holds some thousand numbers, so not all at once."""
    path = root / _PATHS['episodes'].format(chunk_index=0, file_index=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(list(islice(rows, _ROWS)))
    with pq.ParquetWriter(path, table.schema, compression=CODEC) as writer:
        while table.num_rows:
            writer.write_table(table)
            table = pa.Table.from_pylist(list(islice(rows, _ROWS)), schema=table.schema)


def _flat_stats(unit: Unit, columns: dict[str, Column], order: list[str]) -> dict[str, Any]:
    found = {
        name: as_lists(exact_summary(_matrix(columns[name])), columns[name].dtype)
        for name in order
    }
    found |= {IMAGES + camera: pixels.as_lerobot() for camera, pixels in unit.pixels.items()}
    return {
        f'stats/{name}/{key}': value for name, one in found.items() for key, value in one.items()
    }


def _all_pixels(units: Sequence[Unit]) -> dict[str, Any]:
    found = {}
    for camera in units[0].videos:
        total = PixelStats()
        for unit in units:
            total.merge(unit.pixels[camera].counts, unit.pixels[camera].images)
        found[IMAGES + camera] = total.as_lerobot()
    return found


def _matrix(values: Column) -> Column:
    return values.reshape(len(values), -1)
