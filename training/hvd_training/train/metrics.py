# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How a run goes: one line of JSON per report, the same for TensorBoard and W&B, a line on a screen.

The file comes first; the others may be missing. After going on from a checkpoint, lines of steps
that are made again are dropped, so that a step stands in it once.
"""

from collections.abc import Mapping
import json
import math
from pathlib import Path
import sys
import time
from typing import Any, TextIO

from hvd_ros.core.durable import write_whole

_FILE = 'metrics.jsonl'


class Metrics:
    """Writes what happened at a step."""

    def __init__(
        self, run: Path, first: int, tensorboard: bool, wandb: str, config: Mapping[str, Any]
    ) -> None:
        self.path = run / _FILE
        _cut(self.path, first)
        self._file = self.path.open('a', encoding='utf-8')
        self._board = _board(run, first) if tensorboard else None
        self._wandb = _wandb(run, wandb, config) if wandb else None

    def write(self, step: int, numbers: Mapping[str, float]) -> None:
        """Write one report; what is no finite number becomes null."""
        clean = {k: v if math.isfinite(v) else None for k, v in numbers.items()}
        self._file.write(json.dumps({'step': step, **clean}) + '\n')
        self._file.flush()
        for name, value in clean.items():
            if self._board is not None and value is not None:
                self._board.add_scalar(name, value, step)
        if self._wandb is not None:
            self._wandb.log(clean, step=step)

    def close(self) -> None:
        """Bring everything to where it belongs."""
        self._file.close()
        if self._board is not None:
            self._board.close()
        if self._wandb is not None:
            self._wandb.finish()


def read_metrics(run: Path) -> list[dict[str, Any]]:
    """Return all reports of a run; one that a crash cut short is left out."""
    path = run / _FILE
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text(encoding='utf-8').splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows


class Screen:
    """One line that says how far it is, how fast, and until when."""

    def __init__(self, steps: int, first: int, batch_size: int, out: TextIO | None = None) -> None:
        self._steps, self._first, self._batch = steps, first, batch_size
        self._out = out or sys.stderr
        self._live = self._out.isatty()
        self._begun = time.monotonic()

    def show(self, done: int, numbers: Mapping[str, float]) -> None:
        """Print the state after `done` updates."""
        passed = max(time.monotonic() - self._begun, 1e-9)
        rate = (done - self._first) / passed
        left = duration((self._steps - done) / rate if rate else math.inf)
        some = '  '.join(f'{k} {v:.4g}' for k, v in list(numbers.items())[:3])
        line = (
            f'{done}/{self._steps} ({done / self._steps:.0%})  {rate:.1f} steps/s  '
            f'{rate * self._batch:.0f} chunks/s  {left} left  {some}'
        )
        end = '\r' if self._live and done < self._steps else '\n'
        print(f'{line:<79}', end=end, file=self._out, flush=True)

    def say(self, text: str) -> None:
        """Print something that must be read."""
        print(text, file=self._out, flush=True)


def duration(seconds: float) -> str:
    """Return hours, minutes and seconds as one reads them."""
    if not math.isfinite(seconds):
        return '?'
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f'{hours}:{minutes:02d}:{whole % 60:02d}' if hours else f'{minutes}:{whole % 60:02d}'


def _cut(path: Path, first: int) -> None:
    if not path.is_file():
        return
    kept = [row for row in read_metrics(path.parent) if row['step'] <= first]
    write_whole(path, ''.join(json.dumps(row) + '\n' for row in kept))


def _board(run: Path, first: int) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(run / 'tensorboard'), purge_step=first + 1 if first else None)


def _wandb(run: Path, project: str, config: Mapping[str, Any]) -> Any:
    import wandb

    return wandb.init(project=project, dir=str(run), name=run.name, id=run.name, resume='allow',
        config=dict(config))  # fmt: skip
