# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import pytest
import torch

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.groups import from_lists
from hvd_training.networks.encoders import EncoderSpec, ObservationEncoder
from hvd_training.objectives import qipo
from hvd_training.objectives.registry import OBJECTIVES, objective
from hvd_training.objectives.selection import BestOfN, advantages
from hvd_training.objectives.weighting import GroupWeights
from hvd_training.policies import registry
from hvd_training.train.averaged import Averaged
from hvd_training.values.config import ValueConfig
from hvd_training.values.learner import ValueLearner
from hvd_training.values.model import ValueSpec
from test.training.policies.made_pi0 import SHAPES, D, K, S, batch, config, policy
from test.training.toy import seeded

GROUPS = from_lists({'first': [1], 'rest': [0]})
VARIANTS = ('pi0', 'pi05')


def asked(found, observation, seed=3):
    return found.sample(observation, seeded(seed))


def learnt(found):
    return [p for p in found.parameters() if p.requires_grad]


def test_it_is_a_policy_like_the_others():
    entry = registry.entry('pi0')
    assert entry.config().size == 'published' and entry.begin is not None


@pytest.mark.parametrize('variant', VARIANTS)
def test_it_gives_unreduced_errors_of_real_dimensions_and_chunks(variant):
    found, seen = policy(variant=variant), batch(3)
    errors = found.errors(seen, seeded())
    assert errors.shape == (3, K, D) and (errors >= 0).all() and errors.requires_grad
    assert torch.equal(found(seen, seeded()), errors), 'forward is what wrappers call'
    assert asked(found, seen.observation).shape == (3, K, D)
    many = found.candidates(seen.observation, 5, seeded())
    assert many.shape == (3, 5, K, D) and (many.std(dim=1) > 0).all()


def test_it_learns_chunks_by_heart():
    """
    Drawn from noise that it never saw, held chunks come back to within 1e-2.

    Only the expert learns here, which is what makes it a matter of seconds.
    """
    found, seen, source, steps, draws = policy(action_width=D), batch(2), seeded(1), 600, 32
    with torch.no_grad():
        context = found.encode(seen.observation).repeat_interleave(draws)
    actions = seen.actions.repeat_interleave(draws, dim=0)
    optimizer = torch.optim.Adam(found.network.parameters(), betas=(0.9, 0.95), fused=True)
    slow = Averaged(found.network, 0.99)
    for step in range(steps):
        optimizer.param_groups[0]['lr'] = 1.5e-2 * (1 - step / steps) ** 2
        found.missed(context, actions, source).mean().backward()
        optimizer.step()
        optimizer.zero_grad()
        slow.update(step)
    with slow.acting():
        chunks = found.candidates(seen.observation, 8, seeded(5))
    assert (chunks - seen.actions[:, None]).square().mean().sqrt() < 1e-2


@pytest.mark.parametrize('name', OBJECTIVES)
def test_two_updates_by_every_objective(name):
    how, value = objective(name), _value()
    settings = {'draws': 4, 'renew_every': 1, 'imitate_share': 0.0} if name == 'qipo' else {}
    made_of = how.config(**settings)
    found, source = policy(learn='lora'), seeded()
    before = {key: one.clone() for key, one in found.state_dict().items()}
    optimizer = torch.optim.AdamW(learnt(found), lr=1e-3)
    for step in range(2):
        seen, expert = batch(4, seed=step), batch(4, seed=step + 9)
        of = torch.tensor(GROUPS.of_dimension.copy())
        weights = GroupWeights(value.weights(seen), of) if how.weighs(made_of) else None
        if how.draws_own:
            seen, weights = qipo.renewed(found, advantages(value.model), seen, made_of, source)
        loss, _ = how.loss(found, seen, expert, weights, made_of, source)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        assert torch.isfinite(loss)
    chosen = how.selection(made_of)
    if chosen is not None:
        best = BestOfN(found, advantages(value.model), chosen)
        assert best.sample(seen.observation, source).shape == seen.actions.shape
    changed = {key for key, one in found.state_dict().items() if not torch.equal(one, before[key])}
    frozen = {key for key, p in found.named_parameters() if not p.requires_grad}
    assert changed and not changed & frozen
    assert any(key.endswith('lora_a') for key in changed)
    assert any('vision' in key for key in changed) and any('state_proj' in key for key in changed)


def _value():
    encoder = ObservationEncoder(EncoderSpec(state=S, width=8))
    return ValueLearner(ValueConfig(chunk=K, width=8, depth=1), ValueSpec(GROUPS, encoder, 8))


@pytest.mark.parametrize('variant', VARIANTS)
@pytest.mark.parametrize('precision', [torch.float32, torch.bfloat16])
def test_what_is_kept_in_16_bits_serves_both_precisions(variant, precision):
    frozen = policy(variant=variant, learn='lora', learn_vision=False)
    seen = batch(2)
    with torch.autocast('cpu', dtype=torch.bfloat16, enabled=precision != torch.float32):
        errors = frozen.errors(seen, seeded(2))
        errors.mean().backward()
    assert errors.dtype == torch.float32 and torch.isfinite(errors).all()
    got = {name for name, p in frozen.named_parameters() if p.grad is not None}
    assert got == {name for name, p in frozen.named_parameters() if p.requires_grad}
    assert not any('vision' in name for name in got) and any('lora_b' in name for name in got)
    assert asked(frozen, seen.observation).dtype == torch.float32


@pytest.mark.parametrize('variant', VARIANTS)
def test_every_part_of_the_observation_is_looked_at(variant):
    found, seen = policy(variant=variant), batch(2).observation
    usual = asked(found, seen)
    for key, other in (
        ('rgb.head', 255 - seen['rgb.head']), ('rgb.left_wrist', 255 - seen['rgb.left_wrist']),
        ('state', seen['state'].flip(0)), ('prompt', 1 - seen['prompt']),
    ):  # fmt: skip
        assert not torch.equal(asked(found, seen | {key: other}), usual), key


def test_a_camera_that_is_absent_for_a_row_is_not_looked_at():
    found, seen = policy(), batch(2).observation
    absent = seen | {'rgb.head.present': torch.tensor([True, False])}
    junk = absent | {'rgb.head': absent['rgb.head'].clone()}
    junk['rgb.head'][1] = 255 - junk['rgb.head'][1]
    usual, chunk = asked(found, seen), asked(found, absent)
    assert torch.equal(chunk, asked(found, junk))
    torch.testing.assert_close(chunk[0], usual[0])
    assert not torch.allclose(chunk[1], usual[1])


def test_a_missing_camera_and_a_state_of_another_size_are_named():
    found, seen = policy(), batch(2).observation
    without = {key: one for key, one in seen.items() if key != 'rgb.head'}
    with pytest.raises(ContractMismatch, match=r"built for 'rgb.head'.*rgb.left_wrist"):
        asked(found, without)
    with pytest.raises(ContractMismatch, match=r'state of \(4,\), pi0 was built for \(3,\)'):
        asked(found, seen | {'state': torch.zeros(2, 4)})


def test_pictures_of_any_size_are_fitted_and_what_is_no_picture_is_refused():
    found = policy()
    asked(found, batch(2, sizes={'head': (9, 100), 'left_wrist': (50, 3)}).observation)
    seen = batch(2).observation
    for wrong in (seen['rgb.head'].float(), seen['rgb.head'][:, None], seen['rgb.head'][..., :1]):
        with pytest.raises(ContractMismatch, match='uint8'):
            asked(found, seen | {'rgb.head': wrong})


def test_longer_padding_of_the_prompt_changes_nothing():
    seen = batch(2).observation
    short, long = policy(), policy(prompt_tokens=40)
    torch.testing.assert_close(asked(short, seen), asked(long, seen))


def test_what_stands_behind_the_end_of_a_recording_changes_nothing():
    found, seen = policy(), batch(2)
    valid = torch.tensor([[True, False], [True, True]])
    junk = seen.actions.clone()
    junk[0, 1] = torch.nan
    errors = [
        found.errors(replace(seen, actions=actions, valid=valid), seeded())[valid]
        for actions in (seen.actions, junk)
    ]
    assert torch.equal(*errors)


def test_dimensions_that_the_data_has_not_stay_at_zero():
    found = policy(replace(SHAPES, unused=(1,)))
    chunk = asked(found, batch(2).observation)
    assert (chunk[..., 1] == 0).all() and (chunk[..., 0] != 0).all()


@pytest.mark.parametrize(
    ('shapes', 'message'),
    [
        ({'cameras': {}}, "needs 'rgb.CAMERA'"),
        ({'prompts': 0, 'texts': ()}, "needs 'prompt'"),
        ({'state': 0}, "needs 'state'"),
        ({'sim_state': 3}, 'without sim_state'),
        ({'history': 2}, '--data.history 1'),
        ({'state': 51}, '--policy.state_width 51'),
        ({'size': 21}, '--policy.action_width 21'),
    ],
)
def test_what_pi0_can_not_look_at_is_refused_before_it_is_built(shapes, message):
    with pytest.raises(ConfigError, match=message):
        policy(replace(SHAPES, **shapes))


def test_a_policy_that_was_saved_needs_no_tokenizer():
    """Its prompts lie with its weights."""
    told = policy()
    again = registry.entry('pi0').build(config(tokenizer=''), SHAPES)
    again.load_state_dict(told.state_dict())
    seen = batch(2).observation
    assert torch.equal(asked(again, seen), asked(told, seen))
