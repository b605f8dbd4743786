# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Agreement against a textbook's numbers and against an example done by hand."""

from dataclasses import replace

import pytest

from hvd_ros.core.labels.agreement import agreement, as_text, cohens_kappa
from hvd_ros.core.labels.labels import Mark, empty_labels


def test_kappa_of_a_two_by_two_table():
    # 20 and 15 agreed, 5 and 10 not: observed 0.7, chance 0.5, kappa 0.4.
    said = [('y', 'y')] * 20 + [('y', 'n')] * 5 + [('n', 'y')] * 10 + [('n', 'n')] * 15
    assert cohens_kappa(said) == pytest.approx(0.4)


def test_kappa_is_one_zero_or_below_as_it_should_be():
    assert cohens_kappa([(0, 0), (1, 1)]) == 1.0
    assert cohens_kappa([(0, 0), (0, 1), (1, 0), (1, 1)]) == 0.0
    assert cohens_kappa([(0, 1), (1, 0)]) == -1.0
    assert cohens_kappa([(1, 1), (1, 1)]) is None
    assert cohens_kappa([]) is None


def episode(name, anna, ben, finished=('anna', 'ben'), **live):
    said = {'anna': anna, 'ben': ben, **live}
    marks = [
        Mark(frame, stage, score, author)
        for author, rows in said.items()
        for stage, (frame, score) in rows.items()
    ]
    return replace(
        empty_labels(name, 'wipe_board', 200), marks=tuple(marks), finished=tuple(finished)
    )


# Stage 0 of four episodes: 1-1, 1-1, 1-0.5, 0-0; frames 0, 4, 10 and 2 apart.
FOUR = [
    episode('e1', {0: (10, 1.0)}, {0: (10, 1.0)}),
    episode('e2', {0: (20, 1.0)}, {0: (24, 1.0)}),
    episode('e3', {0: (30, 1.0), 1: (60, 1.0)}, {0: (40, 0.5)}),
    episode('e4', {0: (50, 0.0)}, {0: (48, 0.0)}),
]


def test_an_example_done_by_hand():
    all_, first, second, third = agreement(FOUR)
    assert (first.first, first.second, first.task) == ('anna', 'ben', 'wipe_board')
    assert first.stage == 'Approach the board and grasp an eraser'
    assert first.compared == 4
    assert first.same_score == 0.75
    # observed 3/4; chance (3*2 + 1*1 + 0*1) / 16 = 7/16; kappa = (12 - 7) / (16 - 7)
    assert first.kappa == pytest.approx(5 / 9)
    assert first.frames_median == 3.0
    assert first.frames_p90 == pytest.approx(4 + 0.7 * 6)
    # Stage 1: three times not reached for both, once only anna saw it: observed 3/4, chance 12/16.
    assert (second.same_score, second.kappa, second.frames_median) == (0.75, 0.0, None)
    # Stage 2: never reached for either, where chance alone agrees as well.
    assert (third.same_score, third.kappa) == (1.0, None)
    assert all_.compared == 12
    assert all_.same_score == pytest.approx(10 / 12)


def test_an_episode_that_only_one_has_finished_says_nothing():
    assert agreement([episode('e1', {0: (10, 1.0)}, {0: (10, 1.0)}, finished=['anna'])]) == []


def test_the_simulator_is_compared_where_it_marked():
    rows = agreement([episode('e1', {0: (10, 1.0)}, {}, ['anna'], simulator={0: (12, 0.5)})])
    assert (rows[0].first, rows[0].second) == ('anna', 'simulator')
    assert rows[1].frames_median == 2.0
    assert rows[1].same_score == 0.0


def test_the_report_says_it_in_a_table_and_in_plain_numbers():
    text = as_text(agreement(FOUR)).splitlines()
    assert ' '.join(text[0].split()) == (
        'annotators task stage compared same score kappa apart p50 p90'
    )
    assert '75 %   0.56     0.30 s  0.82 s' in text[2]
    assert text[4].endswith('100 %      -          -       -')
    assert agreement(FOUR)[1].as_json()['frames_median'] == 3.0
    assert 'labelled by two people' in as_text([])
