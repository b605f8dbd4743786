# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Checkpoints: tensors as safetensors, numbers as JSON, in a folder that is whole or not there.

A checkpoint is written under a name that nobody reads, brought to the disk, and then renamed. So
whatever kills the process, the newest readable one is complete, and one before it is, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import json
import os
from pathlib import Path
import shutil
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from hvd_ros.core.durable import sync_folder
from hvd_ros.core.errors import ConfigError, ContractMismatch

FOLDER = 'checkpoints'
_STATE = 'state.json'
_PARTIAL = '.partial-'
Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """One that is whole."""

    folder: Path
    state: dict[str, Any]

    @property
    def step(self) -> int:
        """Return how many updates were made."""
        return int(self.state['step'])

    def tensors(self, name: str) -> dict[str, Tensor]:
        """Read one of its files."""
        path = self.folder / f'{name}.safetensors'
        try:
            return load_file(path)
        except (OSError, SafetensorError) as error:
            raise ContractMismatch(
                f'{path} is damaged ({error}); remove {self.folder} to go on from the one before'
            ) from None


def save(run: Path, state: Mapping[str, Any], files: Mapping[str, Tensors], keep: int) -> Path:
    """Write a checkpoint of state['step'] updates, then drop all but the newest `keep`."""
    place = run / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    name = f'{int(state["step"]):08d}'
    work, final = place / f'{_PARTIAL}{name}', place / name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    for file, tensors in files.items():
        path = work / f'{file}.safetensors'
        save_file({key: one.detach().contiguous() for key, one in tensors.items()}, path)
        _sync(path)
    sizes = {path.name: path.stat().st_size for path in work.iterdir()}
    text = json.dumps({**state, 'files': sizes}, indent=1)
    (work / _STATE).write_text(text, encoding='utf-8')
    _sync(work / _STATE)
    sync_folder(work)
    if final.exists():  # the same step again, after going on from an older one
        shutil.rmtree(final)
    work.rename(final)
    sync_folder(place)
    _drop(place, keep)
    return final


def latest(run: Path) -> Checkpoint | None:
    """Return the newest whole checkpoint of a run, if there is one."""
    for folder in reversed(_folders(run / FOLDER)):
        state = _whole(folder)
        if state is not None:
            return Checkpoint(folder, state)
    return None


def required(run: Path) -> Checkpoint:
    """Return the newest whole checkpoint, or say that there is none."""
    found = latest(run)
    if found is None:
        raise ConfigError(
            f'{run} has no whole checkpoint; train longer than --run.save_every, or name another '
            'run'
        )
    return found


def publish(run: Path, source: Path) -> None:
    """Give a file of a checkpoint a second name in the run folder, in place of an older one."""
    fresh = run / f'.{source.name}.new'
    fresh.unlink(missing_ok=True)
    try:
        os.link(source, fresh)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, fresh)
    fresh.replace(run / source.name)


def _whole(folder: Path) -> dict[str, Any] | None:
    try:
        state: dict[str, Any] = json.loads((folder / _STATE).read_text(encoding='utf-8'))
        sizes = {name: (folder / name).stat().st_size for name in state['files']}
    except (OSError, ValueError, KeyError):
        return None
    return state if sizes == state['files'] else None


def _folders(place: Path) -> Sequence[Path]:
    return sorted(p for p in place.glob('*') if p.name.isdigit())


def _drop(place: Path, keep: int) -> None:
    for folder in _folders(place)[:-keep]:
        # Renamed first: what is half deleted must not look like a checkpoint.
        doomed = folder.with_name(f'{_PARTIAL}{folder.name}')
        shutil.rmtree(doomed, ignore_errors=True)
        folder.rename(doomed)
        shutil.rmtree(doomed)


def _sync(path: Path) -> None:
    with path.open('rb') as file:
        os.fsync(file.fileno())
