# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
From a learnt value and its data to the credit of the body's parts: a figure and a table.

Random partitions of the same sizes, learnt the same way, are the measure: what they show as well
says nothing about the body.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ConfigError, ContractMismatch, did_you_mean
from hvd_training.data.batch import Batch
from hvd_training.data.loading.corpus import Corpus, Rows
from hvd_training.data.loading.opening import open_corpus
from hvd_training.data.loading.starts import choose_starts
from hvd_training.train import contract
from hvd_training.train.value_run import TrainedValue, open_value
from hvd_training.values.credit import Credit, beyond_chance, credit, table
from hvd_training.values.credit_figure import KeyFrame, draw

_AT_ONCE = 1024
_PICTURES = 5


@dataclass(frozen=True, eq=False)
class CreditReport:
    """What is written, and what a reader looks for first."""

    episode_id: str
    task: str
    chunks: int
    table: str  # Markdown
    beyond: dict[str, float]  # per group, over the largest random partition; empty without one
    figure: Path


def report(
    run: Path,
    specs: Sequence[str],
    figure: Path,
    episode: str | None = None,
    controls: Sequence[Path] = (),
) -> CreditReport:
    """
    Draw the credit of one episode, and count it over the stages of all episodes of its task.

    Without datasets those that the value was learnt from are opened, and without an episode the
    longest success is shown.
    """
    value = open_value(run)
    corpus = open_corpus(specs or _datasets(value), value.config.data)
    about = contract.describe(corpus, choose_starts(corpus), contract.groups_for(corpus))
    contract.refuse_other(about, value.folder.about, str(run))
    others = {path.name: open_value(path) for path in controls}
    _refuse_unlike(value, others)
    number = _episode(corpus, episode)
    facts = corpus.facts[number]
    rows = _rows(corpus, [i for i, f in enumerate(corpus.facts) if f.task == facts.task])
    shown = _rows(corpus, [number])
    found = {name: credit_of(one, corpus, rows) for name, one in {'': value, **others}.items()}
    one_episode = {name: _part(all_, shown) for name, all_ in found.items()}
    draw(
        figure,
        one_episode.pop(''),
        one_episode,
        _pictures(corpus, shown),
        _stages(corpus, shown),
    )
    body, random = found.pop(''), found
    stage = _stages(corpus, rows)
    beyond = beyond_chance(body, list(random.values()), stage) if random else ()
    return CreditReport(
        facts.episode_id,
        facts.task,
        len(rows),
        table(body, stage, random),
        dict(zip(body.groups, map(float, beyond), strict=False)),
        figure,
    )


def _datasets(value: TrainedValue) -> list[str]:
    return [f'{data["role"]}:{data["path"]}' for data in value.folder.about['datasets']]


def _refuse_unlike(value: TrainedValue, others: Mapping[str, TrainedValue]) -> None:
    """Raise ContractMismatch unless controls differ in their groups alone."""
    for name, other in others.items():
        if other.config.data != value.config.data:
            raise ContractMismatch(
                f'control {name} was learnt from data read differently; learn it with the same '
                '--data fields, and --value.partition random'
            )
        sizes = [sorted(map(len, one.learner.groups.indices)) for one in (value, other)]
        if sizes[0] != sizes[1]:
            raise ContractMismatch(
                f'control {name} has groups of {sizes[1]} dimensions, the run {sizes[0]}; only '
                'partitions of the same sizes compare'
            )


def _episode(corpus: Corpus, wanted: str | None) -> int:
    """Return the number of an episode that has something to show."""
    if wanted is None:
        length = np.array([facts.frames * (1 + facts.success * 1e6) for facts in corpus.facts])
        return int(length.argmax())
    names = [facts.episode_id for facts in corpus.facts]
    if wanted in names:
        return names.index(wanted)
    if wanted.isdigit() and int(wanted) < len(names):
        return int(wanted)
    numbers = f'a number from 0 to {len(names) - 1}'
    hint = numbers if wanted.isdigit() else did_you_mean(wanted, names)
    raise ConfigError(f"no episode '{wanted}' in the data; {hint}")


def _rows(corpus: Corpus, episodes: Sequence[int]) -> Rows:
    """Return the rows of some episodes that a chunk starts from."""
    return np.flatnonzero(np.isin(corpus.episode_of_rows, episodes) & (corpus.left > 0))


def credit_of(value: TrainedValue, corpus: Corpus, rows: Rows) -> Credit:
    """Return the credit of some chunks, by weights scaled as phase 2 scales them."""

    def batches() -> Iterator[Batch]:
        for first in range(0, len(rows), _AT_ONCE):
            yield corpus.chunks(rows[first : first + _AT_ONCE], with_next=False)

    value.learner.calibrate(batches())
    return credit(value.learner, batches())


def _part(found: Credit, rows: Rows) -> Credit:
    at = np.isin(found.row, rows)
    return Credit(found.groups, found.row[at], found.weight[at], found.q[at], found.v[at])


def _stages(corpus: Corpus, rows: Rows) -> NDArray[np.int64]:
    """Return how many stages had ended before each row; 0 everywhere where none is marked."""
    stage = np.zeros(len(rows), dtype=np.int64)
    for number in np.unique(corpus.episode_of_rows[rows]):
        first = int(np.searchsorted(corpus.episode_of_rows, number))
        mine = corpus.episode_of_rows[rows] == number
        for end in corpus.facts[number].ends:
            stage[mine] += rows[mine] - first > end.frame
    return stage


def _pictures(corpus: Corpus, rows: Rows) -> list[KeyFrame]:
    """Return pictures spread over an episode, where the dataset has any."""
    part = int(np.searchsorted(corpus.offsets, rows[0], side='right')) - 1
    reader = corpus.parts[part].reader
    cameras = sorted(reader.data.videos) if reader else []
    if reader is None or not cameras:
        return []
    camera = next((name for name in cameras if 'head' in name), cameras[0])
    chosen = rows[np.linspace(0, len(rows) - 1, _PICTURES).astype(np.int64)]
    offset = int(corpus.offsets[part])
    return [KeyFrame(int(row), reader.image(int(row) - offset, camera)) for row in chosen]
