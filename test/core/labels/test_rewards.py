# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rewards against sums that can be done by hand."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.errors import LabelError
from hvd_ros.core.labels.labels import Mark
from hvd_ros.core.labels.rewards import rewards, terminals


def ends(*rows):
    return [Mark(frame, stage, score, 'a') for stage, (frame, score) in enumerate(rows)]


def test_the_score_at_each_end_and_a_small_cost_on_every_other_step():
    got = rewards(ends((2, 1.0), (5, 0.5)), 7)
    assert got.tolist() == [-0.001, -0.001, 1.0, -0.001, -0.001, 0.5, -0.001]


def test_a_stage_that_failed_pays_zero_and_one_that_was_not_reached_nothing():
    assert rewards(ends((1, 0.0)), 3).tolist() == [-0.001, 0.0, -0.001]
    assert rewards([], 3).tolist() == [-0.001] * 3
    assert rewards([], 0).shape == (0,)


def test_the_return_of_two_minutes_of_success_is_scores_minus_steps():
    marks = ends((300, 1.0), (700, 1.0), (1199, 1.0))
    assert rewards(marks, 1200).sum() == pytest.approx(3.0 - 0.001 * 1197)


def test_two_stages_in_one_frame_pay_both():
    assert rewards(ends((1, 1.0), (1, 0.5)), 2).tolist() == [-0.001, 1.5]


@pytest.mark.parametrize('frame', [-1, 3])
def test_a_mark_beyond_the_end_is_refused(frame):
    with pytest.raises(LabelError, match=f'ends at frame {frame}; frames go from 0 to 2'):
        rewards(ends((frame, 1.0)), 3)


def test_a_stage_that_two_people_marked_is_not_paid_twice():
    with pytest.raises(LabelError, match='stage 0 is marked twice'):
        rewards([Mark(1, 0, 1.0, 'a'), Mark(2, 0, 1.0, 'b')], 3)


@given(
    st.integers(1, 300),
    st.lists(st.sampled_from([0.0, 0.5, 1.0]), max_size=5),
    st.randoms(use_true_random=False),
)
def test_the_sum_is_that_of_the_formula(frames, scores, random):
    places = random.sample(range(frames), min(len(scores), frames))
    marks = ends(*zip(places, scores, strict=False))
    expected = sum(mark.score for mark in marks) - 0.001 * (frames - len(marks))
    assert np.isclose(rewards(marks, frames).sum(), expected)


def test_only_the_last_frame_is_terminal():
    assert terminals(3).tolist() == [False, False, True]
    assert terminals(0).tolist() == []
