# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What labels accept, what they refuse by name, and which mark counts in the end."""

from dataclasses import replace

import pytest

from hvd_ros.core.errors import LabelError
from hvd_ros.core.labels.labels import (
    Labels,
    Mark,
    empty_labels,
    labels_from_marks,
)

EMPTY = empty_labels('ep1', 'wipe_board', 100)


def mark(frame=10, stage=0, score=1.0, author='anna'):
    return Mark(frame, stage, score, author)


def labels(*marks, finished=(), **changes):
    return replace(EMPTY, marks=marks, finished=finished, **changes)


@pytest.mark.parametrize(
    ('wrong', 'words'),
    [
        (mark(frame=100), 'frame 100, beyond the end: frames go from 0 to 99'),
        (mark(frame=-1), 'frames go from 0 to 99'),
        (mark(stage=3), "stage 3 of 'wipe_board', marked by anna, is unknown; allowed: 0 to 2"),
        (mark(stage=-1), 'is unknown'),
        (mark(score=0.7), 'allowed: 0, 0.5 and 1'),
        (mark(score=float('nan')), 'allowed: 0, 0.5 and 1'),
        (mark(author=''), "author ''; allowed"),
        (mark(author='a\nb'), 'printable'),
        (mark(author='x' * 41), '40'),
    ],
)
def test_a_mark_that_does_not_fit_is_refused_by_name(wrong, words):
    with pytest.raises(LabelError, match=words.replace('(', r'\(')):
        labels(wrong)


def test_an_author_marks_a_stage_once():
    with pytest.raises(LabelError, match='anna marked stage 0 twice'):
        labels(mark(), mark(20))


def test_an_outcome_that_nobody_knows_is_refused():
    with pytest.raises(LabelError, match='allowed: success, partial, failure'):
        labels(outcome='great')


def test_the_marks_of_one_author_leave_those_of_others_alone():
    both = labels(mark(), mark(author='ben')).with_marks('anna', [mark(30)], finished=True)
    assert both.by('anna') == (mark(30),)
    assert both.by('ben') == (mark(author='ben'),)
    assert both.finished == ('anna',)
    assert both.with_marks('anna', []).authors == ('ben',)


def test_nobody_marks_in_the_name_of_another():
    with pytest.raises(LabelError, match='in the name of ben'):
        labels().with_marks('anna', [mark(author='ben')])


@pytest.mark.parametrize('frame', [10, 9])
def test_a_stage_can_not_end_before_the_one_before_it(frame):
    with pytest.raises(LabelError, match=f'stage 2 can not end at frame {frame}: stage 0 ends at'):
        labels().with_marks('anna', [mark(frame, stage=2), mark(10)])


def test_finished_annotators_overrule_the_operator_who_overrules_the_simulator():
    physics, person, draft = mark(author='simulator'), mark(author='operator'), mark(author='zoe')
    assert labels(draft).resolved() == (draft,)
    assert labels(physics, draft).resolved() == (physics,)
    assert labels(physics, person, draft).resolved() == (person,)
    assert labels(physics, person, draft, finished=['zoe']).resolved() == (draft,)


def test_a_finished_annotator_who_marked_nothing_says_that_nothing_was_reached():
    assert labels(mark(author='operator'), finished=['anna']).resolved() == ()


def test_the_most_frequent_score_wins_and_the_lower_median_of_its_frames():
    rows = ((10, 1.0), (40, 1.0), (20, 0.5), (30, 1.0))
    votes = [mark(n, 0, score, name) for (n, score), name in zip(rows, 'abcd', strict=True)]
    assert labels(*votes, finished='abcd').resolved() == (mark(30, 0, 1.0, 'd'),)
    even = [mark(10, 0, 1.0, 'a'), mark(40, 0, 0.5, 'b')]
    assert labels(*even, finished='ab').resolved() == (mark(40, 0, 0.5, 'b'),)
    two = [mark(10, 0, 1.0, 'a'), mark(40, 0, 1.0, 'b')]
    assert labels(*two, finished='ab').resolved() == (mark(10, 0, 1.0, 'a'),)


def test_a_stage_ends_only_if_more_than_half_say_so():
    assert labels(mark(author='a'), finished='ab').resolved() == ()
    three = labels(mark(author='a'), mark(author='b'), finished='abc')
    assert three.resolved() == (mark(author='a'),)


def test_success_is_every_stage_with_one_and_loose_success_with_at_least_a_half():
    ends = [mark(10 * n, n) for n in range(3)]
    assert labels(*ends).success
    half = labels(*ends[:2], mark(20, 2, 0.5))
    assert not half.success
    assert half.loose_success
    assert not labels(*ends[:2]).loose_success
    assert not Labels('ep1', 'none', (), 10).success


def test_live_marks_are_kept_as_well_as_they_can_be_and_never_fail():
    kept = labels_from_marks(
        'ep1',
        'wipe_board',
        50,
        [mark(5, 0, 0.5, 'operator'), mark(7, 0, 1.0, 'operator'), mark(50, 1, 1.0, 'operator'),
         mark(9, 7, 1.0, 'operator'), mark(9, 0, 0.25, 'simulator')],
        outcome='partial',
    )  # fmt: skip
    assert kept.marks == (mark(7, 0, 1.0, 'operator'), mark(49, 1, 1.0, 'operator'))
    assert kept.outcome == 'partial'
    assert len(kept.notes.splitlines()) == 2
    assert 'stage 7' in kept.notes
    assert '0.25' in kept.notes
    assert labels_from_marks('ep1', 'wipe_board', 0, [mark()]).marks == ()


def test_marks_on_a_task_that_nobody_described_are_kept():
    kept = labels_from_marks('ep1', 'juggle', 50, [mark(5, 1, 1.0, 'operator')])
    assert kept.stages == ('stage 1', 'stage 2')
    assert kept.marks == (mark(5, 1, 1.0, 'operator'),)
    assert not kept.success
    assert empty_labels('ep1', 'juggle', 50).stages == ()
