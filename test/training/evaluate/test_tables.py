# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Figures of cells and pairs, counted by hand; what is missing is never counted as a failure."""

import pytest
from scipy import stats

from hvd_ros.core.errors import ConfigError
from hvd_training.evaluate.comparisons import compare_all
from hvd_training.evaluate.outcome import Ending, Outcome
from hvd_training.evaluate.specs import Spec
from hvd_training.evaluate.tables import ALL, Evaluation, Method
from test.training.evaluate.made_outcomes import SEEDS, played, scored

A, B, C, D = (Spec('module', f'made:{name}') for name in 'abcd')


def evaluation(results, tasks=('pen_insert',), settings=('usual',), groups=None):
    methods = groups or [Method(str(spec), (spec,)) for spec in results]
    episodes = max(
        len({o.seed for o in rows if o.task == t and o.setting == s})
        for rows in results.values()
        for t in tasks
        for s in settings
    )
    return Evaluation(methods, results, tasks, settings, episodes)


def test_one_policy_has_wilsons_interval_over_its_episodes():
    found = evaluation({A: played([1] * 32 + [0] * 18)})
    figure = found.cell(found.methods[0], 'pen_insert', 'usual').figures['strict']
    theirs = stats.binomtest(32, 50).proportion_ci(method='wilson')
    assert figure.mean == 0.64
    assert figure.interval == pytest.approx((theirs.low, theirs.high))
    assert figure.unit == 'episode'


def test_strict_loose_and_stage_score_are_three_figures():
    found = evaluation({A: scored([(1, 1, 1), (1, 0.5, 1), (0.5, 0, 0), (1, 1, 0)])},
                       tasks=('wipe_board',))  # fmt: skip
    figures = found.cell(found.methods[0], 'wipe_board', 'usual').figures
    means = {name: figure.mean for name, figure in figures.items()}
    assert means == pytest.approx({'strict': 0.25, 'loose': 0.5, 'score': 8 / 12})


def test_several_training_seeds_have_the_t_interval_of_their_means():
    rates = (0.2, 0.5, 0.8)
    specs = (A, B, C)
    results = {
        s: played([i < round(50 * r) for i in range(50)])
        for s, r in zip(specs, rates, strict=True)
    }
    found = evaluation(results, groups=[Method('ours', specs)])
    figure = found.cell(found.methods[0], 'pen_insert', 'usual').figures['strict']
    low, high = stats.t.interval(0.95, 2, 0.5, stats.sem(rates))
    assert figure.interval == pytest.approx((max(low, 0), min(high, 1)))
    assert (figure.unit, figure.seeds) == ('training seed', rates)


def test_seeds_that_happen_to_agree_are_no_surer_than_their_episodes():
    results = {s: played([1] * 10) for s in (A, B)}
    found = evaluation(results, groups=[Method('ours', (A, B))])
    low, high = found.cell(found.methods[0], 'pen_insert', 'usual').figures['strict'].interval
    theirs = stats.binomtest(20, 20).proportion_ci(method='wilson')
    assert (low, high) == pytest.approx((theirs.low, 1.0))


def test_seeds_that_nearly_agree_are_no_surer_either():
    results = {
        s: played([i < n for i in range(50)]) for s, n in zip((A, B, C), (25, 26, 25), strict=True)
    }
    found = evaluation(results, groups=[Method('ours', (A, B, C))])
    low, high = found.cell(found.methods[0], 'pen_insert', 'usual').figures['strict'].interval
    theirs = stats.binomtest(76, 150).proportion_ci(method='wilson')
    assert (low, high) == pytest.approx((theirs.low, theirs.high))


def test_all_is_the_mean_of_the_tasks():
    rows = played([1, 1, 0, 0]) + played([1, 0, 0, 0], task='cup_upright')
    found = evaluation({A: rows}, tasks=('pen_insert', 'cup_upright'))
    assert found.cell(found.methods[0], ALL, 'usual').figures['strict'].mean == 0.375


def test_a_blow_up_is_counted_apart_and_a_policy_error_leaves_no_figure():
    blown = Outcome('pen_insert', 'usual', SEEDS[3], Ending.BLOW_UP, error='x')
    failed = Outcome('pen_insert', 'usual', SEEDS[0], Ending.POLICY_ERROR, error='y')
    found = evaluation({A: [*played([1, 1, 0]), blown], B: [failed]})
    good, bad = (found.cell(m, 'pen_insert', 'usual') for m in found.methods)
    assert good.figures['strict'].mean == pytest.approx(2 / 3)
    assert (good.blow_ups, good.played, good.planned, good.whole) == (1, 3, 4, True)
    assert (bad.figures, bad.policy_errors, bad.whole) == ({}, 1, False)


def test_episodes_that_are_missing_leave_no_figure():
    found = evaluation({A: played([1, 1]), B: played([1])})
    assert found.cell(found.methods[0], 'pen_insert', 'usual').figures
    assert not found.cell(found.methods[1], 'pen_insert', 'usual').figures
    assert not compare_all(found)


def test_stages_show_how_often_each_was_worth_what():
    rows = scored([(1, 1, 1), (1, 0.5, 0), (0.5, 0, 0), (1, 0.5, 0)])
    found = evaluation({A: rows}, tasks=('wipe_board',))
    fetch, wipe, back = found.stages({'wipe_board': ('fetch', 'wipe', 'bring back')})
    assert (fetch.mean, fetch.shares) == (0.875, (0.0, 0.25, 0.75))
    assert (wipe.mean, wipe.shares) == (0.5, (0.25, 0.5, 0.25))
    assert (back.stage, back.mean) == ('bring back', 0.25)


def test_two_policies_are_compared_by_mcnemar_on_the_episodes_that_both_played():
    blown = Outcome('pen_insert', 'usual', SEEDS[0], Ending.BLOW_UP, error='x')
    found = evaluation({
        A: played([1] * 2 + [1] * 3 + [0] * 15),
        B: [blown, *played([1] * 2 + [1] * 3 + [1] * 11 + [0] * 4)[1:]],
    })  # fmt: skip
    (row,) = compare_all(found)
    assert (row.method, row.baseline, row.strict.pairs) == (str(B), str(A), 19)
    assert (row.strict.better, row.strict.worse) == (11, 0)
    assert row.strict.p == pytest.approx(stats.binomtest(0, 11).pvalue)
    assert row.seeds is None


def test_groups_are_compared_by_episode_and_by_training_seed():
    results = {
        A: played([1, 1, 0, 0, 0]), B: played([1, 0, 0, 0, 0]),
        C: played([1, 1, 1, 1, 0]), D: played([1, 1, 1, 0, 0]),
    }  # fmt: skip
    groups = [Method('old', (A, B)), Method('new', (C, D))]
    (row,) = compare_all(evaluation(results, groups=groups))
    assert row.strict.difference == pytest.approx(0.4)
    # Episode differences are 0, .5, 1, .5, 0: of the 8 signs of three, 2 are as far out.
    assert (row.strict.better, row.strict.worse) == (3, 0)
    assert row.strict.p == pytest.approx(2 / 8)
    assert row.seeds.mean == pytest.approx(0.4)
    assert (row.seeds.seeds, row.seeds.p) == (2, None)


def test_the_baseline_is_the_first_or_the_one_that_is_named():
    results = {A: played([1, 0]), B: played([0, 0]), C: played([1, 1])}
    assert {r.baseline for r in compare_all(evaluation(results))} == {str(A)}
    assert [r.method for r in compare_all(evaluation(results), str(B))] == [str(A), str(C)]
    with pytest.raises(ConfigError, match='made:b'):
        compare_all(evaluation(results), 'made:bb')


def test_p_values_are_adjusted_for_the_methods_of_a_row():
    results = {A: played([0] * 10), B: played([1] * 10), C: played([1] * 9 + [0])}
    b, c = compare_all(evaluation(results))
    assert (b.holm_p, c.holm_p) == pytest.approx((2 * b.strict.p, c.strict.p))
