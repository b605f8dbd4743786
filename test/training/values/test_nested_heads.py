# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A head sees its prefix and nothing more, and ends where its optimum is."""

from itertools import permutations, product

import numpy as np
import pytest
import torch

from hvd_training.groups import from_lists
from hvd_training.values.config import ValueConfig
from hvd_training.values.heads import ChunkHeads, ManyBlock, ManyLinear
from hvd_training.values.value_losses import v_loss
from hvd_training.values.weights import phi1
from test.training.values.made_values import (
    BODY,
    equal_rates,
    made,
    network,
    noise,
    small,
    table_learner,
)

ORDERS = [','.join(order) for order in permutations(BODY.names)]


@pytest.mark.parametrize('order', ORDERS)
@pytest.mark.parametrize('decomposition', ['nested', 'residual'])
@pytest.mark.parametrize('partition', ['body', 'random'])
def test_later_groups_never_change_earlier_heads(order, decomposition, partition):
    learner = network(small(order=order, decomposition=decomposition, partition=partition))
    batch = noise()
    whole = torch.ones_like(batch.valid)
    before = learner.model.q(batch.observation, batch.actions, whole)
    for level, own in enumerate(learner.groups.indices):
        other = batch.actions.clone()
        other[..., list(own)] = torch.randn_like(other[..., list(own)])
        after = learner.model.q(batch.observation, other, whole)
        assert torch.equal(after[..., :level], before[..., :level])
        assert (after[..., level:] != before[..., level:]).any(dim=1).all()


def test_the_order_is_the_one_asked_for():
    learner = network(small(order='arm, torso, base'))
    assert learner.groups.names == ('arm', 'torso', 'base')
    assert learner.groups.of_dimension.tolist() == [1, 2, 0, 1, 0, 0]


def test_padded_actions_change_nothing_but_how_many_are_real_does():
    learner, batch = network(small()), noise()
    q = learner.model.q(batch.observation, batch.actions, batch.valid)
    dirty = torch.where(batch.valid[..., None], batch.actions, torch.nan)
    assert torch.equal(learner.model.q(batch.observation, dirty, batch.valid), q)
    # Standing still for two steps is not the same as two steps that were never recorded.
    still, shorter = torch.zeros_like(batch.actions), batch.valid.clone()
    shorter[:, -1] = ~shorter[:, -1]
    other = learner.model.q(batch.observation, still, shorter)
    assert not torch.equal(other, learner.model.q(batch.observation, still, batch.valid))


@pytest.mark.parametrize('sg', [True, False])
def test_residual_heads_add_up_and_stop_the_gradient_if_asked(sg):
    learner, batch = network(small(decomposition='residual', residual_sg=sg)), noise()
    critic: ChunkHeads = learner.model.critic
    parts = critic(torch.ones(32, 8), batch.actions, batch.valid)
    critic.decomposition = 'nested'
    raw = critic(torch.ones(32, 8), batch.actions, batch.valid)
    assert torch.allclose(parts, raw.cumsum(dim=2), atol=1e-6)
    critic.decomposition = 'residual'
    steps = torch.randn(2, 8, 3, 1, requires_grad=True)
    q = critic._summed(steps)
    assert torch.allclose(q, steps.cumsum(dim=2))
    (grad,) = torch.autograd.grad(q[:, :, 2].sum(), steps)
    assert grad[0, 0, :, 0].tolist() == ([0, 0, 1] if sg else [1, 1, 1])
    (grad,) = torch.autograd.grad(critic._summed(steps)[:, :, 0].sum(), steps)
    assert grad[0, 0, :, 0].tolist() == [1, 0, 0]
    assert learner.model.q(batch.observation, batch.actions, batch.valid).shape == (2, 32, 3)


def test_without_hierarchy_there_is_one_head_and_one_weight_for_all():
    learner, batch = network(small(decomposition='shared')), noise()
    assert learner.model.q(batch.observation, batch.actions, batch.valid).shape == (2, 32, 1)
    weights = learner.weights(batch)
    assert weights.shape == (32, 3)
    assert torch.equal(weights, weights[:, :1].expand(-1, 3))


def test_networks_side_by_side_are_those_of_torch():
    """Copy the weights of each into torch's own layers."""
    many, block, x = ManyLinear(3, 5, 4), ManyBlock(3, 4), torch.randn(7, 5)
    torch.nn.init.normal_(many.bias)
    torch.nn.init.normal_(block.norm.scale)
    out = block(many(x))
    for i in range(3):
        h = x @ many.weight[i] + many.bias[i, 0]
        norm = torch.nn.functional.layer_norm(
            h, (4,), block.norm.scale[i, 0], block.norm.shift[i, 0]
        )
        wide = torch.nn.functional.gelu(norm @ block.wide.weight[i], approximate='tanh')
        assert torch.allclose(out[i], h + wide @ block.narrow.weight[i], atol=1e-6)


def test_the_two_networks_differ():
    learner, batch = network(small()), noise()
    q = learner.model.q(batch.observation, batch.actions, batch.valid)
    assert (q[0] - q[1]).abs().min() > 0


def corners():
    """Return all 2x2x2 actions once, each ending the episode with its own reward."""
    actions = torch.tensor(list(product([0.0, 1.0], repeat=3)), dtype=torch.float64)
    rewards = torch.arange(8, dtype=torch.float64)[:, None] * 0.25
    return made(
        state=torch.ones(8, 1, dtype=torch.float64),
        actions=actions[:, None],
        rewards=rewards,
        terminated=torch.ones(8, 1, dtype=torch.bool),
    )


def trained(config, steps=60):
    groups = from_lists({'base': [0], 'torso': [1], 'arm': [2]})
    learner, batch = table_learner(config, groups, states=1, levels=2), corners()
    equal_rates(learner, batch)
    for _ in range(steps):
        learner.step(batch, report=False)
    return learner, batch


EXACT = {'chunk': 1, 'adv_scale': 'none', 'tau_polyak': 1.0, 'weight_norm': 'none'}


@pytest.mark.parametrize('decomposition', ['nested', 'residual'])
@pytest.mark.parametrize('v_loss', ['idql_exp', 'hvd_eq6'])
def test_golden_values_of_the_two_by_two_by_two_fixture(decomposition, v_loss):
    config = ValueConfig(decomposition=decomposition, v_loss=v_loss, **EXACT)
    learner, batch = trained(config)
    q, v = learner.advantages(batch)
    assert q[:, 0].tolist() == pytest.approx([0.375] * 4 + [1.375] * 4, abs=1e-6)
    assert q[:, 1].tolist() == pytest.approx(np.repeat([0.125, 0.625, 1.125, 1.625], 2), abs=1e-6)
    assert q[:, 2].tolist() == pytest.approx(np.arange(8) * 0.25, abs=1e-6)
    assert v[0].item() == pytest.approx(1.018471, abs=2e-6)
    golden = [0.969471, 0.979564, 0.982129]
    assert learner.weights(batch).mean(0).tolist() == pytest.approx(golden, abs=2e-6)


def test_golden_values_with_one_v_a_head():
    learner, batch = trained(ValueConfig(v_sharing='per_head', **EXACT))
    _, v = learner.advantages(batch)
    assert v[0].tolist() == pytest.approx([0.995115, 1.026044, 1.033837], abs=2e-6)


def test_v_of_the_whole_chunk_only_is_that_of_its_own_head():
    learner, batch = trained(ValueConfig(v_sharing='full', **EXACT))
    _, v = learner.advantages(batch)
    assert v[0].tolist() == pytest.approx([1.033837], abs=2e-6)


def test_without_hierarchy_the_value_is_that_of_the_whole_head():
    """Which is why its curve looks like that of the arm."""
    nested, batch = trained(ValueConfig(v_sharing='full', **EXACT))
    shared, _ = trained(ValueConfig(decomposition='shared', **EXACT))
    assert torch.allclose(shared.advantages(batch)[0][:, 0], nested.advantages(batch)[0][:, 2])
    assert torch.allclose(shared.weights(batch)[:, 2], nested.weights(batch)[:, 2], atol=1e-6)


def test_increments_have_no_mean_under_the_data():
    learner, batch = trained(ValueConfig(**EXACT))
    q, _ = learner.advantages(batch)
    arm, torso = q[:, 2] - q[:, 1], q[:, 1] - q[:, 0]
    assert arm.reshape(4, 2).mean(1).abs().max() < 1e-6
    assert torso.reshape(2, 4).mean(1).abs().max() < 1e-6


def exact_heads(q):
    """Return Q of each prefix, on the grid of all actions, at the optimum of the squares."""
    axes = range(q.ndim)
    return [q.mean(axis=tuple(axes[i + 1 :]), keepdims=True) * np.ones_like(q) for i in axes]


@pytest.mark.parametrize('shared', [True, False])
def test_mean_weights_are_ordered_whatever_the_groups_are(shared):
    """With one V the last head leads, in 300 of 300 random tables."""
    rng = np.random.default_rng(0)
    ordered = 0
    for _ in range(300):
        heads = exact_heads(rng.normal(size=rng.integers(2, 5, 3)) * 0.5)
        means = [np.log(np.exp(h).mean()) for h in heads]
        common = np.log(np.mean([np.exp(h).mean() for h in heads]))
        weights = [
            float(phi1(torch.from_numpy(h - (common if shared else own))).mean())
            for h, own in zip(heads, means, strict=True)
        ]
        ordered += weights == sorted(weights, reverse=not shared)
    assert ordered == 300 if shared else ordered > 290


def test_the_shared_v_is_where_its_loss_is_smallest():
    """The closed form of the test above is what the loss learns: log of the mean over heads."""
    heads = torch.from_numpy(
        np.stack(exact_heads(np.random.default_rng(3).normal(size=(2, 3, 4))))
    )
    v = heads.exp().mean().log().requires_grad_()
    loss = v_loss(heads - v, torch.ones(()).double(), ValueConfig(z_max=20)).sum()
    (slope,) = torch.autograd.grad(loss, v)
    assert abs(slope.item()) < 1e-10
