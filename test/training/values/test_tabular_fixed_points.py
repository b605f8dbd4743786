# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The learner, given a table and a whole MDP, ends where the operator says, to 1e-6.

The fixed points are found with NumPy and SciPy alone.
"""

import numpy as np
import pytest
from scipy.optimize import brentq
import torch

from hvd_training.groups import from_lists
from hvd_training.values.config import ValueConfig
from hvd_training.values.deas import smdp_range
from hvd_training.values.targets import chunk_return
from test.training.values.made_values import Mdp, equal_rates, random_mdp, table_learner

GAMMA = 0.9
WHOLE = from_lists({'whole': [0]})


def soft_maximum(alpha):
    return lambda q, p: np.log((p * np.exp(alpha * q)).sum()) / alpha


def expectile(level):
    def solve(q, p):
        def slope(v):
            return (p * np.where(q < v, 1 - level, level) * (q - v)).sum()

        return brentq(slope, q.min() - 1, q.max() + 1, xtol=1e-14)

    return solve


def quantile(level):
    def pick(q, p):
        order = np.argsort(q)
        return q[order][np.searchsorted(np.cumsum(p[order]), level)]

    return pick


def mean(q, p):
    return (p * q).sum()


CASES = {
    'idql_exp, 1': ({'v_loss': 'idql_exp', 'alpha': 1.0}, soft_maximum(1)),
    'idql_exp, 2': ({'v_loss': 'idql_exp', 'alpha': 2.0}, soft_maximum(2)),
    'hvd_eq6, 1': ({'v_loss': 'hvd_eq6', 'alpha': 1.0}, soft_maximum(1)),
    'hvd_eq6, 0.4': ({'v_loss': 'hvd_eq6', 'alpha': 0.4}, soft_maximum(1)),
    'expectile, 0.8': ({'v_loss': 'expectile', 'level': 0.8}, expectile(0.8)),
    'quantile, 0.6': ({'v_loss': 'quantile', 'level': 0.6}, quantile(0.6)),
    'mse': ({'v_loss': 'mse'}, mean),
}

# One over the curvature, about.
RATES = {'mse': 0.5, 'expectile': 0.9, 'hvd_eq6': 0.9, 'idql_exp': 0.9, 'quantile': 1.0}
STEPS = 420


def settled(config, mdp):
    """Return V and Q of a learner that has seen the whole MDP again and again."""
    learner = table_learner(config, WHOLE, len(mdp.mu), mdp.mu.shape[1])
    batch, rate = mdp.batch(), torch.tensor(RATES[config.v_loss])
    if config.v_loss == 'hvd_eq6':
        rate /= config.alpha  # which only scales the slope
    equal_rates(learner, batch, rate)
    quantiles = config.v_loss == 'quantile'
    for step in range(STEPS + 220 * quantiles):
        learner.step(batch, report=False)
        # A quantile's slope does not shrink, so its steps must.
        if quantiles and step > 100:
            rate *= 0.97
    v = learner.model.v_net.table.detach()[:, 0].numpy()
    return v, learner.model.critic.tables[0].detach()[:, :, :, 0].numpy()


@pytest.mark.parametrize('case', CASES)
def test_each_v_loss_reaches_the_fixed_point_of_its_operator(case):
    more, operator = CASES[case]
    config = ValueConfig(
        chunk=1, gamma=GAMMA, adv_scale='none', tau_polyak=0.9, decomposition='shared', **more
    )
    mdp = random_mdp(seed=2)
    v, q = settled(config, mdp)
    exact_v, exact_q = mdp.fixed_point(operator, GAMMA)
    assert v == pytest.approx(exact_v, abs=1e-6)
    assert q[0] == pytest.approx(exact_q, abs=1e-6)
    assert q[1] == pytest.approx(exact_q, abs=1e-6)


def test_the_fixed_point_of_eq_6_does_not_depend_on_alpha_and_that_of_idql_does():
    mdp = random_mdp(seed=0)
    one, two = (mdp.fixed_point(soft_maximum(alpha), GAMMA)[0] for alpha in (1, 2))
    assert np.abs(one - two).max() > 0.1
    # The learner's own are those: see 'hvd_eq6, 0.4' and 'idql_exp, 2' above.


def test_a_bootstrap_from_a_slow_v_ends_at_the_same_values():
    config = ValueConfig(
        chunk=1,
        gamma=GAMMA,
        adv_scale='none',
        tau_polyak=0.9,
        decomposition='shared',
        target_v=True,
    )
    v, _ = settled(config, random_mdp(seed=1))
    exact, _ = random_mdp(seed=1).fixed_point(soft_maximum(1), GAMMA)
    assert v == pytest.approx(exact, abs=1e-6)


def chain(ends=True):
    """Return two states: one step costs 0.001 and may reach the second, where nothing happens."""
    moves = np.array([[[1, 1]], [[0, 2]]])
    rewards = np.array([[-0.001], [0.0 if ends else -0.001]])
    return Mdp(np.ones((2, 1), int), moves, rewards, np.array([[False], [ends]]))


def test_an_absorbing_success_stays_at_its_value_without_a_discount():
    """The whole MDP is in every batch: where no update leads away, ten thousand do not either."""
    config = ValueConfig(chunk=1, gamma=1.0, tau_polyak=0.3, decomposition='shared')
    learner, batch = table_learner(config, WHOLE, 2, 1), chain().batch()
    equal_rates(learner, batch)
    # At its value from the beginning it might stay there for no reason.
    with torch.no_grad():
        for table in learner.losses.parameters():
            table.fill_(0.5)
    q, v = learner.model.critic.tables[0], learner.model.v_net.table
    away = []
    for _ in range(300):
        learner.step(batch, report=False)
        away.append(max(q[:, 1].abs().max().item(), v[1].abs().item()))
    settled = away[150:]
    assert max(settled) < 1e-9
    assert max(settled[75:]) <= max(settled[:75])
    assert v[0].item() == pytest.approx(-0.002, abs=1e-6)


def test_without_the_terminal_the_same_state_drifts():
    """What the test above would miss if nothing could drift."""
    config = ValueConfig(chunk=1, gamma=1.0, tau_polyak=1.0, decomposition='shared')
    learner, batch = table_learner(config, WHOLE, 2, 1), chain(ends=False).batch()
    equal_rates(learner, batch)
    for _ in range(100):
        learner.step(batch, report=False)
    assert learner.model.v_net.table[1].item() < -0.01


@pytest.mark.parametrize(
    ('inside', 'between', 'chunk', 'golden'),
    [(0.9, 0.99, 4, -87.3), (0.9, 0.999, 8, -714.4), (0.9, 0.99, 16, -54.8)],
)
def test_two_discounts_lead_to_the_smdp_bound(inside, between, chunk, golden):
    """A reward of -1 for ever: iterate the target itself."""
    config = ValueConfig(chunk=chunk, gamma=between, gamma_chunk=inside)
    valid, y = torch.ones(1, chunk, dtype=torch.bool), torch.zeros(1, dtype=torch.float64)
    total, factor = chunk_return(-torch.ones(1, chunk).double(), valid, ~valid, between, inside)
    for _ in range(20000):
        y = total + factor * y
    assert y.item() == pytest.approx(golden, abs=0.05)
    assert y.item() == pytest.approx(smdp_range(-1.0, 0.0, config)[0], rel=1e-9)
