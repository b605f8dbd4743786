# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_training.data.returns import chunk_returns, gaps, later, steps_left

PERIOD = 100_000_000


def stamps(*runs):
    """Return ticks of runs of so many frames, a second of pause between them."""
    parts, start = [], 0
    for length in runs:
        parts.append(start + np.arange(length) * PERIOD)
        start += length * PERIOD + 10 * PERIOD
    return np.concatenate(parts)


@settings(max_examples=80, deadline=None)
@given(
    frames=st.integers(1, 40),
    horizon=st.integers(1, 25),
    gamma=st.floats(0.5, 1.0),
    ends=st.booleans(),
    seed=st.integers(0, 99),
)
def test_a_chunk_pays_every_step_inside_the_episode_once(frames, horizon, gamma, ends, seed):
    reward = np.random.default_rng(seed).normal(size=frames)
    terminal = np.arange(frames) == frames - 1 if ends else np.zeros(frames, bool)
    left = steps_left(stamps(frames), 10)
    total, discount, valid = chunk_returns(reward, terminal, left, horizon, gamma)
    for t in range(frames):
        inside = range(t, min(t + horizon, frames))
        assert total[t] == pytest.approx(sum(gamma ** (j - t) * reward[j] for j in inside))
        assert valid[t] == len(inside)
        over = ends and frames - 1 in inside
        assert discount[t] == pytest.approx(0.0 if over else gamma ** len(inside))


@settings(max_examples=50, deadline=None)
@given(frames=st.integers(2, 60), horizon=st.integers(1, 20))
def test_chunks_end_to_end_pay_the_whole_episode_and_the_terminal_once(frames, horizon):
    reward = np.full(frames, -0.001)
    reward[-1] = 1.0
    terminal = np.arange(frames) == frames - 1
    left = steps_left(stamps(frames), 10)
    total, discount, _ = chunk_returns(reward, terminal, left, horizon, 1.0)
    starts = np.arange(0, frames, horizon)
    assert total[starts].sum() == pytest.approx(reward.sum())
    assert (discount[starts] == 0).sum() == 1


def test_a_repeating_window_masked_by_steps_left_is_the_chunk_return():
    """What a loader does beyond the end: it repeats the last row."""
    frames, horizon = 30, 20
    reward = np.append(np.full(frames - 1, -0.001), 1.0)
    left = steps_left(stamps(frames), 10)
    total, _, _ = chunk_returns(reward, np.arange(frames) == frames - 1, left, horizon, 1.0)
    window = reward[np.minimum(np.arange(frames)[:, None] + np.arange(horizon), frames - 1)]
    mask = np.arange(horizon) < left[:, None]
    np.testing.assert_allclose((window * mask).sum(axis=1), total)
    assert window[-1].sum() == pytest.approx(horizon)  # the trap: twenty times the reward


def test_a_pause_ends_a_run_and_no_chunk_crosses_it():
    left = steps_left(stamps(5, 3), 10)
    assert left.tolist() == [5, 4, 3, 2, 1, 3, 2, 1]
    assert np.flatnonzero(gaps(stamps(5, 3), 10)).tolist() == [4]
    reward = np.arange(8.0)
    total, discount, valid = chunk_returns(reward, np.zeros(8, bool), left, 4, 1.0)
    assert valid[3] == 2
    assert total[3] == 3 + 4
    assert discount[3] == 1.0
    assert later(reward, left, 4).tolist() == [4, 4, 4, 4, 4, 7, 7, 7]


def test_a_jitter_of_a_third_of_a_period_is_no_gap():
    ticks = stamps(20) + np.random.default_rng(0).integers(-PERIOD // 6, PERIOD // 6, 20)
    assert not gaps(ticks, 10).any()
