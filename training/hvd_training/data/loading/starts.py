# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which rows chunks may start from, and for what: all data, demonstrations, held-out episodes.

An episode is either learnt from or held out, whole, and the same one in two datasets counts once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ConfigError
from hvd_training.data.loading.corpus import Corpus, Rows
from hvd_training.data.subset import divide

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Starts:
    """Rows that chunks start from, by what they are for."""

    every: Rows  # D_O
    expert: Rows  # D_E
    held_out: Rows
    held_episodes: Mask  # (E,)


def choose_starts(corpus: Corpus) -> Starts:
    """
    Return the rows that chunks may start from; one that the end cuts short is one of them.

    Raises ConfigError when a chunk is longer than every episode, or nothing is left to learn from.
    """
    left = corpus.left
    if left.max() < corpus.config.horizon:
        raise ConfigError(
            f'a chunk of {corpus.config.horizon} steps is longer than every episode (the longest '
            f'has {int(left.max())}); choose --data.horizon {int(left.max())} or less'
        )
    every = np.ones(len(corpus.facts), dtype=np.bool_)
    held = held_out(corpus)
    first, shown = _first(corpus, every), _first(corpus, corpus.is_expert)

    def rows(wanted: Mask) -> Rows:
        return np.flatnonzero((left > 0) & wanted[corpus.episode_of_rows])

    starts = Starts(rows(first & ~held), rows(shown & ~held), rows(first & held), held)
    if not len(starts.every):
        raise ConfigError(
            f'no episode is left to learn from: all {len(corpus.facts)} are held out; lower '
            '--data.validation'
        )
    return starts


def of_episodes(corpus: Corpus, rows: Rows, wanted: Mask) -> Rows:
    """Return those of some rows that belong to the wanted episodes (E,)."""
    found: Rows = rows[wanted[corpus.episode_of_rows[rows]]]
    return found


def thinned(rows: Rows, most: int) -> Rows:
    """Return at most so many of some rows, evenly spread over them."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def held_out(corpus: Corpus) -> Mask:
    """Return which episodes (E,) are held out; all copies of one are on the same side."""
    share = corpus.config.validation
    if share <= 0:
        return np.zeros(len(corpus.facts), dtype=np.bool_)
    single = {facts.episode_id: facts for facts in corpus.facts}
    ids = sorted(single)
    parts = divide(
        [single[i] for i in ids], {'train': 1 - share, 'held': share}, corpus.config.split_seed
    )
    held = {ids[i] for i in parts['held']}
    return np.array([facts.episode_id in held for facts in corpus.facts])


def _first(corpus: Corpus, among: Mask) -> Mask:
    """Return which episodes (E,) of some are not there before in another dataset."""
    seen: set[str] = set()
    first = np.zeros(len(among), dtype=np.bool_)
    for episode in np.flatnonzero(among):
        name = corpus.facts[episode].episode_id
        first[episode] = name not in seen
        seen.add(name)
    return first
