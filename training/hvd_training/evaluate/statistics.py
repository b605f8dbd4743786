# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How sure one can be of a success rate, and of a difference between two policies.

Two questions have two answers, and the reports give both. *These policies on new episodes*: the
unit is the episode (Wilson, McNemar, sign flips). *These methods on new training seeds*: the unit
is the training seed, since episodes of one trained policy are not independent of each other: the
t interval of the seeds' means. With the three to eight seeds that one can afford, a bootstrap over
seeds would be too narrow, so there is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from hvd_ros.core.errors import ConfigError

CONFIDENCE = 0.95
_FINEST = 5040  # scores are sums of halves over stages and seeds: fractions with few digits
_POWER = 0.8


class Interval(NamedTuple):
    """Where a figure lies with the confidence that was asked for."""

    low: float
    high: float


ANYWHERE = Interval(-math.inf, math.inf)
A_RATE = Interval(0.0, 1.0)


@dataclass(frozen=True)
class Paired:
    """Two policies on the same episodes: the first minus the second."""

    pairs: int
    better: int  # episodes in which the first did better
    worse: int
    difference: float  # mean
    p: float  # two-sided


@dataclass(frozen=True)
class OverSeeds:
    """A mean over training seeds."""

    seeds: int
    mean: float
    interval: Interval | None  # None: one seed, or seeds without spread, tell nothing of others
    seed_sd: float | None  # from one trained policy to the next
    p: float | None = None  # two-sided, of the mean being 0


def wilson(successes: float, trials: int, confidence: float = CONFIDENCE) -> Interval:
    """
    Return the score interval of a proportion (Wilson 1927), without continuity correction.

    `successes` may be a sum of scores from 0 to 1: none of these varies more than a coin that
    comes up as often, so the interval is then rather too wide than too narrow.
    """
    if not 0 <= successes <= trials or trials < 1:
        raise ConfigError(f'{successes} successes of {trials} trials: there is no such proportion')
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate, shrink = successes / trials, 1 + z * z / trials
    middle = (rate + z * z / (2 * trials)) / shrink
    half = z / shrink * math.sqrt(rate * (1 - rate) / trials + (z / (2 * trials)) ** 2)
    # Exactly at the ends, where rounding would leave 1e-17.
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == trials else middle + half
    return Interval(low, high)


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> Paired:
    """Compare successes on the same episodes: exact binomial test of those that differ."""
    _same_length(first, second)
    better = sum(a and not b for a, b in zip(first, second, strict=True))
    worse = sum(b and not a for a, b in zip(first, second, strict=True))
    n, fewer = better + worse, min(better, worse)
    tail = Fraction(sum(math.comb(n, i) for i in range(fewer + 1)), 2**n)
    return Paired(len(first), better, worse, (better - worse) / len(first), _two_sided(tail))


def sign_flip(first: Sequence[float], second: Sequence[float]) -> Paired:
    """
    Compare scores on the same episodes: exact permutation test of the mean difference.

    Under the hypothesis that it does not matter which policy played, every difference could as
    well have had the other sign. All 2^n sums are counted, by adding one episode after the other.
    """
    _same_length(first, second)
    gaps = [_fraction(a) - _fraction(b) for a, b in zip(first, second, strict=True)]
    scale = math.lcm(*(gap.denominator for gap in gaps))
    whole = np.array([int(gap * scale) for gap in gaps])
    return Paired(
        pairs=len(gaps),
        better=int((whole > 0).sum()),
        worse=int((whole < 0).sum()),
        difference=float(sum(gaps) / len(gaps)),
        p=_flipped(np.abs(whole), abs(int(whole.sum()))),
    )


def over_seeds(
    means: Sequence[float],
    confidence: float = CONFIDENCE,
    bounds: Interval = ANYWHERE,
) -> OverSeeds:
    """
    Return mean and t interval of one figure a training seed, cut off at what is possible.

    Of differences between methods (seed by seed, on the same episodes), `p` is the paired t test.
    """
    values = np.asarray(means, dtype=np.float64)
    if values.size == 0 or not np.isfinite(values).all():
        raise ConfigError(f'no mean over training seeds of {list(means)}')
    mean = float(values.mean())
    sd = float(values.std(ddof=1)) if values.size > 1 else None
    if sd is None or sd < 1e-12:
        # Seeds that agree to the last episode do so by luck: their spread is not known to be 0.
        return OverSeeds(values.size, mean, None, sd)
    from scipy import stats

    error, free = sd / math.sqrt(values.size), values.size - 1
    half = float(stats.t.ppf((1 + confidence) / 2, free)) * error
    interval = Interval(max(mean - half, bounds.low), min(mean + half, bounds.high))
    p = float(2 * stats.t.sf(abs(mean) / error, free))
    return OverSeeds(values.size, mean, interval, sd, p)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjust p values for the number of comparisons made (Holm 1979)."""
    adjusted, highest = {}, 0.0
    for i, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        highest = max(highest, min(1.0, (len(p_values) - i) * p_values[name]))
        adjusted[name] = highest
    return {name: adjusted[name] for name in p_values}


def detectable(episodes: int, confidence: float = CONFIDENCE, power: float = _POWER) -> float:
    """Return the difference of rates near one half that so many episodes a policy can show."""
    normal = NormalDist()
    z = normal.inv_cdf((1 + confidence) / 2) + normal.inv_cdf(power)
    return min(1.0, z * math.sqrt(0.5 / episodes))


def _same_length(first: Sequence[object], second: Sequence[object]) -> None:
    if len(first) != len(second) or not first:
        raise ConfigError(
            f'{len(first)} and {len(second)} episodes can not be paired: the same ones are needed'
        )


def _fraction(score: float) -> Fraction:
    exact = Fraction(score).limit_denominator(_FINEST)
    if abs(float(exact) - score) > 1e-9:
        raise ConfigError(f'score {score!r} is no sum of halves over stages')
    return exact


def _two_sided(tail: Fraction) -> float:
    return float(min(Fraction(1), 2 * tail))


def _flipped(sizes: 'np.ndarray[tuple[int], np.dtype[np.int64]]', observed: int) -> float:
    """Return the share of all sign choices whose sum is at least as far from 0."""
    total = int(sizes.sum())
    # chance[c]: that the differences which stayed positive add up to c.
    chance = np.zeros(total + 1)
    chance[0] = 1.0
    for size in sizes[sizes > 0]:
        shifted = np.zeros_like(chance)
        shifted[size:] = chance[: total + 1 - size]
        chance = (chance + shifted) / 2
    sums = np.abs(2 * np.arange(total + 1) - total)
    return float(min(1.0, chance[sums >= observed].sum()))
