# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What each key makes of a trial, at every moment of it."""

import math

import pytest

from hvd_ros.core.trials.sheet import Mark, Phase, Sheet, clock, press

BEGUN = 100.0


def sheet(*stages, limit_s=60.0):
    return Sheet(stages or ('lift', 'put'), limit_s, BEGUN)


def typed(trial, *presses):
    """Press keys; each is a key or (key, seconds after the start)."""
    for one in presses:
        key, at_s = one if isinstance(one, tuple) else (one, 1.0)
        trial = press(trial, key, BEGUN + at_s)
    return trial


def test_stages_are_scored_in_order_and_the_last_one_holds_the_robot():
    half = typed(sheet(), ('5', 3.0))
    assert (half.phase, half.marks, half.missing) == (Phase.RUNNING, (Mark(0.5, 3.0),), ('put',))
    assert half.said == '0.5  lift' and math.isinf(half.duration_s)
    whole = typed(half, ('1', 8.0))
    assert (whole.phase, whole.scores, whole.duration_s) == (Phase.HELD, (0.5, 1.0), 8.0)
    done = typed(whole, ('\n', 20.0))
    assert (done.phase, done.over, done.duration_s) == (Phase.DONE, True, 8.0)


@pytest.mark.parametrize(('key', 'score'), [('0', 0.0), ('5', 0.5), ('1', 1.0)])
def test_three_keys_are_three_scores(key, score):
    assert typed(sheet(), key).scores == (score,)


def test_undo_takes_back_one_by_one_and_then_says_that_there_is_none():
    trial = typed(sheet('a', 'b', 'c'), ('1', 1.0), ('0', 2.0), 'u')
    assert (trial.scores, trial.said) == ((1.0,), 'taken back: b')
    assert typed(trial, ('5', 4.0)).marks == (Mark(1.0, 1.0), Mark(0.5, 4.0))
    empty = typed(trial, 'u', 'u')
    assert (empty.marks, empty.said) == ((), 'there is no score to take back')


def test_undo_after_the_end_leaves_the_robot_held_and_a_new_score_counts_from_the_end():
    trial = typed(sheet(), ('1', 2.0), ('1', 9.0), ('u', 12.0))
    assert (trial.phase, trial.missing) == (Phase.HELD, ('put',))
    trial = typed(trial, ('0', 15.0))
    assert (trial.marks[-1], trial.duration_s, trial.phase) == (Mark(0.0, 9.0), 9.0, Phase.HELD)


def test_space_ends_and_nothing_is_scored_by_leaving_it_out():
    trial = typed(sheet(), ('1', 2.0), (' ', 5.0))
    assert (trial.phase, trial.duration_s, trial.scores) == (Phase.HELD, 5.0, (1.0,))
    refused = typed(trial, ('\n', 6.0))
    assert (refused.phase, refused.said) == (Phase.HELD, 'not scored yet: put')
    assert typed(refused, ('0', 7.0), ('\n', 8.0)).phase is Phase.DONE


def test_the_limit_ends_it_at_the_limit_however_late_it_is_noticed():
    assert clock(sheet(), BEGUN + 59.9).phase is Phase.RUNNING
    late = clock(sheet(), BEGUN + 61.0)
    assert (late.phase, late.duration_s, late.said) == (Phase.HELD, 60.0, 'the 60 s are over')
    # A key that comes with it is one for a robot that is held.
    assert typed(sheet(), ('1', 70.0)).marks == (Mark(1.0, 60.0),)


@pytest.mark.parametrize('before', [(), ('1',), ((' ', 4.0),), ('1', '1')])
def test_a_trial_that_does_not_count_can_be_told_until_it_is_confirmed(before):
    trial = typed(sheet(), *before, ('x', 5.0))
    assert (trial.phase, trial.over) == (Phase.VOID, True)
    assert trial.duration_s <= 5.0


@pytest.mark.parametrize('last', ['\n', 'x'])
def test_what_is_over_stays_as_it_is(last):
    trial = typed(sheet(), '1', '1', last)
    assert trial.over
    for key in '051u x\n?':
        assert press(trial, key, BEGUN + 50.0) == trial
    assert clock(trial, BEGUN + 500.0) == trial


def test_what_means_nothing_changes_nothing():
    for trial, key in ((sheet(), 'q'), (sheet(), '\n'), (typed(sheet(), ' '), ' ')):
        after = press(trial, key, BEGUN + 2.0)
        assert (after.phase, after.marks, after.ended_s) == (
            trial.phase, trial.marks, trial.ended_s,
        )  # fmt: skip
        assert after.said == f'no meaning here: {key!r}'
    full = typed(sheet(), '1', '1', '0')
    assert full.scores == (1.0, 1.0) and 'every stage has its score' in full.said
