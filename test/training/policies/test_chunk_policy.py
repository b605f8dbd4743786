# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

import math

import pytest
import torch

from hvd_ros.core.errors import ConfigError
from hvd_training.policies import registry
from hvd_training.policies.draws import SharedDraws, normal, uniform
from hvd_training.policies.heads import registry as heads
from hvd_training.policies.policy import filled
from hvd_training.policies.small import Shapes, SmallConfig, build
from test.training.toy import made, seeded

K, D = 4, 3


def small(head='clean_flow', seed=0, **shapes):
    torch.manual_seed(seed)
    config = SmallConfig(head=head, width=16, depth=1, sampling_steps=5)
    return build(config, Shapes(**({'horizon': K, 'size': D, 'state': 2} | shapes)))


@pytest.mark.parametrize('head', heads.NAMES)
def test_a_policy_gives_unreduced_errors_and_chunks(head):
    policy = small(head)
    batch = made(torch.randn(6, K, D, generator=seeded()), torch.randn(6, 2))
    errors = policy.errors(batch, seeded())
    assert errors.shape == (6, K, D) and (errors >= 0).all() and errors.requires_grad
    assert torch.equal(policy(batch, seeded()), errors), 'forward is what wrappers call'
    chunk = policy.sample(batch.observation, seeded())
    assert chunk.shape == (6, K, D) and not chunk.requires_grad
    many = policy.candidates(batch.observation, 7, seeded())
    assert many.shape == (6, 7, K, D)
    assert (many.std(dim=1) > 0).all(), 'candidates differ'


@pytest.mark.parametrize('head', heads.NAMES)
def test_the_same_seed_gives_the_same_numbers_and_the_global_generator_is_left_alone(head):
    policy, batch = small(head), made(torch.randn(6, K, D), torch.randn(6, 2))
    before = torch.get_rng_state()
    one = policy.errors(batch, seeded(3)), policy.candidates(batch.observation, 2, seeded(3))
    two = policy.errors(batch, seeded(3)), policy.candidates(batch.observation, 2, seeded(3))
    other = policy.errors(batch, seeded(4)), policy.candidates(batch.observation, 2, seeded(4))
    assert torch.equal(torch.get_rng_state(), before)
    for a, b, c in zip(one, two, other, strict=True):
        assert torch.equal(a, b)
        assert torch.equal(a, c) == (head == 'mse' and a is one[0])


@pytest.mark.parametrize('head', heads.NAMES)
def test_what_stands_behind_the_end_or_in_unused_dimensions_changes_nothing(head):
    """Failure 18: not the loss, not its gradient, even where it is not a number."""
    policy = small(head, unused=(1,))
    actions = torch.randn(6, K, D, generator=seeded())
    valid = torch.arange(K) < torch.tensor([4, 1, 2, 3, 4, 0])[:, None]

    def gradients(junk):
        changed = actions.clone()
        changed[~valid] = junk
        changed[..., 1] = junk
        batch = made(changed, torch.ones(6, 2), valid=valid)
        errors = policy.errors(batch, seeded(1))
        policy.zero_grad()
        errors[valid[..., None] & policy.used].sum().backward()
        return [errors[valid[..., None] & policy.used], *[p.grad for p in policy.parameters()]]

    zero, worst = gradients(0.0), gradients(math.nan)
    for a, b in zip(zero[1:], worst[1:], strict=True):
        assert torch.isfinite(b).all() and torch.equal(a, b)
    assert torch.equal(zero[0], worst[0])


def test_steps_behind_the_end_are_filled_with_the_last_real_one():
    actions = torch.arange(12.0).reshape(3, 4, 1)
    valid = torch.arange(4) < torch.tensor([2, 4, 0])[:, None]
    steps = filled(actions, valid, torch.tensor([True]))[..., 0]
    assert steps.tolist() == [[0, 1, 1, 1], [4, 5, 6, 7], [0, 0, 0, 0]]


def test_unused_dimensions_are_answered_with_zero():
    policy = small('ddpm', unused=(0, 2))
    chunk = policy.candidates({'state': torch.ones(5, 2)}, 3, seeded())
    assert not chunk[..., [0, 2]].any() and chunk[..., 1].all()


def test_one_process_with_a_whole_batch_draws_what_two_with_halves_draw():
    for draw in (normal, uniform):
        whole = draw(seeded(), (6, 2, 3), torch.device('cpu'))
        parts = [
            draw(SharedDraws(seeded(), rank, 2), (3, 2, 3), torch.device('cpu'))
            for rank in range(2)
        ]
        assert torch.equal(torch.cat(parts), whole)


def test_candidates_are_drawn_for_their_own_observation():
    policy, state = small('mse'), torch.randn(4, 2)
    mean = policy.sample({'state': state}, seeded())
    many = policy.candidates({'state': state}, 500, seeded())
    torch.testing.assert_close(many.mean(dim=1), mean, atol=0.03, rtol=0)
    torch.testing.assert_close(many.std(dim=1), torch.full((4, K, D), 0.1), atol=0.02, rtol=0)


def test_misspelt_heads_and_policies_are_answered_with_the_closest():
    with pytest.raises(ConfigError, match="did you mean 'clean_flow'"):
        SmallConfig(head='clean_flw')
    with pytest.raises(ConfigError, match="did you mean 'ddpm'"):
        heads.make('dppm', 10, 0.1)
    with pytest.raises(ConfigError, match="did you mean 'small'"):
        registry.entry('smal')
    with pytest.raises(ConfigError, match='101 sampling steps of 100 times'):
        build(SmallConfig(head='ddpm', sampling_steps=101), Shapes(4, 2, 2))


@pytest.mark.parametrize('head', heads.NAMES)
def test_every_parameter_learns_so_that_processes_can_share_gradients(head):
    policy = small(head, sim_state=2, prompts=3, cloud=True)
    seen = {
        'state': torch.randn(6, 2),
        'sim_state': torch.randn(6, 2),
        'prompt': torch.zeros(6, dtype=torch.int64),
        'cloud': torch.rand(6, 20, 6),
    }
    batch = made(torch.randn(6, K, D), observation=seen)
    policy.errors(batch, seeded()).mean().backward()
    assert [name for name, p in policy.named_parameters() if p.grad is None] == []
