# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What every chunk weighs, computed once: phase 2 looks it up instead of asking the value each time.

Kept beside the value under a name that follows from the value's weights and the data, so a second
policy finds it, and another value never does.
"""

from collections.abc import Callable, Iterator
import hashlib
import os
from pathlib import Path

from safetensors.torch import load_file, save_file
import torch
from torch import Tensor

from hvd_ros.core.durable import sync_folder
from hvd_training.data.batch import Batch
from hvd_training.data.loading.corpus import Corpus, Rows
from hvd_training.train import value_eyes
from hvd_training.train.value_run import TrainedValue

_AT_ONCE = 1024
_KEY = 'weights'


class WeightsTable:
    """Weights (rows of the corpus, G); NaN for rows that nobody asked about."""

    def __init__(self, table: Tensor) -> None:
        self.table = table

    def of(self, rows: Tensor) -> Tensor:
        """Return the weights (B, G) of rows (B,)."""
        return self.table[rows]


def weights_of(
    value: TrainedValue, corpus: Corpus, rows: Rows, say: Callable[[str], None] = print
) -> WeightsTable:
    """Look the weights of some rows up, or compute and keep them."""
    device = value.learner.device
    path = value.folder.path / 'weights' / f'{_name(value, corpus, rows)}.safetensors'
    if path.is_file():
        return WeightsTable(load_file(path)[_KEY].to(device))
    say(f'weighing {len(rows)} chunks by {value.folder.path}')
    corpus = value_eyes.looked_at_by(value.config, value.folder.about, corpus, device)
    value.learner.calibrate(_batches(corpus, rows, device))
    table = torch.full((int(corpus.offsets[-1]), len(value.learner.groups.names)), torch.nan)
    for batch in _batches(corpus, rows, device):
        table[batch.row.cpu()] = value.learner.weights(batch).float().cpu()
    _keep(path, table)
    return WeightsTable(table.to(device))


def _batches(corpus: Corpus, rows: Rows, device: torch.device) -> Iterator[Batch]:
    for first in range(0, len(rows), _AT_ONCE):
        yield corpus.chunks(rows[first : first + _AT_ONCE], with_next=False).to(device)


def _name(value: TrainedValue, corpus: Corpus, rows: Rows) -> str:
    parts = [value.folder.sha256, repr(value.config.value), repr(corpus.config.observe)]
    parts += [f'{part.content} {part.role} {part.stats.sha256}' for part in corpus.parts]
    total = hashlib.sha256('\n'.join(parts).encode())
    total.update(rows.tobytes())
    return total.hexdigest()[:24]


def _keep(path: Path, table: Tensor) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f'.{os.getpid()}.new')
    save_file({_KEY: table}, fresh)
    fresh.replace(path)
    sync_folder(path.parent)
