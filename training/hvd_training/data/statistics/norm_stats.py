# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Normalisation statistics: one file that says what it was computed over, and has a hash.

Two datasets that a policy learns from together must be normalised alike. The second one then holds
no copy but a reference, path and hash, and reading it fails when the first one's file has changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.data.columns import ACTION, SIM_STATE, STATE
from hvd_training.data.dataset import Dataset
from hvd_training.data.lerobot import layout
from hvd_training.data.source import Column, Float
from hvd_training.data.statistics.summary import Histogram, Moments, as_lists, summary

SCHEMA = 1
ABSOLUTE, DELTA = 'absolute', 'delta'
FLOOR = 1e-2  # least deviation and half quantile range; less is a dimension that stands still


@dataclass(frozen=True)
class Representation:
    """What the numbers of an action were when the statistics were made."""

    action: str = ABSOLUTE  # or DELTA: positions less the state that the chunk starts from
    horizon: int = 1  # actions per row: 1 counts each once, more counts whole chunks
    delta: tuple[str, ...] = ()  # dimensions that are differences

    def as_json(self) -> dict[str, Any]:
        """Return plain lists and numbers."""
        return {'action': self.action, 'horizon': self.horizon, 'delta': list(self.delta)}


@dataclass(frozen=True)
class NormStats:
    """Statistics of state and action, with the dimension's names and the floor applied."""

    layout_id: str
    representation: Representation
    names: dict[str, tuple[str, ...]]
    stats: dict[str, dict[str, Float]]
    still: dict[str, tuple[str, ...]]  # dimensions whose deviation was raised to the floor
    sha256: str
    path: Path  # where the numbers themselves lie


def compute(data: Dataset, how: Representation, floor: float = FLOOR) -> NormStats:
    """Compute statistics in two passes over the numbers; no image is touched."""
    keys = (STATE, ACTION, *((SIM_STATE,) if SIM_STATE in data.features else ()))
    names = {key: data.features[key].names or () for key in keys}
    _check(how, names)
    moments = {key: Moments(len(n)) for key, n in names.items()}
    for rows in _rows(data, how, names):
        for key, values in rows.items():
            moments[key].add(values)
    histograms = {key: Histogram(one) for key, one in moments.items()}
    for rows in _rows(data, how, names):
        for key, values in rows.items():
            histograms[key].add(values)
    stats = {key: summary(moments[key], histograms[key]) for key in names}
    still = {key: raise_floor(stats[key], names[key], floor) for key in names}
    made = NormStats(str(data.hvd['layout_id']), how, names, stats, still, '', data.root)
    return _read(_content(made, data, floor), data.root / layout.NORM_STATS)


def _rows(data: Dataset, how: Representation, names: dict[str, Any]) -> Any:
    columns = [*names] + (['steps_left'] if how.horizon > 1 else [])
    for found in data.each(columns):
        yield {key: found[key] for key in names} | {ACTION: _actions(found, how, names)}


def _actions(found: dict[str, Column], how: Representation, names: dict[str, Any]) -> Column:
    action = found[ACTION].astype(np.float64)
    frames = np.arange(len(action))
    left = found['steps_left'] if how.horizon > 1 else np.ones(len(action), dtype=np.int64)
    parts = []
    columns = [names[ACTION].index(n) for n in how.delta]
    states = [names[STATE].index(f'{n}.position') for n in how.delta]
    for j in range(how.horizon):
        rows = frames[left > j]
        values = action[rows + j]
        values[:, columns] -= found[STATE][rows][:, states]
        parts.append(values)
    return np.concatenate(parts)


def _check(how: Representation, names: dict[str, tuple[str, ...]]) -> None:
    if how.action not in (ABSOLUTE, DELTA) or bool(how.delta) != (how.action == DELTA):
        raise ConfigError(f"action '{how.action}' with differences of {list(how.delta)}")
    for name in how.delta:
        if name not in names[ACTION] or f'{name}.position' not in names[STATE]:
            raise ConfigError(
                f"'{name}' can not be a difference: the state has no '{name}.position'; "
                'convert with `--state position` among the features'
            )


def raise_floor(stats: dict[str, Float], names: Sequence[str], floor: float) -> tuple[str, ...]:
    """Raise what is too small to divide by, and return the names of those dimensions."""
    still = stats['std'] < floor
    stats['std'] = np.maximum(stats['std'], floor)
    middle = (stats['q99'] + stats['q01']) / 2
    narrow = stats['q99'] - stats['q01'] < 2 * floor
    stats['q01'] = np.where(narrow, middle - floor, stats['q01'])
    stats['q99'] = np.where(narrow, middle + floor, stats['q99'])
    return tuple(name for name, is_still in zip(names, still, strict=True) if is_still)


def _content(made: NormStats, data: Dataset, floor: float) -> dict[str, Any]:
    content = {
        'schema': SCHEMA,
        'layout_id': made.layout_id,
        'dataset_sha256': data.content_sha256,
        'representation': made.representation.as_json(),
        'floor': floor,
        'names': {key: list(n) for key, n in made.names.items()},
        'still': {key: list(n) for key, n in made.still.items()},
        'stats': {key: as_lists(one) for key, one in made.stats.items()},
    }
    return content | {'sha256': _hash(content)}


def save(made: NormStats, data: Dataset, floor: float = FLOOR) -> Path:
    """Write the statistics into their dataset, whole or not at all."""
    return _put(data.root / layout.NORM_STATS, _content(made, data, floor))


def use(data: Dataset, other: Dataset) -> NormStats:
    """Let a dataset use the statistics of another one, by path and hash."""
    theirs = load(other.root)
    if theirs.layout_id != data.hvd['layout_id']:
        raise ContractMismatch(
            f'{other.root} has layout {theirs.layout_id}, {data.root} {data.hvd["layout_id"]}; '
            'statistics can be shared between datasets of one body only'
        )
    for key, names in theirs.names.items():
        if key not in data.features or data.features[key].names != names:
            raise ContractMismatch(
                f'{key} has other dimensions in {other.root} than in {data.root}; convert both '
                'with the same --state'
            )
    path = os.path.relpath(theirs.path.resolve(), (data.root / layout.NORM_STATS).resolve().parent)
    _put(data.root / layout.NORM_STATS, {'reference': {'path': path, 'sha256': theirs.sha256}})
    return load(data.root)


def load(root: Path) -> NormStats:
    """Read the statistics of a dataset, following a reference and checking every hash."""
    path = root / layout.NORM_STATS
    if not path.is_file():
        raise ConfigError(f'{root} has no statistics; run `hvd dataset stats {root}`')
    data = layout.read_json(path)
    if 'reference' not in data:
        return _read(data, path)
    target = (path.parent / data['reference']['path']).resolve()
    if not target.is_file():
        raise ContractMismatch(
            f'{path} refers to {target}, which is gone; run `hvd dataset stats {root} --use` again'
        )
    theirs = _read(layout.read_json(target), target)
    if theirs.sha256 != data['reference']['sha256']:
        raise ContractMismatch(
            f'{target} has changed since {path} referred to it ({theirs.sha256[:12]} is not '
            f'{data["reference"]["sha256"][:12]}); what was trained with the old one does not '
            f'fit: run `hvd dataset stats {root} --use` again if that is meant'
        )
    return theirs


def _read(data: dict[str, Any], path: Path) -> NormStats:
    content = {key: value for key, value in data.items() if key != 'sha256'}
    if _hash(content) != data.get('sha256'):
        raise ContractMismatch(f'{path} was changed by hand; run `hvd dataset stats` again')
    how = data['representation']
    return NormStats(
        layout_id=data['layout_id'],
        representation=Representation(how['action'], how['horizon'], tuple(how['delta'])),
        names={key: tuple(n) for key, n in data['names'].items()},
        stats={
            key: {name: np.array(value) for name, value in one.items()}
            for key, one in data['stats'].items()
        },
        still={key: tuple(n) for key, n in data['still'].items()},
        sha256=data['sha256'],
        path=path,
    )


def as_openpi(made: NormStats) -> dict[str, Any]:
    """Return the norm_stats.json of openpi: `state` and `actions`, mean, std, q01 and q99."""
    keys = ('mean', 'std', 'q01', 'q99')
    pairs = (('state', STATE), ('actions', ACTION))
    return {
        'norm_stats': {
            theirs: {k: made.stats[ours][k].tolist() for k in keys} for theirs, ours in pairs
        }
    }


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _put(path: Path, content: dict[str, Any]) -> Path:
    fresh = path.with_suffix('.new')
    layout.write_json(fresh, content)
    fresh.replace(path)
    return path
