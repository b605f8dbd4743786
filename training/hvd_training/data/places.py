# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A folder on the command line: recorded episodes or a dataset; both give the same facts."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.errors import ConfigError
from hvd_training.data.columns import STATE
from hvd_training.data.dataset import Dataset
from hvd_training.data.facts import EpisodeFacts
from hvd_training.data.lerobot import layout
from hvd_training.data.native import find_episodes, native_facts
from hvd_training.data.source import Float


def is_dataset(place: Path) -> bool:
    """Whether a folder is a dataset rather than recorded episodes."""
    return (place / layout.INFO).is_file()


def all_facts(places: Sequence[Path]) -> Iterator[EpisodeFacts]:
    """Give the facts of every episode in some folders."""
    for place in places:
        if is_dataset(place):
            yield from Dataset(place).facts
        else:
            yield from (native_facts(folder) for folder in find_episodes(place))


def positions(places: Sequence[Path]) -> Iterator[tuple[EpisodeFacts, Float]]:
    """Give facts and measured positions (T, D) of every episode; unknown ends are left out."""
    for place in places:
        if is_dataset(place):
            yield from _of_dataset(Dataset(place))
        else:
            for folder in find_episodes(place):
                with Episode.open(folder) as episode:
                    q = episode.table().position
                yield native_facts(folder), q[np.isfinite(q).all(axis=1)]


def _of_dataset(data: Dataset) -> Iterator[tuple[EpisodeFacts, Float]]:
    names = data.features[STATE].names or ()
    columns = [i for i, name in enumerate(names) if name.endswith('.position')]
    if not columns:
        raise ConfigError(
            f'{data.root}: its state has no positions; convert with position among --state'
        )
    for episode, facts in enumerate(data.facts):
        yield facts, data.numbers(episode, [STATE])[STATE][:, columns].astype(np.float64)
