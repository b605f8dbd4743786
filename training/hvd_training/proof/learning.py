# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Both phases of a cell by the functions behind the verbs, each run kept under its own hash.

Two methods that go by the same value share it; what was cut off goes on from its checkpoint.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import json
from pathlib import Path
import shutil
from typing import Any

from hvd_ros.core.durable import write_whole
from hvd_training.proof import methods
from hvd_training.proof.cell import Cell, digest_of
from hvd_training.train import run_folder
from hvd_training.train.config import to_json
from hvd_training.train.phase1 import train_value
from hvd_training.train.phase2 import train_policy

_DONE = 'report.json'  # the last report, there when the run is


@dataclass(frozen=True)
class Learnt:
    """A run that is done."""

    path: Path
    report: dict[str, float]


def value_of(cell: Cell, specs: Sequence[str], root: Path) -> Learnt | None:
    """Train the value of a cell, or find it; None for imitation."""
    config = methods.value_config(cell)
    if config is None:
        return None
    path = root / 'values' / digest_of([to_json(config), _data_of(specs)])
    return _run(path, lambda resume: train_value(specs, config, path, resume))


def policy_of(cell: Cell, specs: Sequence[str], value: Learnt | None, root: Path) -> Learnt:
    """Train the policy of a cell, or find it."""
    config = methods.policy_config(cell)
    by = value.path.name if value else ''
    path = root / 'policies' / digest_of([to_json(config), _data_of(specs), by])
    where = value.path if value else None
    return _run(path, lambda resume: train_policy(specs, config, path, where, resume, _quiet))


def _run(path: Path, train: Callable[[bool], dict[str, float]]) -> Learnt:
    done = path / _DONE
    if done.is_file():
        return Learnt(path, json.loads(done.read_text(encoding='utf-8')))
    begun = (path / run_folder.RUN).is_file()
    if not begun:
        shutil.rmtree(path, ignore_errors=True)  # cut off before it was one
    report = train(begun)
    write_whole(done, json.dumps(_finite(report), indent=1) + '\n')
    return Learnt(path, _finite(report))


def _finite(report: dict[str, float]) -> dict[str, Any]:
    return {key: value for key, value in report.items() if value == value}  # JSON has no NaN


def _data_of(specs: Sequence[str]) -> list[str]:
    """Return roles and hashes; where a workplace lies decides nothing."""
    return [f'{role}:{Path(path).name}' for role, _, path in (s.partition(':') for s in specs)]


def _quiet(line: str) -> None:
    return None
