# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Whether a dataset is whole, and what it holds plausible.

An error means that training on it would go wrong or that it was damaged; a warning is something
that may be meant. Every check looks at what is on the disk, not at what the writer promised.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import hashlib
from pathlib import Path

import numpy as np

from hvd_ros.core.episodes.meta import hex_id
from hvd_ros.core.errors import ConfigError, ContractMismatch, HvdError
from hvd_ros.core.robot.body import Body, Kind
from hvd_ros.core.robot.description import load_body
from hvd_training.data.columns import ACTION, INDEX_COLUMNS, MAY_BE_NAN, STATE
from hvd_training.data.dataset import Dataset
from hvd_training.data.lerobot import video
from hvd_training.data.returns import gaps
from hvd_training.data.source import Column
from hvd_training.data.statistics import norm_stats
from hvd_training.data.statistics.summary import Moments
from hvd_training.data.unit import digest

ERROR, WARNING = 'error', 'warning'
_STILL = 1e-6  # least deviation of a dimension that moved
_NEAR = 1e-3  # how far outside a limit still counts as at it


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong or odd."""

    level: str
    text: str


def check(data: Dataset) -> list[Finding]:
    """Return everything that was found, the most general first."""
    found = [*_whole(data), *_ids(data)]
    moments = {name: Moments(data.features[name].shape[0]) for name in (STATE, ACTION)}
    body = _body(data)
    digests, outside = [], _Outside(body)
    for episode in range(len(data.rows)):
        try:
            columns = data.numbers(episode)
        except HvdError as error:
            found.append(Finding(ERROR, str(error)))
            continue
        found += [Finding(level, f'{_name(data, episode)}: {t}') for level, t in _numbers(
            data, episode, columns)]  # fmt: skip
        digests.append(_digest(data, episode, columns))
        if digests[-1] != data.rows[episode]['digest']:
            found.append(Finding(ERROR, f'{_name(data, episode)}: its hash has changed'))
        for name, one in moments.items():
            one.add(columns[name])
        outside.add(columns[ACTION])
    found += _hash(data, digests)
    found += _still(data, moments)
    found += outside.findings(data)
    found += _videos(data)
    return found + list(_stats(data))


def _name(data: Dataset, episode: int) -> str:
    return f'episode {episode} ({data.rows[episode]["episode_id"]})'


def _whole(data: Dataset) -> Iterator[Finding]:
    total = sum(int(row['length']) for row in data.rows)
    if total != data.frames:
        yield Finding(ERROR, f'info.json counts {data.frames} frames, the episodes have {total}')


def _ids(data: Dataset) -> Iterator[Finding]:
    seen: set[str] = set()
    for row in data.rows:
        if row['episode_id'] in seen:
            yield Finding(ERROR, f'episode {row["episode_id"]} occurs twice')
        seen.add(row['episode_id'])


def _numbers(data: Dataset, episode: int, columns: dict[str, Column]) -> Iterator[tuple[str, str]]:
    length = int(data.rows[episode]['length'])
    lacking = set(data.features) ^ set(columns)
    if lacking:
        yield ERROR, f'columns {sorted(lacking)} are declared or there, but not both'
        return
    if any(len(column) != length for column in columns.values()):
        yield ERROR, f'{len(columns["index"])} rows, but its length is {length}'
        return
    yield from _index(data, episode, columns)
    for name, column in columns.items():
        if name not in MAY_BE_NAN and column.dtype.kind == 'f':
            bad = np.argwhere(~np.isfinite(column))
            if len(bad):
                yield ERROR, f'{name} is not finite at frame {bad[0][0]} and {len(bad) - 1} others'
    ends = np.flatnonzero(columns['next.done'])
    if len(ends) > 1 or (len(ends) and ends[0] != length - 1):
        yield ERROR, f'terminal at frames {ends[:5].tolist()}, not only at the last'
    wide = np.flatnonzero(gaps(columns['stamp_ns'], data.fps))
    if len(wide):
        yield (
            WARNING,
            f'{len(wide)} pauses or lost frames, the first behind frame {wide[0]}; '
            'chunks end there (steps_left)',
        )


def _index(data: Dataset, episode: int, columns: dict[str, Column]) -> Iterator[tuple[str, str]]:
    rows = np.arange(len(columns['index']))
    wanted = {
        'index': data.starts[episode] + rows,
        'frame_index': rows,
        'episode_index': np.full(len(rows), episode),
        'timestamp': (rows / data.fps).astype(np.float32),
    }
    for name, values in wanted.items():
        if not np.array_equal(columns[name], values):
            yield ERROR, f'{name} does not count up as a loader needs it'


def _digest(data: Dataset, episode: int, columns: dict[str, Column]) -> str:
    own = {name: column for name, column in columns.items() if name not in INDEX_COLUMNS}
    clouds = data.clouds(episode) or ()
    there = [path for path in clouds if path.is_file()]
    return digest(own, there)


def _hash(data: Dataset, digests: list[str]) -> Iterator[Finding]:
    total = hashlib.sha256('\n'.join(digests).encode()).hexdigest()
    if total != data.content_sha256:
        yield Finding(ERROR, 'the hash of the content is not the one in meta/hvd.json')


def _still(data: Dataset, moments: dict[str, Moments]) -> Iterator[Finding]:
    for key, one in moments.items():
        names = data.features[key].names or ()
        still = [name for name, std in zip(names, one.std, strict=True) if std < _STILL]
        if still:
            yield Finding(WARNING, f'{key} never changes in: {", ".join(still)}')


def _body(data: Dataset) -> Body | None:
    try:
        body = load_body(data.hvd['robot'])
    except ConfigError:
        return None
    return body if hex_id(body.layout_id) == data.hvd['layout_id'] else None


class _Outside:
    """How far actions reach beyond the limits of the body, per dimension."""

    def __init__(self, body: Body | None) -> None:
        self._body = body
        self._most: dict[int, float] = {}

    def add(self, action: Column) -> None:
        if self._body is None:
            return
        limits = self._body.limits
        beyond = np.maximum(limits.low - action, action - limits.high).max(axis=0)
        for d in np.flatnonzero(beyond > _NEAR):
            self._most[int(d)] = max(self._most.get(int(d), 0.0), float(beyond[d]))

    def findings(self, data: Dataset) -> Iterator[Finding]:
        if self._body is None:
            robot = data.hvd['robot']
            yield Finding(WARNING, f"limits not checked: '{robot}' is unknown here or differs")
            return
        for d, most in sorted(self._most.items()):
            dimension = self._body.dimensions[d]
            what = 'speed' if dimension.kind is Kind.VELOCITY else 'position'
            yield Finding(
                WARNING,
                f'action {dimension.name} is up to {most:.3g} {dimension.unit} outside its '
                f'{what} limits',
            )


def _videos(data: Dataset) -> Iterator[Finding]:
    wanted: dict[Path, int] = {}
    for episode, row in enumerate(data.rows):
        for camera in data.videos:
            clip = data.clip(episode, camera)
            wanted[clip.path] = max(wanted.get(clip.path, 0), clip.first + int(row['length']))
        for path in data.clouds(episode) or ():
            yield from _cloud(path, int(row['length']))
    for path, frames in wanted.items():
        try:
            seen = video.probe(path, data.fps)
        except ContractMismatch as error:
            yield Finding(ERROR, str(error))
            continue
        if seen.frames != frames:
            yield Finding(ERROR, f'{path} has {seen.frames} frames, its rows are {frames}')
        elif not seen.exact:
            yield Finding(ERROR, f'{path}: frames do not stand at k/{data.fps} s')


def _cloud(path: Path, frames: int) -> Iterator[Finding]:
    try:
        rows = len(np.load(path, mmap_mode='r'))
    except (OSError, ValueError) as error:
        yield Finding(ERROR, f'{path} is missing or not whole: {error}')
        return
    if rows != frames:
        yield Finding(ERROR, f'{path} has {rows} clouds for {frames} rows')


def _stats(data: Dataset) -> Iterator[Finding]:
    try:
        made = norm_stats.load(data.root)
    except ConfigError:
        yield Finding(WARNING, 'no statistics yet; run `hvd dataset stats`')
        return
    except HvdError as error:
        yield Finding(ERROR, str(error))
        return
    for key, names in made.still.items():
        if names:
            yield Finding(WARNING, f'{key} hardly changes in: {", ".join(names)} (floor applied)')
