# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a chunk is worth, step for step."""

import numpy as np
import pytest
import torch

from hvd_training.values.config import ValueConfig
from hvd_training.values.targets import alive, chunk_return, returns_to_go, shaped
from test.training.values.made_values import made, network, small


def windows(column, horizon, fill=0.0):
    """Return (T, K) windows of a column and which of their steps exist."""
    steps = np.arange(len(column))[:, None] + np.arange(horizon)
    valid = steps < len(column)
    taken = np.where(valid, np.asarray(column)[np.minimum(steps, len(column) - 1)], fill)
    return torch.from_numpy(taken), torch.from_numpy(valid)


def targets(rewards, ends, value, horizon, gamma=1.0, inside=None):
    """Return y of every start of an episode whose exact V (T+1,) is given."""
    r, valid = windows(rewards, horizon)
    done, _ = windows(ends, horizon)
    total, factor = chunk_return(r, valid, done.bool(), gamma, gamma if inside is None else inside)
    behind = np.minimum(np.arange(len(rewards)) + horizon, len(rewards))
    return (total + factor * torch.from_numpy(value[behind])).numpy()


@pytest.mark.parametrize('horizon', [1, 4, 20])
@pytest.mark.parametrize('gamma', [1.0, 0.9])
@pytest.mark.parametrize('terminated', [True, False])
def test_an_exact_value_reproduces_itself(horizon, gamma, terminated):
    """R = 2^-t over 12 steps: one reward too many or too few shows at every start."""
    rewards = 0.5 ** np.arange(12)
    ends = np.zeros(12, dtype=bool)
    ends[-1] = terminated
    value = np.zeros(13) if terminated else np.full(13, 3.7)  # behind the cut V is what it is
    for t in range(11, -1, -1):
        value[t] = rewards[t] + gamma * value[t + 1]
    found = targets(rewards, ends, value, horizon, gamma)
    assert found == pytest.approx(value[:12], abs=1e-14)


def test_the_reference_example_of_an_offset_by_one():
    rewards, value = 0.5 ** np.arange(12), np.zeros(13)
    for t in range(11, -1, -1):
        value[t] = rewards[t] + value[t + 1]
    found = targets(rewards, np.arange(12) == 11, value, 4)
    assert found[0] == pytest.approx(1.9995, abs=5e-5)
    # The two mistakes by hand, so that the numbers of the reference are known to be these.
    assert rewards[:4].sum() + value[5] == pytest.approx(1.937, abs=5e-4)
    assert rewards[:5].sum() + value[4] == pytest.approx(2.062, abs=5e-4)


def test_a_termination_pays_nothing_behind_it_and_a_cut_pays_v():
    rewards, value, gamma = np.ones(5), np.full(6, 10.0), 0.9
    ended = targets(rewards, np.arange(5) == 4, value, 8, gamma)
    cut = targets(rewards, np.zeros(5, bool), value, 8, gamma)
    left = np.arange(5, 0, -1)
    assert cut - ended == pytest.approx(gamma**left * 10.0)


def test_rewards_behind_a_termination_inside_the_chunk_do_not_count():
    rewards = torch.tensor([[1.0, 2.0, 100.0, 100.0]])
    valid = torch.ones(1, 4, dtype=torch.bool)
    ends = torch.tensor([[False, True, False, False]])
    total, factor = chunk_return(rewards, valid, ends, 0.5, 0.5)
    assert total.item() == pytest.approx(1 + 0.5 * 2)
    assert factor.item() == 0
    assert alive(valid, ends).tolist() == [[True, True, False, False, False]]


def test_one_termination_among_steps_is_enough():
    ends = torch.tensor([[True, False, False]])
    valid = torch.ones(1, 3, dtype=torch.bool)
    assert chunk_return(torch.zeros(1, 3), valid, ends, 1.0, 1.0).factor.item() == 0


@pytest.mark.parametrize('horizon', [1, 3, 20, 40])
def test_every_chunk_that_reaches_the_last_reward_sees_it(horizon):
    length = 20
    rewards, ends = (np.arange(length) == length - 1).astype(float), np.arange(length) == 19
    found = targets(rewards, ends, np.zeros(length + 1), horizon)
    assert (found > 0).sum() == min(horizon, length)


def test_drop_leaves_one_start_that_sees_the_last_reward():
    """With tail = drop a chunk that the recording cuts is not learned from."""
    r, valid = windows((np.arange(20) == 19).astype(float), 4)
    batch = made(state=torch.zeros(20, 5), actions=torch.zeros(20, 4, 6), rewards=r, valid=valid)
    seen = {}
    for tail in ('shorten', 'drop'):
        learner = network(small(tail=tail))
        seen[tail] = int((learner.losses.used(batch) & (r.sum(1) > 0)).sum())
    assert seen == {'shorten': 4, 'drop': 1}


def test_a_shortened_chunk_is_discounted_by_its_real_steps():
    """Against per-step temporal differences on the chain."""
    rng = np.random.default_rng(0)
    rewards, value, gamma = rng.normal(size=6), rng.normal(size=7), 0.8
    found = targets(rewards, np.zeros(6, bool), value, 4, gamma)
    for t in range(6):
        n = min(4, 6 - t)
        by_hand = sum(gamma**j * rewards[t + j] for j in range(n)) + gamma**n * value[t + n]
        assert found[t] == pytest.approx(by_hand)


def test_two_discounts_inside_and_between():
    valid = torch.ones(1, 3, dtype=torch.bool)
    total, factor = chunk_return(torch.ones(1, 3), valid, ~valid, 0.9, 0.5)
    assert total.item() == pytest.approx(1 + 0.5 + 0.25)
    assert factor.item() == pytest.approx(0.9**3)
    assert ValueConfig(gamma=0.9).inside == 0.9
    assert ValueConfig(gamma=0.9, gamma_chunk=0.5).inside == 0.5
    assert ValueConfig(gamma=0.9, gamma_chunk=0.0).inside == 0.0


def test_what_stands_in_padded_steps_changes_nothing():
    valid = torch.tensor([[True, True, False]])
    clean = chunk_return(torch.ones(1, 3), valid, torch.zeros(1, 3, dtype=torch.bool), 0.9, 0.9)
    rewards = torch.tensor([[1.0, 1.0, float('nan')]])
    dirty = chunk_return(rewards, valid, torch.tensor([[False, False, True]]), 0.9, 0.9)
    assert torch.equal(clean.total, dirty.total)
    assert torch.equal(clean.factor, dirty.factor)


def test_rewards_are_shifted_scaled_and_charged_in_this_order():
    config = ValueConfig(reward_scale=10.0, reward_shift=-1.0, step_penalty=0.5)
    assert shaped(torch.tensor([2.0]), config).item() == 10 * (2 - 1) - 0.5


def recorded(terminated=(True, False), length=7):
    """Return columns of two episodes."""
    rewards = np.random.default_rng(1).normal(size=2 * length)
    ends = np.zeros(2 * length, dtype=bool)
    ends[length - 1], ends[-1] = terminated
    return rewards, ends, np.tile(np.arange(length, 0, -1), 2)


@pytest.mark.parametrize('chunk', [1, 3, 7, 20])
def test_recorded_returns_are_discounted_sums_to_the_end(chunk):
    rewards, ends, left = recorded()
    config = ValueConfig(chunk=chunk, gamma=0.9, reward_scale=2.0)
    found = returns_to_go(rewards, ends, left, config)
    by_hand = [sum(0.9**j * 2 * rewards[t + j] for j in range(7 - t)) for t in range(7)]
    assert found[:7] == pytest.approx(by_hand)
    assert np.isnan(found[7:]).all()  # cut: nobody knows the rest


def test_recorded_returns_with_two_discounts_are_those_of_chunks():
    rewards, ends, left = recorded((True, True))
    config = ValueConfig(chunk=3, gamma=0.9, gamma_chunk=0.5)
    found = returns_to_go(rewards, ends, left, config)
    for t in range(7):
        n = min(3, 7 - t)
        behind = found[t + n] if t + n < 7 else 0.0
        inside = sum(0.5**j * rewards[t + j] for j in range(n))
        assert found[t] == pytest.approx(inside + 0.9**n * behind)
