# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The statistics against scipy, figures that statsmodels gave, and closed forms.

statsmodels_figures.json: proportion_confint(method='wilson'), mcnemar(exact=True),
multipletests(method='holm').
"""

import json
import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy import stats

from hvd_ros.core.errors import ConfigError
from hvd_training.evaluate.statistics import (
    A_RATE,
    detectable,
    holm,
    mcnemar,
    over_seeds,
    sign_flip,
    wilson,
)

FIGURES = json.loads(Path(__file__).with_name('statsmodels_figures.json').read_text())


@pytest.mark.parametrize(('successes', 'trials', 'confidence', 'low', 'high'), FIGURES['wilson'])
def test_wilson_is_that_of_statsmodels(successes, trials, confidence, low, high):
    assert wilson(successes, trials, confidence) == pytest.approx((low, high), abs=1e-12)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_that_of_scipy(count):
    theirs = stats.binomtest(*count).proportion_ci(method='wilson')
    assert wilson(*count) == pytest.approx((theirs.low, theirs.high), abs=1e-10)


@given(st.lists(st.integers(0, 8), min_size=2, max_size=60))
def test_the_interval_of_scores_is_at_least_as_wide_as_its_normal_one(eighths):
    scores = np.array(eighths) / 8
    low, high = wilson(float(scores.sum()), len(scores))
    assert 0 <= low <= scores.mean() <= high <= 1
    shrink = 1 + stats.norm.ppf(0.975) ** 2 / len(scores)
    assert high - low >= 2 * stats.norm.ppf(0.975) * stats.sem(scores, ddof=0) / shrink - 1e-12


@pytest.mark.parametrize(('successes', 'trials'), [(1, 0), (3, 2), (-1, 5), (0, 0)])
def test_what_is_no_proportion_has_no_interval(successes, trials):
    with pytest.raises(ConfigError, match='no such proportion'):
        wilson(successes, trials)


def _table(both, first, second, neither):
    rows = [(True, True)] * both + [(True, False)] * first
    rows += [(False, True)] * second + [(False, False)] * neither
    return [a for a, _ in rows], [b for _, b in rows]


@pytest.mark.parametrize(('both', 'first', 'second', 'neither', 'p'), FIGURES['mcnemar'])
def test_mcnemar_is_that_of_statsmodels(both, first, second, neither, p):
    found = mcnemar(*_table(both, first, second, neither))
    assert found.p == pytest.approx(p, rel=1e-12)
    assert (found.better, found.worse) == (first, second)
    assert found.pairs == both + first + second + neither
    assert found.difference == pytest.approx((first - second) / found.pairs)


def test_policies_that_never_differ_are_not_told_apart():
    assert mcnemar([True, False], [True, False]).p == 1.0
    assert sign_flip([0.5, 1.0], [0.5, 1.0]).p == 1.0


@given(st.lists(st.integers(-8, 8), min_size=2, max_size=11))
def test_sign_flip_is_the_exact_permutation_test_of_scipy(differences):
    values = np.array(differences) / 8
    theirs = stats.permutation_test(
        (values,), np.mean, permutation_type='samples', n_resamples=np.inf
    )
    assert sign_flip(list(values), [0.0] * len(values)).p == pytest.approx(theirs.pvalue)


@given(st.lists(st.booleans(), min_size=5, max_size=45))
def test_sign_flip_of_ranks_is_the_exact_wilcoxon_test_of_scipy(signs):
    """So it is right for many episodes, too, where nobody can list all choices."""
    ranks = [rank if up else -rank for rank, up in enumerate(signs, start=1)]
    theirs = stats.wilcoxon(ranks, mode='exact')
    assert sign_flip([float(r) for r in ranks], [0.0] * len(ranks)).p == pytest.approx(
        theirs.pvalue
    )


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 50))
def test_sign_flip_of_successes_is_mcnemar(better, worse, same):
    first, second = _table(same, better, worse, 0)
    assert sign_flip(first, second).p == pytest.approx(mcnemar(first, second).p, abs=1e-12)


def test_scores_of_tasks_with_one_three_and_four_stages_can_be_flipped_together():
    first, second = [1.0, 5 / 6, 7 / 8, 0.5], [0.5, 1 / 3, 1.0, 0.5]
    found = sign_flip(first, second)
    assert (found.better, found.worse) == (2, 1)
    assert found.difference == pytest.approx(np.mean(first) - np.mean(second))
    assert found.p == pytest.approx(0.5)  # 2 x 2 of the 8 sums of .5, .5, .125


def test_a_score_that_no_rubric_gives_is_refused():
    with pytest.raises(ConfigError, match='sum of halves'):
        sign_flip([math.pi / 4], [0.0])


@pytest.mark.parametrize('test', [mcnemar, sign_flip])
@pytest.mark.parametrize(('first', 'second'), [([], []), ([1.0], [1.0, 0.0])])
def test_other_episodes_can_not_be_paired(test, first, second):
    with pytest.raises(ConfigError, match='can not be paired'):
        test(first, second)


@given(st.lists(st.integers(-50, 50).map(lambda i: i / 50), min_size=2, max_size=8))
def test_the_mean_of_seeds_has_the_t_interval_and_the_t_test_of_scipy(means):
    found = over_seeds(means)
    assert found.seed_sd == pytest.approx(np.std(means, ddof=1), abs=1e-12)
    if np.ptp(means) > 0:
        theirs = stats.ttest_1samp(means, 0.0)
        assert found.p == pytest.approx(theirs.pvalue)
        low, high = theirs.confidence_interval()
        assert found.interval == pytest.approx((low, high), abs=1e-9)


def test_the_t_interval_of_three_seeds_in_closed_form():
    """With two degrees of freedom the 97.5 % point is 0.95 sqrt(2 / (1 - 0.95^2))."""
    half = 0.95 * math.sqrt(2 / (1 - 0.95**2)) * 0.1 / math.sqrt(3)
    assert over_seeds([0.4, 0.5, 0.6]).interval == pytest.approx((0.5 - half, 0.5 + half))


def test_an_interval_ends_where_a_rate_does():
    assert over_seeds([0.9, 1.0, 1.0], bounds=A_RATE).interval.high == 1.0


def test_one_seed_says_nothing_about_others():
    found = over_seeds([0.7])
    assert (found.mean, found.interval, found.seed_sd, found.p) == (0.7, None, None, None)


def test_seeds_that_agree_exactly_do_not_make_it_certain():
    found = over_seeds([0.1, 0.1, 0.1])
    assert (found.interval, found.p) == (None, None)
    assert (found.mean, found.seed_sd) == pytest.approx((0.1, 0.0))


@pytest.mark.parametrize('means', [[], [math.nan, 0.5]])
def test_no_mean_of_nothing(means):
    with pytest.raises(ConfigError, match='no mean'):
        over_seeds(means)


@pytest.mark.parametrize(('p_values', 'adjusted'), FIGURES['holm'])
def test_holm_is_that_of_statsmodels(p_values, adjusted):
    found = holm({str(i): p for i, p in enumerate(p_values)})
    assert list(found.values()) == pytest.approx(adjusted)
    assert list(found) == [str(i) for i in range(len(p_values))]


@pytest.mark.parametrize(('difference', 'episodes'), [(0.10, 393), (0.15, 175), (0.05, 1570)])
def test_the_episodes_that_a_difference_needs(difference, episodes):
    """From the two-proportion z test: n = (z_.975 + z_.80)^2 / (2 d^2) episodes a policy."""
    assert detectable(episodes) == pytest.approx(difference, rel=2e-3)
