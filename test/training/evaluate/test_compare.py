# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Methods over training seeds and budgets: figures of scipy, and holes that are named."""

import pytest
from scipy import stats

from hvd_training.evaluate.compare import (
    Judged,
    Run,
    auc_text,
    comparison_text,
    curves,
    curves_text,
    rate,
    spearman,
    table,
)
from hvd_training.evaluate.outcome import Ending, Outcome
from test.training.evaluate.made_outcomes import played

METHODS, SEEDS = ('bc', 'hvd'), (0, 1, 2)
RATES = {'bc': (0.3, 0.4, 0.2), 'hvd': (0.5, 0.6, 0.55)}


def cells(budgets=(1000,), without=()):
    return {
        Run(method, seed, n): played([i < round(100 * RATES[method][seed]) for i in range(100)])
        for method in METHODS
        for seed in SEEDS
        for n in budgets
        if Run(method, seed, n) not in without
    }


def test_a_row_holds_the_mean_over_seeds_and_the_paired_t_test_of_scipy():
    bc, hvd = table(cells(), METHODS, SEEDS, 1000, 'bc')
    assert hvd.rates == RATES['hvd']
    theirs = stats.ttest_rel(RATES['hvd'], RATES['bc'])
    assert hvd.gap.p == pytest.approx(theirs.pvalue)
    assert hvd.gap.interval == pytest.approx(tuple(theirs.confidence_interval()))
    assert hvd.over.interval == pytest.approx(
        stats.t.interval(0.95, 2, 0.55, stats.sem(RATES['hvd']))
    )
    assert (bc.gap, bc.episodes, bc.holm_p) == (None, None, None)


def test_episodes_are_paired_by_their_mean_over_the_seeds():
    hvd = table(cells(), METHODS, SEEDS, 1000, 'bc')[1]
    # Episodes 20 to 59 differ by 1/3 to 1, the others by nothing: always in favour of hvd.
    assert (hvd.episodes.better, hvd.episodes.worse, hvd.episodes.pairs) == (40, 0, 100)
    assert hvd.episodes.p == pytest.approx(2 * 0.5**40, rel=1e-6)
    assert hvd.episodes.difference == pytest.approx(0.25)


def test_a_cell_that_was_not_run_says_so_and_has_no_mean():
    found = table(cells(without=[Run('hvd', 1, 1000)]), METHODS, SEEDS, 1000, 'bc')
    assert found[1].rates == (0.5, None, 0.55)
    assert (found[1].over, found[1].gap, found[1].episodes) == (None, None, None)
    lines = comparison_text(found, SEEDS, 'bc').splitlines()
    assert lines[2].count('not run') == 3
    assert 'not run' not in lines[1].split('.30')[0]


def test_an_episode_without_a_score_leaves_its_cell_without_a_figure():
    broken = Outcome('pen_insert', 'usual', 1, Ending.BLOW_UP, error='broke')
    assert rate([*played([1, 0]), broken]) is None
    assert rate(played([1, 0])) == 0.5
    assert rate([]) is None


def test_methods_are_compared_only_on_their_plateau():
    budgets = (1000, 3000)
    rising = {
        **cells(budgets),
        **{Run('hvd', s, 1000): played([i < 10 for i in range(100)]) for s in SEEDS},
    }
    flat, steep = curves(rising, METHODS, SEEDS, budgets)
    assert (flat.plateau, steep.plateau) == (True, False)
    text = curves_text([flat, steep])
    assert 'still rising' in text
    assert 'do not compare' in text
    assert 'do not compare' not in curves_text([flat])


def test_a_curve_with_a_hole_has_no_plateau():
    (hole,) = curves(
        cells((1000, 3000), without=[Run('hvd', 0, 3000)]), ['hvd'], SEEDS, (1000, 3000)
    )
    assert hole.plateau is None
    assert 'not run' in curves_text([hole])
    assert 'not known' in curves_text([hole])


def test_success_against_auc_is_ranked_as_scipy_does():
    auc, success = [0.5, 0.6, 0.9, 0.7], [0.1, 0.3, 0.2, 0.4]
    expected = stats.spearmanr(auc, success).statistic
    assert spearman(auc, success) == pytest.approx(expected)
    rows = [Judged(str(i), a, s) for i, (a, s) in enumerate(zip(auc, success, strict=True))]
    text = auc_text([*rows, Judged('late', 0.8, None)])
    assert f'{expected:+.2f} over 4 runs' in text
    assert 'not run' in text


@pytest.mark.parametrize('pairs', [([0.5, 0.6], [0.1, 0.2]), ([0.5] * 3, [0.1, 0.2, 0.3])])
def test_too_little_is_no_correlation(pairs):
    assert spearman(*pairs) is None
