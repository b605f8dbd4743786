# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

import pytest
import torch

from hvd_training.groups import from_lists
from hvd_training.networks.encoders import EncoderSpec, ObservationEncoder
from hvd_training.objectives import qipo
from hvd_training.objectives.registry import OBJECTIVES, objective
from hvd_training.objectives.selection import BestOfN, advantages
from hvd_training.objectives.weighting import GroupWeights
from hvd_training.policies.heads import registry as heads
from hvd_training.policies.small import Shapes, SmallConfig, build
from hvd_training.values.config import ValueConfig
from hvd_training.values.learner import ValueLearner
from hvd_training.values.model import ValueSpec
from test.training.toy import made, seeded

K, D, B = 2, 3, 8
GROUPS = from_lists({'first': [1], 'rest': [0, 2]})


def small(head, seed=0):
    torch.manual_seed(seed)
    return build(SmallConfig(head=head, width=16, depth=1, sampling_steps=2), Shapes(K, D, 2))


def learner():
    encoder = ObservationEncoder(EncoderSpec(state=2, width=16))
    config = ValueConfig(chunk=K, width=16, depth=1)
    return ValueLearner(config, ValueSpec(GROUPS, encoder, 16))


def batches(count, seed=0):
    """Return batches of the data, each with one of demonstrations."""
    source = seeded(seed)
    return [
        tuple(
            made(torch.randn(B, K, D, generator=source), torch.randn(B, 2, generator=source))
            for _ in range(2)
        )
        for _ in range(count)
    ]


def losses(name, head, value, steps, seed=0):
    """Learn for some updates and return every loss; the value is asked at each."""
    how = objective(name)
    config = (
        how.config(draws=4, renew_every=3, imitate_share=0.0) if name == 'qipo' else how.config()
    )
    policy, source, found = small(head, seed), seeded(seed), []
    optimizer = torch.optim.AdamW(policy.parameters(), lr=1e-3)
    of_dimension = torch.tensor(value.groups.of_dimension.copy())
    own = None
    for step, (seen, expert) in enumerate(batches(steps, seed)):
        batch = seen
        weights = GroupWeights(value.weights(batch), of_dimension) if how.weighs(config) else None
        if how.draws_own:
            if qipo.renews_at(step, steps, config):
                own = qipo.renewed(policy, advantages(value.model), seen, config, source)
            batch, weights = own
        loss, _ = how.loss(policy, batch, expert, weights, config, source)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    chosen = how.selection(config)
    if chosen is not None:
        BestOfN(policy, advantages(value.model), chosen).sample(seen.observation, source)
    return found


@pytest.mark.parametrize('head', heads.NAMES)
@pytest.mark.parametrize('name', OBJECTIVES)
def test_a_policy_step_leaves_the_value_bit_identical(name, head):
    """Failure 12: networks, targets, running means, and no gradient left in them."""
    value = learner()
    before = {key: tensor.clone() for key, tensor in value.state_dict().items()}
    losses(name, head, value, steps=2)
    after = value.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert all(p.grad is None for p in value.model.parameters())


@pytest.mark.parametrize('name', ['bc', 'qipo', 'hvd'])  # the rest lose as one of these does
def test_the_same_seed_gives_the_same_hundred_losses_and_another_seed_others(name):
    """Failure 26."""
    value = learner()
    one, two = (losses(name, 'clean_flow', value, 100, seed=1) for _ in range(2))
    assert one == two
    other = losses(name, 'clean_flow', value, 5, seed=2)
    assert not set(one) & set(other)


def test_draws_are_renewed_as_often_as_asked_once_imitation_is_over():
    config = qipo.QipoConfig(renew_every=10, imitate_share=0.25)
    assert [step for step in range(100) if qipo.renews_at(step, 100, config)] == [
        25, 35, 45, 55, 65, 75, 85, 95,
    ]  # fmt: skip


def test_own_draws_are_weighed_by_the_softmax_of_their_value_within_each_observation():
    policy, config = small('flow'), qipo.QipoConfig(beta=2.0, draws=4)
    batch, _ = batches(1)[0]
    own, weights = qipo.renewed(policy, lambda o, a: a[:, 0, 0], batch, config, seeded(4))
    expected = policy.candidates({'state': batch.observation['state'][:2]}, 4, seeded(4))
    assert torch.equal(own.actions, expected.flatten(0, 1)) and own.size == B
    assert torch.equal(own.observation['state'][:4], batch.observation['state'][:1].expand(4, 2))
    soft = torch.softmax(2.0 * expected[:, :, 0, 0], dim=1)
    torch.testing.assert_close(weights.values, 4 * soft.reshape(-1, 1))
    assert own.valid.all() and not own.actions.requires_grad
