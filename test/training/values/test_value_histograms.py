# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""HL-Gauss reads back what was written, DEAS is an expectile."""

import math

import numpy as np
import pytest
import torch

from hvd_ros.core.errors import ConfigError
from hvd_training.groups import from_lists
from hvd_training.values.categorical import Bins, cross_entropy
from hvd_training.values.config import ValueConfig
from hvd_training.values.deas import (
    data_range,
    deas,
    geometric_range,
    padded,
    smdp_range,
    support,
)
from test.training.values.made_values import made, network, noise, small, table_learner

LOW, HIGH, BINS = -10.0, 0.0, 100
WIDTH = (HIGH - LOW) / BINS


def bins():
    return Bins(LOW, HIGH, BINS, 0.75)


def decoded(y):
    """Return what comes back, in bins off."""
    y = torch.as_tensor(y)
    made_bins = bins()
    return ((made_bins.mean_of(made_bins.target(y)) - y) / WIDTH).numpy()


def test_three_bins_from_the_edge_the_mean_comes_back():
    y = torch.linspace(LOW + 3 * WIDTH, HIGH - 3 * WIDTH, 3000)
    assert np.abs(decoded(y)).max() < 1e-3


@pytest.mark.parametrize(
    ('inside', 'golden', 'within'),
    [(0.0, -0.69, 0.01), (0.5, -0.37, 0.01), (2.0, -0.010, 0.001), (3.0, 0.0, 2e-4)],
)
def test_the_bias_at_the_top_edge_is_the_known_one(inside, golden, within):
    assert float(decoded(HIGH - inside * WIDTH)) == pytest.approx(golden, abs=within)


def test_targets_sum_to_one_everywhere_and_beyond():
    y = torch.tensor([LOW - 50, LOW, -3.3, HIGH, HIGH + 50])
    assert torch.allclose(bins().target(y).sum(-1), torch.ones(5), atol=1e-6)


def test_what_lies_beyond_the_support_is_cut_to_it_and_counted():
    y = torch.tensor([LOW - 5, LOW, -3.3, HIGH, HIGH + 5])
    assert bins().clipped(y).tolist() == [True, False, False, False, True]
    assert torch.equal(bins().target(y[:1]), bins().target(y[1:2]))


def test_cross_entropy_is_that_of_torch():
    logits, target = torch.randn(6, 11), torch.softmax(torch.randn(6, 11), -1)
    theirs = torch.nn.functional.cross_entropy(logits, target, reduction='none')
    assert torch.allclose(cross_entropy(target, logits), theirs, atol=1e-6)


@pytest.mark.parametrize(
    ('inside', 'between', 'chunk', 'golden', 'geometric'),
    [
        (0.9, 0.99, 4, -87.3, -100),
        (0.9, 0.999, 8, -714.4, -1000),
        (0.9, 0.99, 16, -54.8, -100),
    ],
)
def test_ranges_of_rewards_of_minus_one(inside, between, chunk, golden, geometric):
    config = ValueConfig(chunk=chunk, gamma=between, gamma_chunk=inside)
    assert smdp_range(-1.0, 0.0, config) == pytest.approx((golden, 0), abs=0.05)
    assert geometric_range(-1.0, 0.0, config) == pytest.approx((geometric, 0))


def test_a_range_gets_three_bins_of_room_on_both_sides():
    config = ValueConfig(critic='hl_gauss', bins=101)
    low, high = support((-8.0, 0.0), config)
    width = (high - low) / 101
    assert high == pytest.approx(3 * width)
    assert low == pytest.approx(-8 - 3 * width)
    at = Bins(low, high, 101, 0.75)
    assert abs(at.mean_of(at.target(torch.tensor(0.0))).item()) < 1e-3 * width


def test_the_range_of_the_data_counts_what_a_cut_recording_shows():
    rewards, left = np.array([-1.0, -1, -1, 0, -1, -1]), np.array([4, 3, 2, 1, 2, 1])
    ends = np.array([0, 0, 0, 1, 0, 0], dtype=bool)
    config = ValueConfig(chunk=2, gamma=1.0)
    assert data_range(rewards, ends, left, config) == (-3.0, 0.0)


def test_no_range_is_said_and_not_guessed():
    with pytest.raises(ConfigError, match='no bound'):
        smdp_range(-1.0, 0.0, ValueConfig(gamma=1.0))
    with pytest.raises(ConfigError, match='no range of returns'):
        padded(math.nan, 0.0, 101)
    with pytest.raises(ConfigError, match='finite and not empty'):
        Bins(1.0, 1.0, 10, 0.75)
    low, high = padded(2.0, 2.0, 101)
    assert low < 2 < high


def settled(**more):
    """Return Q means, shares and V of one state with four actions, learned as histograms."""
    config = ValueConfig(
        chunk=1, critic='hl_gauss', v_categorical=True, bins=31, adv_scale='none', z_max=20.0,
        tau_polyak=1.0, decomposition='shared', **more,
    )  # fmt: skip
    often, worth = torch.tensor([4, 3, 2, 1]), torch.tensor([-1.0, 0.2, 0.9, 1.7]).double()
    action = torch.arange(4).repeat_interleave(often)
    batch = made(
        state=torch.ones(10, 1).double(),
        actions=action[:, None, None].double(),
        rewards=worth[action][:, None],
        terminated=torch.ones(10, 1, dtype=torch.bool),
    )
    learner = table_learner(
        config, from_lists({'whole': [0]}), 1, 4, rate=None, support=(-3.0, 3.0)
    )
    learner.optimizer = torch.optim.Adam(learner.model.parameters(), lr=0.3)
    for step in range(260):
        learner.optimizer.param_groups[0]['lr'] = 0.3 * 0.985**step
        learner.step(batch, report=False)
    q, v = learner.advantages(batch)
    return worth[action].numpy(), q[:, 0].numpy(), v[0, 0].item()


def test_the_fixed_point_of_deas_is_the_expectile_of_the_means():
    worth, q, v = settled(v_loss='expectile', level=0.8)
    assert q == pytest.approx(worth, abs=5e-3)
    slope = np.where(q < v, 0.2, 0.8) * (q - v)
    assert abs(slope.mean()) < 2e-3


def test_a_histogram_v_with_exponential_weights_is_the_soft_maximum():
    """The weight is phi1, not e^z, which would give the Boltzmann mean."""
    worth, q, v = settled(v_loss='idql_exp', alpha=1.0)
    assert v == pytest.approx(np.log(np.exp(q).mean()), abs=5e-3)
    boltzmann = (np.exp(q) * q).mean() / np.exp(q).mean()
    assert abs(v - boltzmann) > 0.05


def test_the_pessimistic_histogram_is_picked_whole_and_the_mean_averages_probabilities():
    batch = noise()
    for agg in ('min', 'mean'):
        learner = network(small(critic='hl_gauss', q_agg=agg))
        losses, target = learner.losses, learner.losses.target
        said = target.q_said(target.encoder(batch.observation), batch.actions, batch.valid)
        numbers = target.number(said)
        found, q = losses.q_bar(batch)
        assert torch.allclose(target.number(found), q, atol=1e-5)
        if agg == 'min':
            assert torch.equal(q, numbers.amin(0))
        else:
            probabilities = torch.softmax(said, -1).mean(0)
            assert torch.allclose(torch.softmax(found, -1), probabilities, atol=1e-6)


def test_the_published_settings():
    config = deas()
    assert (config.gamma, config.gamma_chunk, config.bins, config.bin_sigma) == (
        0.99, 0.9, 101, 0.75,
    )  # fmt: skip
    assert (config.v_loss, config.critic, config.n_q) == ('expectile', 'hl_gauss', 2)
