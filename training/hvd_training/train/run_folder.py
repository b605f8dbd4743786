# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A run on disk: what was asked for, what it was learnt from, how it went, and where it can go on.

    config.json        every field            metrics.jsonl   one line per report
    run.json           data, ids, versions    tensorboard/    the same as events
    norm_stats.json    statistics as used     checkpoints/    see checkpoint.py
    model.safetensors  the weights that act   value/          phase 2: the value it learnt by
"""

from collections.abc import Mapping
from dataclasses import dataclass
import hashlib
import importlib.metadata
import json
from pathlib import Path
import platform
import subprocess
from typing import Any

from hvd_ros.core.durable import write_whole
from hvd_ros.core.errors import ConfigError, ContractMismatch, HvdError

CONFIG, RUN, NORM_STATS, METRICS = 'config.json', 'run.json', 'norm_stats.json', 'metrics.jsonl'
MODEL = 'model.safetensors'
SCHEMA = 1
VALUE, POLICY = 'value', 'policy'


@dataclass(frozen=True)
class RunFolder:
    """A run that is there."""

    path: Path
    config: dict[str, Any]
    about: dict[str, Any]  # run.json

    @property
    def kind(self) -> str:
        """Return which phase it is."""
        return str(self.about['kind'])

    def stats(self) -> dict[str, Any]:
        """Return the content of the statistics that were used."""
        return _read(self.path / NORM_STATS)

    @property
    def sha256(self) -> str:
        """Hash of the weights that act; what was computed with them is kept under it."""
        return file_hash(self.path / MODEL)


def create(
    path: Path, kind: str, config: Mapping[str, Any], about: Mapping[str, Any], stats: Any
) -> RunFolder:
    """Begin a run; raises ConfigError when there is one already."""
    if path.exists() and any(path.iterdir()):
        raise ConfigError(
            f'{path} is there already; --resume goes on with it, or name another --out'
        )
    path.mkdir(parents=True, exist_ok=True)
    full = {'schema': SCHEMA, 'kind': kind, **about, 'made_with': versions()}
    _write(path / NORM_STATS, stats)
    _write(path / CONFIG, config)
    _write(path / RUN, full)
    return RunFolder(path, dict(config), full)


def open_run(path: Path, kind: str | None = None) -> RunFolder:
    """Open a run; raises ConfigError or ContractMismatch when it is none, or of another kind."""
    if not (path / RUN).is_file():
        raise ConfigError(
            f'{path} is no run: it has no {RUN}; name the folder that was given as --out'
        )
    run = RunFolder(path, _read(path / CONFIG), _read(path / RUN))
    if run.about.get('schema') != SCHEMA:
        raise ContractMismatch(
            f'{path} was written in form {run.about.get("schema")!r}, this program reads '
            f'{SCHEMA}; use the version that made it ({run.about.get("made_with", {})})'
        )
    if kind is not None and run.kind != kind:
        raise ContractMismatch(
            f'{path} holds a {run.kind}, a {kind} is needed; `hvd train-{kind}` makes one'
        )
    return run


def versions() -> dict[str, str]:
    """Return which software a run is made with."""
    found = {'python': platform.python_version(), 'git_commit': _git_commit()}
    for name in ('hvd_ros', 'hvd-training', 'torch', 'numpy', 'safetensors'):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = 'not installed'
    return found


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    try:
        with path.open('rb') as file:
            return hashlib.file_digest(file, 'sha256').hexdigest()
    except OSError as error:
        raise ContractMismatch(
            f'{path} can not be read ({error.strerror}); the run is not whole, train on with '
            '--resume'
        ) from None


def _git_commit() -> str:
    here = Path(__file__).parent
    words = ['git', '-C', str(here), 'rev-parse', 'HEAD']
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ''  # an installation without its history
    return done.stdout.strip()


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise ContractMismatch(
            f'{path} can not be read ({error}); the run is damaged, train it again'
        ) from None
    return found


def _write(path: Path, data: Any) -> None:
    try:
        write_whole(path, json.dumps(data, indent=1, ensure_ascii=False) + '\n')
    except OSError as error:
        raise HvdError(f'{path} can not be written: {error.strerror}; free some space') from None
