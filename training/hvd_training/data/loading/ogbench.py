# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
An OGBench file as recordings.

`terminals` marks where a trajectory was cut, `masks` is 0 where the goal was reached: a chunk ends
at the first, its bootstrap at the second, and neither stands for the other. The last row of a
trajectory is an observation only, as in files that OGBench's generator writes.
"""

import hashlib
from pathlib import Path
from typing import Any
import zipfile

import numpy as np

from hvd_ros.core.errors import ContractMismatch
from hvd_training.data.columns import ACTION, STATE
from hvd_training.data.facts import EpisodeFacts
from hvd_training.data.loading.recordings import Recordings, Role
from hvd_training.data.loading.statistics import stats_of_arrays

_FIELDS = ('observations', 'actions', 'terminals', 'masks', 'rewards')
_FPS = 20


def open_ogbench(path: Path, role: Role) -> Recordings:
    """Read a file whose rewards were labelled for one task."""
    fields = _with_last_observations(_read(path))
    ends = np.flatnonzero(fields['terminals'])
    first = np.append(0, ends[:-1] + 1)
    episode = np.repeat(np.arange(len(ends)), ends - first + 1)
    left = ends[episode] - np.arange(len(episode))
    reached = np.asarray(fields['masks']) == 0
    state = np.asarray(fields['observations'], np.float32)
    action = np.asarray(fields['actions'], np.float32)
    names = {STATE: _numbered('obs', state), ACTION: _numbered('act', action)}
    return Recordings(
        root=path,
        role=role,
        state=state,
        action=action,
        reward=np.asarray(fields['rewards'], np.float32),
        terminated=reached,
        left=left,
        ahead=left,
        episode=episode,
        facts=tuple(
            _facts(path, number, bool(reached[a : b + 1].any()), int(b - a), names[ACTION])
            for number, (a, b) in enumerate(zip(first, ends, strict=True))
        ),
        state_names=names[STATE],
        action_names=names[ACTION],
        stats=stats_of_arrays({STATE: state, ACTION: action[left > 0]}, names, path),
        stats_made=True,
        content=hashlib.sha256(state.tobytes() + action.tobytes()).hexdigest(),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        with np.load(path) as file:
            fields = dict(file)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ContractMismatch(f'{path} is no whole .npz file: {error}') from None
    missing = [name for name in _FIELDS if name not in fields]
    if missing:
        raise ContractMismatch(
            f'{path} lacks {", ".join(missing)}; rewards and masks are of one task: save what '
            'ogbench.make_env_and_datasets(..., dataset_path=...) returns for it'
        )
    sizes = {name: len(fields[name]) for name in _FIELDS}
    if len(set(sizes.values())) > 1 or not sizes['actions']:
        raise ContractMismatch(f'{path}: columns of different lengths, {sizes}')
    if not fields['terminals'][-1]:
        raise ContractMismatch(f'{path}: its last trajectory has no end; the file was cut')
    return fields


def _with_last_observations(fields: dict[str, Any]) -> dict[str, Any]:
    """Append to each trajectory what follows its last action, where that stands in a column."""
    if 'next_observations' not in fields:
        return {name: fields[name] for name in _FIELDS}
    ends = np.flatnonzero(fields['terminals'])
    last = {name: fields[name][ends] for name in _FIELDS}
    last['observations'] = fields['next_observations'][ends]
    found = {name: np.insert(fields[name], ends + 1, last[name], axis=0) for name in _FIELDS}
    terminals = np.zeros(len(found['terminals']), dtype=np.bool_)
    terminals[ends + 1 + np.arange(len(ends))] = True
    return found | {'terminals': terminals}


def _facts(
    path: Path, number: int, success: bool, frames: int, names: tuple[str, ...]
) -> EpisodeFacts:
    return EpisodeFacts(
        episode_id=f'{path.stem}-{number}',
        task=path.stem,
        prompt=path.stem,
        kind='suboptimal',
        outcome='success' if success else 'failure',
        operator='',
        robot='',
        layout_id='',
        names=names,
        fps=_FPS,
        frames=frames,
        stages=1,
    )


def _numbered(prefix: str, array: np.ndarray[Any, Any]) -> tuple[str, ...]:
    return tuple(f'{prefix}{i}' for i in range(array.shape[1]))
