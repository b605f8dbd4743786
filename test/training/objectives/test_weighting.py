# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
import math

import numpy as np
import pytest
import torch

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_ros.core.robot.description import load_body
from hvd_training.groups import from_body
from hvd_training.objectives import hvd
from hvd_training.objectives.episodes import Episodes
from hvd_training.objectives.registry import OBJECTIVES, objective
from hvd_training.objectives.weighting import GroupWeights, mean_error, weight_log
from hvd_training.policies.heads import registry as heads
from hvd_training.policies.heads.mse import Mse
from hvd_training.policies.policy import ChunkPolicy
from hvd_training.policies.small import Shapes, SmallConfig, build
from hvd_training.values.config import ValueConfig
from hvd_training.values.weights import phi1, raw_weights
from test.training.toy import made, seeded

B, K, D = 12, 4, 3
OF_DIMENSION = torch.tensor([1, 0, 1])  # two groups that do not lie beside each other


def small(head='clean_flow'):
    torch.manual_seed(0)
    return build(SmallConfig(head=head, width=16, depth=1), Shapes(K, D, 2))


def batch(**more):
    actions = torch.randn(B, K, D, generator=seeded(1))
    valid = torch.arange(K) < torch.randint(1, K + 1, (B, 1), generator=seeded(2))
    return made(actions, torch.randn(B, 2, generator=seeded(3)), **({'valid': valid} | more))


def weights(*columns):
    return GroupWeights(torch.tensor(columns).T.contiguous(), OF_DIMENSION)


def ones():
    return GroupWeights(torch.ones(B, 2), OF_DIMENSION)


def settings(name):
    """Return the configs of an objective that differ in their loss."""
    config = objective(name).config
    if name == 'deas':
        return [config(), config(extraction='awr')]
    return [config(), config(beta=0.0)] if name == 'hvd' else [config()]


EVERY = [(name, config) for name in OBJECTIVES for config in settings(name)]
WEIGHED = [('iql_awr', 0), ('hvd', 1), ('deas', 1), ('qipo', 0)]


@pytest.mark.parametrize('head', heads.NAMES)
def test_a_group_of_weight_zero_gets_no_gradient_and_only_its_outputs_do(head):
    """Failure 14."""
    policy = small(head)
    found = GroupWeights(torch.tensor([[1.0, 0.0]] * B), OF_DIMENSION)
    loss, _ = hvd.loss(policy, batch(), None, found, hvd.HvdConfig(beta=0.0), seeded())
    loss.backward()
    rows = policy.network.last.weight.grad.reshape(K, D, -1).abs().sum(dim=(0, 2))
    assert rows[1] > 0 and rows[0] == 0 and rows[2] == 0


@pytest.mark.parametrize('head', heads.NAMES)
@pytest.mark.parametrize(('name', 'which'), WEIGHED)
def test_weights_of_one_are_behaviour_cloning_to_the_bit(name, which, head):
    """Failure 14."""
    policy, plain = small(head), objective('bc')
    expected, _ = plain.loss(policy, batch(), None, None, plain.config(), seeded())
    how = objective(name)
    found, _ = how.loss(policy, batch(), None, ones(), settings(name)[which], seeded())
    assert torch.equal(found, expected)


def test_weights_reach_the_dimensions_of_their_group_in_the_order_of_the_action():
    """Failure 14: base 7-9, torso 17-20, arms the rest, as the robot description says."""
    groups = from_body(load_body('r1'))
    values = torch.tensor([[1.0, 2.0, 3.0]])
    spread = GroupWeights(values, torch.tensor(groups.of_dimension.copy())).per_dimension()
    expected = np.full(21, 3.0)
    expected[[7, 8, 9]], expected[[17, 18, 19, 20]] = 1.0, 2.0
    assert spread[0].tolist() == expected.tolist()
    turned = groups.reordered(['arm', 'base', 'torso'])
    spread = GroupWeights(values, torch.tensor(turned.of_dimension.copy())).per_dimension()
    assert spread[0, [0, 7, 17]].tolist() == [1.0, 2.0, 3.0]


def test_the_loss_is_the_sum_over_what_counts_by_its_number():
    """Offline RL sheet 1.7, in plain loops."""
    policy, seen = small('mse'), batch()
    found = weights([0.5] * B, [2.0] * B)
    errors = (policy.sample(seen.observation, seeded()) - seen.actions).square()
    total, count = 0.0, 0
    for b in range(B):
        for k in range(int(seen.valid[b].sum())):
            for d in range(D):
                total += (2.0 if OF_DIMENSION[d] else 0.5) * errors[b, k, d].item()
                count += 1
    loss, _ = hvd.loss(policy, seen, None, found, hvd.HvdConfig(beta=0.0), seeded())
    assert loss.item() == pytest.approx(total / count, rel=1e-5)


def test_beta_scales_the_mean_over_demonstrations():
    policy = small('mse')
    expert = made(torch.randn(5, K, D), torch.randn(5, 2))
    alone = mean_error(policy, expert, seeded()).item()
    rest, _ = hvd.loss(policy, batch(), None, ones(), hvd.HvdConfig(beta=0.0), seeded())
    for beta in (0.5, 1.0, 4.0):
        loss, log = hvd.loss(policy, batch(), expert, ones(), hvd.HvdConfig(beta=beta), seeded())
        assert loss.item() == pytest.approx(rest.item() + beta * alone, rel=1e-5)
        assert log['bc'].item() == pytest.approx(alone, rel=1e-5)


class OneNumber(torch.nn.Module):
    """A network that says the same number whatever it sees."""

    def __init__(self):
        super().__init__()
        self.number = torch.nn.Parameter(torch.zeros(()))

    def forward(self, features, noised, time):
        return self.number.expand(len(features), 1, 1)


class Width(torch.nn.Module):
    def forward(self, observation):
        return observation['state']


def fitted(points, config, u):
    """Return the number that a squared, weighted loss is least at: one Newton step is exact."""
    network = OneNumber()
    policy = ChunkPolicy(Width(), network, Mse(), 1, 1)
    raw = raw_weights(u, torch.ones(1, 1), config)
    found = GroupWeights(raw, torch.zeros(1, dtype=torch.int64))
    loss, _ = hvd.loss(
        policy, made(points[:, None, None]), None, found, hvd.HvdConfig(beta=0.0), seeded()
    )
    (slope,) = torch.autograd.grad(loss, network.number)
    return (-slope / (2 * raw.mean())).item()


def test_a_fit_ends_at_the_weighted_mean_with_the_weight_or_its_square():
    """Failure 15: E[w x] / E[w] for power 1, E[w^2 x] / E[w^2] for power 2."""
    points = torch.tensor([0.0, 1.0, 5.0])
    u = torch.tensor([[-2.0], [0.5], [1.5]])
    w = phi1(u)[:, 0].double()
    for power in (1, 2):
        expected = ((w**power * points).sum() / (w**power).sum()).item()
        assert fitted(points, ValueConfig(weight_power=power), u) == pytest.approx(
            expected, rel=1e-5
        )


@pytest.mark.parametrize('head', heads.NAMES)
@pytest.mark.parametrize(('name', 'config'), EVERY, ids=lambda v: v if v in OBJECTIVES else '')
def test_what_stands_behind_the_end_changes_neither_loss_nor_gradient(name, config, head):
    """Failure 18."""

    def results(junk):
        policy, seen = small(head), batch()
        actions = torch.where(seen.valid[..., None], seen.actions, torch.tensor(junk))
        seen = replace(seen, actions=actions)
        loss, _ = objective(name).loss(policy, seen, seen, ones(), config, seeded())
        loss.backward()
        return [loss.detach(), *(p.grad for p in policy.parameters())]

    for usual, other in zip(results(0.0), results(math.nan), strict=True):
        assert torch.isfinite(other).all() and torch.equal(usual, other)


def test_weights_carry_no_gradient_and_a_chunk_without_steps_is_no_nan():
    found = GroupWeights(torch.ones(B, 2, requires_grad=True), OF_DIMENSION)
    policy = small()
    loss, _ = hvd.loss(policy, batch(), None, found, hvd.HvdConfig(beta=0.0), seeded())
    loss.backward()
    assert found.values.grad is None
    nothing = batch(valid=torch.zeros(B, K, dtype=torch.bool))
    assert mean_error(policy, nothing, seeded()).item() == 0


def test_the_log_tells_mean_largest_and_effective_share_of_each_group():
    log = weight_log(weights([1.0] * B, [4.0] + [0.0] * (B - 1)))
    assert log['weight_mean_0'] == 1 and log['effective_share_0'] == 1
    assert log['weight_max_1'] == 4
    assert log['effective_share_1'].item() == pytest.approx(1 / B)


def test_what_an_objective_lacks_is_said():
    policy, seen = small(), batch()
    for name in ('hvd', 'iql_awr'):
        how = objective(name)
        with pytest.raises(ContractMismatch, match=f"'{name}' weighs every chunk.*train-value"):
            how.loss(policy, seen, None, None, how.config(), seeded())
    with pytest.raises(ContractMismatch, match='no batch of them came.*beta = 0'):
        hvd.loss(policy, seen, None, ones(), hvd.HvdConfig(), seeded())
    wrong = GroupWeights(torch.ones(B, 2), torch.zeros(D + 1, dtype=torch.int64))
    with pytest.raises(ContractMismatch, match='for 12 chunks of 3 dimensions'):
        hvd.loss(policy, seen, None, wrong, hvd.HvdConfig(beta=0.0), seeded())
    with pytest.raises(ConfigError, match="did you mean 'hvd'"):
        objective('hvdd')


def episodes(expert, success, returns):
    return Episodes(np.array(expert), np.array(success), np.array(returns))


def test_every_objective_says_which_episodes_it_learns_from():
    known = episodes([True, False, False], [True, True, False], [0.5, 0.9, -0.2])
    for name, config, expected in (
        ('bc', {}, [True, False, False]),
        ('bc', {'data': 'all'}, [True, True, True]),
        ('filtered_bc', {}, [True, True, False]),
        ('filtered_bc', {'criterion': 'return', 'best_share': 0.34}, [False, True, False]),
        *((other, {}, [True] * 3) for other in ('iql_awr', 'idql', 'qipo', 'hvd', 'deas')),
    ):
        how = objective(name)
        assert how.pool(known, how.config(**config)).tolist() == expected, name


def test_an_empty_set_of_episodes_is_one_clear_message():
    none = episodes([False, False], [False, False], [0.0, 0.0])
    for name, text in (
        ('bc', 'none of 2 episodes is an expert demonstration; choose data = all'),
        ('filtered_bc', 'none of 2 episodes is a success; choose criterion = return'),
        ('hvd', 'none of 2 episodes is an expert demonstration; set beta = 0'),
    ):
        how = objective(name)
        with pytest.raises(ConfigError, match=text):
            how.pool(none, how.config())
    assert objective('hvd').pool(none, hvd.HvdConfig(beta=0.0)).all()


def test_what_objectives_ask_of_the_value_model_exists():
    for how in OBJECTIVES.values():
        ValueConfig().but(**how.value)
