# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A unit: one episode, converted, on its own in a folder, not yet part of a dataset.

Both formats are put together from units, and so are merged and split datasets. A unit appears
under its name only when it is whole, so a conversion that was cut off goes on behind the last one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
import hashlib
import json
import os
from pathlib import Path
import shutil
from typing import Any

import numpy as np

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_training.data import sights
from hvd_training.data.columns import ColumnsConfig, build_columns
from hvd_training.data.facts import EpisodeFacts, facts_from_json
from hvd_training.data.lerobot.tables import read_columns, write_columns
from hvd_training.data.lerobot.video import VideoConfig
from hvd_training.data.pixels import PixelStats
from hvd_training.data.source import Column, EpisodeSource

SCHEMA = 1
CLOUDS = ('off', 'float16', 'float32')
_COLUMNS = 'columns.parquet'
_UNIT = 'unit.json'


@dataclass(frozen=True)
class UnitConfig:
    """Everything that decides what a unit holds."""

    columns: ColumnsConfig = field(default_factory=ColumnsConfig)
    video: VideoConfig = field(default_factory=VideoConfig)
    cloud: str = 'float16'  # of the points; float16 is exact to 1 mm within 2 m

    def __post_init__(self) -> None:
        if self.cloud not in CLOUDS:
            raise ConfigError(f"cloud '{self.cloud}'; {did_you_mean(self.cloud, CLOUDS)}")


@dataclass(frozen=True)
class Unit:
    """A whole unit on disk."""

    folder: Path
    facts: EpisodeFacts
    state_names: tuple[str, ...]
    columns: ColumnsConfig
    videos: dict[str, dict[str, Any]]  # camera -> entry of info.json
    pixels: dict[str, PixelStats]
    cloud: tuple[int, str] | None  # points, dtype
    digest: str  # of numbers and clouds
    fingerprint: str

    def numbers(self) -> dict[str, Column]:
        """Read every column."""
        return read_columns(self.folder / _COLUMNS)

    def video(self, camera: str) -> Path:
        """Return the video of a camera."""
        return self.folder / f'{camera}.mp4'

    def clouds(self) -> tuple[Path, Path]:
        """Return the files of points (T, N, 3) and colours (T, N, 3)."""
        return _cloud_files(self.folder)


def _cloud_files(folder: Path) -> tuple[Path, Path]:
    return folder / 'cloud_xyz.npy', folder / 'cloud_rgb.npy'


def fingerprint(source: str, config: UnitConfig) -> str:
    """Return what has to be the same for a unit to be still good."""
    text = json.dumps([SCHEMA, source, asdict(config)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def still_good(source: EpisodeSource, config: UnitConfig, folder: Path) -> bool:
    """Whether a folder holds the whole unit of this source and config."""
    there = (folder / _UNIT).is_file()
    return there and read_unit(folder).fingerprint == fingerprint(source.fingerprint, config)


def make_unit(source: EpisodeSource, config: UnitConfig, folder: Path) -> Unit:
    """Convert one episode into a folder that appears when it is whole; keeps one that still is."""
    if still_good(source, config, folder):
        return read_unit(folder)
    work = folder.with_name(folder.name + '.tmp')
    for old in (work, folder):
        shutil.rmtree(old, ignore_errors=True)
    work.mkdir(parents=True)
    columns = build_columns(source.raw(), source.facts, config.columns)
    videos, cloud = sights.write(source, config.video, config.cloud, work)
    facts, state_names = source.facts, source.state_names
    mark = fingerprint(source.fingerprint, config)
    finish_unit(work, facts, state_names, config.columns, columns, videos, cloud, mark)
    work.rename(folder)
    return read_unit(folder)


def finish_unit(
    folder: Path,
    facts: EpisodeFacts,
    state_names: tuple[str, ...],
    config: ColumnsConfig,
    columns: Mapping[str, Column],
    videos: Mapping[str, tuple[dict[str, Any], PixelStats]],
    cloud: tuple[int, str] | None,
    mark: str,
) -> None:
    """Write the numbers and then, last, what they and the files beside them are."""
    write_columns(folder / _COLUMNS, columns)
    data = {
        'schema': SCHEMA,
        'facts': facts.as_json(),
        'state_names': list(state_names),
        'columns': asdict(config),
        'videos': {camera: entry for camera, (entry, _) in videos.items()},
        'pixels': {c: [p.images, p.counts.tolist()] for c, (_, p) in videos.items()},
        'cloud': cloud,
        'digest': digest(columns, _cloud_files(folder) if cloud else ()),
        'fingerprint': mark,
    }
    path = folder / _UNIT
    with path.open('w', encoding='utf-8') as file:
        json.dump(data, file)
        file.flush()
        os.fsync(file.fileno())


def read_unit(folder: Path) -> Unit:
    """Read what finish_unit wrote."""
    data = json.loads((folder / _UNIT).read_text(encoding='utf-8'))
    pixels = {}
    for camera, (images, counts) in data['pixels'].items():
        pixels[camera] = PixelStats()
        pixels[camera].merge(np.array(counts), images)
    return Unit(
        folder=folder,
        facts=facts_from_json(data['facts']),
        state_names=tuple(data['state_names']),
        columns=columns_from_json(data['columns']),
        videos=data['videos'],
        pixels=pixels,
        cloud=tuple(data['cloud']) if data['cloud'] else None,
        digest=data['digest'],
        fingerprint=data['fingerprint'],
    )


def columns_from_json(data: Mapping[str, Any]) -> ColumnsConfig:
    """Read the config back, with its tuples."""
    lists = {name: tuple(data.get(name, ())) for name in ('state', 'sim_state')}
    return ColumnsConfig(**{**data, **lists})


def digest(columns: Mapping[str, Column], clouds: Sequence[Path]) -> str:
    """Return the SHA-256 of an episode's own columns and of its files of clouds."""
    total = hashlib.sha256()
    for name in sorted(columns):
        values = np.ascontiguousarray(columns[name])
        total.update(f'{name} {values.dtype.str} {values.shape}'.encode())
        total.update(values.data if values.size else b'')
    for path in clouds:
        with path.open('rb') as file:
            total.update(hashlib.file_digest(file, 'sha256').digest())
    return total.hexdigest()
