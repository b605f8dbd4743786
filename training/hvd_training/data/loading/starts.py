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
    held_out_expert: Rows


def choose_starts(corpus: Corpus) -> Starts:
    """
    Return the rows that chunks may start from.

    Raises ConfigError when a chunk is longer than every episode, or nothing is left of the data.
    """
    config = corpus.config
    left = np.concatenate([np.asarray(part.left) for part in corpus.parts])
    if left.max() < config.horizon:
        raise ConfigError(
            f'a chunk of {config.horizon} steps is longer than every episode (the longest has '
            f'{int(left.max())}); choose --data.horizon {int(left.max())} or less'
        )
    episode = np.concatenate(
        [np.asarray(p.episode) + corpus.episodes[i] for i, p in enumerate(corpus.parts)]
    )
    startable = left >= (config.horizon if config.tail == 'drop' else 1)
    held, kept, first = held_out(corpus), _kept(corpus), _first(corpus, corpus.is_expert)

    def rows(wanted: Mask) -> Rows:
        return np.flatnonzero(startable & wanted[episode])

    starts = Starts(
        every=rows(kept & ~held & _first(corpus, kept)),
        expert=rows(first & ~held),
        held_out=rows(held & _first(corpus, held)),
        held_out_expert=rows(first & held),
    )
    if not len(starts.every):
        raise ConfigError(
            f'no episode is left to learn from: --data.keep {config.keep}, '
            f'{len(corpus.facts)} episodes, {int(corpus.is_expert.sum())} of them demonstrations, '
            f'{sum(f.success for f in corpus.facts)} successes, {int(held.sum())} held out'
        )
    return starts


def _kept(corpus: Corpus) -> Mask:
    keep = corpus.config.keep
    if keep == 'expert':
        return np.asarray(corpus.is_expert)
    if keep == 'not_expert':
        return ~corpus.is_expert
    if keep == 'success':
        return np.array([facts.success for facts in corpus.facts])
    return np.ones(len(corpus.facts), dtype=np.bool_)


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
