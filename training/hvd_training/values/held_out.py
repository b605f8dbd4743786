# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the values say about episodes that they never learned from.

On training episodes a value that memorised outcomes looks perfect, so only these numbers count:
how far Q is from the return that followed, and whether it tells good episodes from bad ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray

from hvd_training.data.batch import Batch
from hvd_training.values.learner import ValueLearner

EARLY = 40  # steps at the beginning, where an attempt is often decided
_CHANCE = 0.55
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Episodes:
    """How recorded episodes went, by the numbers that a Batch gives them."""

    first_row: NDArray[np.int64]  # (E,)
    success: NDArray[np.bool_]  # (E,)
    returns: Array  # (rows,) from targets.returns_to_go; NaN where not known


@dataclass(frozen=True, eq=False)
class Seen:
    """Values of held-out chunks, in no order."""

    episode: NDArray[np.int64]
    step: NDArray[np.int64]  # since the beginning of the episode
    success: NDArray[np.bool_]
    q: Array  # of the whole action
    v: Array
    returned: Array


def look(learner: ValueLearner, batches: Iterable[Batch], episodes: Episodes) -> Seen:
    """Evaluate chunks of held-out episodes."""
    parts: list[tuple[NDArray[np.generic], ...]] = []
    for batch in batches:
        q, v = learner.advantages(batch)
        episode, row = batch.episode.cpu().numpy(), batch.row.cpu().numpy()
        numbers = (q[:, -1].double().cpu().numpy(), v[:, -1].double().cpu().numpy())
        step = row - episodes.first_row[episode]
        success = episodes.success[episode]
        parts.append((episode, step, success, *numbers, episodes.returns[row]))
    return Seen(*(np.concatenate(column) for column in zip(*parts, strict=True)))  # type: ignore[arg-type]


def measure(seen: Seen, early: int = EARLY) -> dict[str, float]:
    """
    Return gap/..., v_first/... by success and failure, and auc/early, auc/episode.

    A gap is the mean of Q minus the return that followed. auc is the probability that a chunk (or
    the mean over an episode) of a success has a higher advantage than one of a failure. NaN
    where there is nothing to compare.
    """
    found: dict[str, float] = {}
    for name, rows in (('success', seen.success), ('failure', ~seen.success)):
        known = rows & ~np.isnan(seen.returned)
        found[f'gap/{name}'] = _mean((seen.q - seen.returned)[known])
        found[f'v_first/{name}'] = _mean(seen.v[rows & (seen.step == 0)])
    u, soon = seen.q - seen.v, seen.step < early
    found['auc/early'] = auc(u[soon], seen.success[soon])
    found['auc/episode'] = auc(*_per_episode(u, seen))
    found['auc_q/early'] = auc(seen.q[soon], seen.success[soon])
    return found


def warnings(found: dict[str, float], returns: tuple[float, float]) -> list[str]:
    """Return in words what is wrong with what was measured."""
    said, span = [], max(returns[1] - returns[0], 1e-6)
    for name in ('success', 'failure'):
        gap = found[f'gap/{name}']
        if abs(gap) > span / 2:
            where = 'above' if gap > 0 else 'below'
            said.append(
                f'Q lies {abs(gap):.3g} {where} the returns of held-out episodes ({name}), more '
                f'than half of their span {span:.3g}: train longer, or check rewards and terminals'
            )
    if found['auc/episode'] < _CHANCE:
        said.append(
            f'advantages do not tell successes from failures on held-out episodes (AUC '
            f'{found["auc/episode"]:.2f}): weights would be noise; train longer, add mc_share, or '
            'give the value more to see'
        )
    return said


def auc(score: Array, good: NDArray[np.bool_]) -> float:
    """Return P(score of a good one > of a bad one) + P(equal) / 2; NaN without both kinds."""
    if good.all() or not good.any():
        return math.nan
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    rank = last[place] - (count[place] - 1) / 2  # ties share their mean rank
    wins = rank[good].sum() - good.sum() * (good.sum() + 1) / 2
    return float(wins / (good.sum() * (~good).sum()))


def _per_episode(u: Array, seen: Seen) -> tuple[Array, NDArray[np.bool_]]:
    names, place = np.unique(seen.episode, return_inverse=True)
    mean = np.bincount(place, u) / np.bincount(place)
    good = np.zeros(len(names), dtype=np.bool_)
    good[place] = seen.success
    return mean, good


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else math.nan
