# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One step does what it says and nothing else."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import torch

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.values.learner import ValueLearner
from hvd_training.values.model import ValueModel, ValueSpec
from test.training.values.made_values import BODY, Seen, network, noise, small

VARIANTS = [
    {},
    {'decomposition': 'shared'},
    {'decomposition': 'residual'},
    {'decomposition': 'residual', 'residual_sg': False},
    {'v_sharing': 'per_head', 'v_loss': 'expectile'},
    {'v_sharing': 'full', 'v_loss': 'hvd_eq6', 'weight_fn': 'eq7'},
    {'v_loss': 'quantile', 'weight_fn': 'quantile'},
    {'critic': 'hl_gauss'},
    {'critic': 'hl_gauss', 'v_categorical': True, 'q_agg': 'mean'},
    {'shared_encoder': True, 'target_v': True},
    {'n_q': 1, 'order': 'arm,base,torso', 'partition': 'random', 'v_loss': 'mse'},
    {'weight_source': 'increments', 'weight_fn': 'binary'},
]
IDS = [','.join(map(str, v.values())) or 'default' for v in VARIANTS]


@pytest.mark.parametrize('more', VARIANTS, ids=IDS)
def test_every_variant_learns_reports_weighs_and_resumes_bit_for_bit(more):
    config, batches = small(**more), [noise(seed=s) for s in range(4)]
    whole, first = network(config), network(config)
    for batch in batches[:2]:
        whole.step(batch)
        log = first.step(batch)
    assert all(value.isfinite() for value in log.values())
    second = network(config.but(seed=99))
    second.load_state_dict({name: value.clone() for name, value in first.state_dict().items()})
    for batch in batches[2:]:
        one, other = whole.step(batch), second.step(batch)
        assert all(torch.equal(one[name], other[name]) for name in one)
    ends = whole.state_dict(), second.state_dict()
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
    weights = whole.weights(batches[0])
    assert weights.shape == (32, 3)
    assert weights.isfinite().all()
    assert not weights.requires_grad
    assert torch.equal(weights, second.weights(batches[0]))


def test_the_same_seed_gives_the_same_losses_and_another_gives_others():
    def losses(seed):
        learner = network(small(seed=seed))
        return [float(learner.step(noise(seed=s))['loss_q']) for s in range(20)]

    assert losses(1) == losses(1)
    assert losses(1) != losses(2)


def test_making_a_learner_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    ValueLearner(small(), ValueSpec(BODY, Seen(5), 5))
    assert torch.equal(torch.rand(3), expected)


def gradients(learner, which):
    """Return the gradient norms after one of the two losses alone: critic, V, targets."""
    learner.optimizer.zero_grad()
    losses, batch, model = learner.losses, noise(), learner.model
    seen = model.encoder(batch.observation)
    q_said = model.q_said(seen, batch.actions, batch.valid)
    v_said = model.v_said(batch.observation, seen)
    if which == 'q':
        loss = losses._q_losses(q_said, losses.targets(batch)).mean()
    else:
        bar_said, q_bar = losses.q_bar(batch)
        v = model.number(v_said)
        loss = losses._v_losses(v_said, v, bar_said, q_bar, losses.scale()).mean()
    loss.backward()
    return {
        'critic': norm(model.critic),
        'encoder': norm(model.encoder),
        'v': norm(model.v_net) + (norm(model.v_encoder) if model.v_encoder else 0),
        'target': norm(losses.target),
    }


def norm(module):
    return sum(float(p.grad.norm()) for p in module.parameters() if p.grad is not None)


@pytest.mark.parametrize('more', [{}, {'critic': 'hl_gauss', 'v_categorical': True}])
def test_the_loss_of_v_does_not_reach_q_and_that_of_q_does_not_reach_v(more):
    learner = network(small(**more))
    of_v, of_q = gradients(learner, 'v'), gradients(learner, 'q')
    assert of_v['v'] > 0
    assert (of_v['critic'], of_v['encoder'], of_v['target']) == (0, 0, 0)
    assert of_q['critic'] > 0
    assert of_q['encoder'] > 0
    assert (of_q['v'], of_q['target']) == (0, 0)


def test_a_common_encoder_learns_from_both_but_heads_do_not_mix():
    learner = network(small(shared_encoder=True))
    of_v, of_q = gradients(learner, 'v'), gradients(learner, 'q')
    assert of_v['encoder'] > 0
    assert of_q['encoder'] > 0
    assert of_v['critic'] == 0
    assert of_q['v'] == 0


def test_the_whole_loss_gives_the_sum_of_both_gradients():
    learner, batch = network(small()), noise()
    loss, _ = learner.losses(batch)
    loss.backward()
    whole = norm(learner.model.critic), norm(learner.model.v_net)
    of_q, of_v = gradients(learner, 'q'), gradients(learner, 'v')
    assert whole[0] == pytest.approx(of_q['critic'], rel=1e-5)
    assert whole[1] + norm(learner.model.v_encoder) == pytest.approx(of_v['v'], rel=1e-5)


def test_targets_follow_by_exactly_their_share_and_by_nothing_else():
    learner = network(small(tau_polyak=0.005, target_v=True))
    learner.step(noise())
    old = {n: p.clone() for n, p in learner.losses.target.named_parameters()}
    learner.step(noise(seed=1))
    new = dict(learner.model.named_parameters())
    for name, now in learner.losses.target.named_parameters():
        assert torch.allclose(now, 0.995 * old[name] + 0.005 * new[name], atol=2e-7)
    moved = [n for n, p in learner.losses.target.named_parameters() if not torch.equal(p, old[n])]
    assert len(moved) == len(old)


def test_targets_are_never_trained_and_never_in_training_mode():
    learner = network(small())
    trained = {id(p) for group in learner.optimizer.param_groups for p in group['params']}
    assert not trained & {id(p) for p in learner.losses.target.parameters()}
    assert not any(p.requires_grad for p in learner.losses.target.parameters())
    learner.losses.train()
    assert learner.model.training
    assert not learner.losses.target.training
    learner.weights(noise())
    assert learner.model.training


def test_weights_are_of_an_evaluated_network():
    spec = ValueSpec(BODY, torch.nn.Sequential(Seen(5, 8), torch.nn.Dropout(0.5)), 8)
    learner = ValueLearner(small(), spec)
    assert torch.equal(learner.weights(noise()), learner.weights(noise()))


@pytest.mark.parametrize('v_loss', ['idql_exp', 'hvd_eq6', 'expectile'])
def test_losses_under_bf16_are_those_of_float32(v_loss):
    batch = noise(256)
    low, full = (
        network(small(v_loss=v_loss), precision=p) for p in (torch.bfloat16, torch.float32)
    )
    with low._autocast():
        _, measured = low.losses(batch)
    _, exact = full.losses(batch)
    assert measured.u.dtype is torch.float32
    assert float(measured.loss_v) == pytest.approx(float(exact.loss_v), rel=2e-2)
    assert float(measured.loss_q) == pytest.approx(float(exact.loss_q), rel=1e-2)
    assert torch.allclose(low.weights(batch), full.weights(batch), rtol=2e-2)
    assert low.step(batch)['loss_q'].isfinite()


def test_padded_steps_change_nothing_at_all():
    batch = noise()
    dirty = batch.map(lambda t: t)
    for tensor in (dirty.actions, dirty.rewards):
        spread = batch.valid if tensor.ndim == 2 else batch.valid[..., None]
        tensor.copy_(torch.where(spread, tensor, torch.nan))
    a, b = network(small()), network(small())
    one, other = a.step(noise()), b.step(dirty)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_several_batches_as_one_are_the_one():
    whole, parts = network(small()), network(small())
    batch = noise(64)
    for _ in range(3):
        whole.step(batch)
        parts.step(*(batch.select(torch.arange(k, 64, 4)) for k in range(4)))
    for one, other in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    assert torch.allclose(whole.losses.means, parts.losses.means)


@pytest.mark.parametrize('more', [{}, {'value_data': 'optimal', 'tail': 'drop'}])
def test_two_processes_measure_what_one_does(more):
    """Each has half of the batch; means over both are what one alone would see."""
    config, batch, meeting = small(**more), noise(64), Barrier(2)
    alone = network(config)
    loss, whole = alone.losses(batch)
    loss.backward()
    both: dict[int, torch.Tensor] = {}
    learners = [network(config), network(config)]

    def half(rank):
        def mean(value):
            both[rank] = value
            meeting.wait(60)
            found = (both[0] + both[1]) / 2
            meeting.wait(60)
            return found

        learner = learners[rank]
        learner.losses.reduce = mean
        loss, measured = learner.losses(batch.select(torch.arange(rank, 64, 2)))
        loss.backward()
        return measured, [p.grad for p in learner.model.parameters()]

    with ThreadPoolExecutor(2) as pool:
        (m0, g0), (m1, g1) = pool.map(half, (0, 1))
    assert torch.allclose(m0.moments, whole.moments)
    assert torch.equal(m0.moments, m1.moments)
    for one, other, p in zip(g0, g1, alone.model.parameters(), strict=True):
        assert torch.allclose((one + other) / 2, p.grad, atol=1e-6)


def test_optimal_data_means_experts_only():
    learner, batch = network(small(value_data='optimal')), noise()
    assert torch.equal(learner.losses.used(batch), batch.expert)
    other = batch.map(lambda t: t)
    other.rewards[~batch.expert] += 100
    a, b = network(small(value_data='optimal')), network(small(value_data='optimal'))
    assert float(a.step(batch)['loss_q']) == float(b.step(other)['loss_q'])
    every = network(small()).step(other)['loss_q']
    assert float(every) > float(a.step(batch)['loss_q']) + 10


def test_recorded_returns_are_mixed_in_where_they_are_known():
    batch = noise()
    recorded = torch.full((32,), 5.0)
    recorded[3] = torch.nan
    plain = network(small()).losses.targets(batch)
    mixed = network(small(mc_share=0.3), monte_carlo=recorded).losses.targets(batch)
    assert torch.allclose(mixed, torch.where(torch.arange(32) == 3, plain, 0.7 * plain + 1.5))


def test_one_target_for_all_heads_bootstraps_from_v_of_the_whole_action():
    learner, batch = network(small(v_sharing='per_head')), noise()
    y = learner.losses.targets(batch)
    with torch.no_grad():
        learner.model.v_net.last.bias[:2] += 10
    assert torch.equal(learner.losses.targets(batch), y)
    with torch.no_grad():
        learner.model.v_net.last.bias[2] += 10
    assert not torch.equal(learner.losses.targets(batch), y)


def test_a_spike_of_v_does_not_shrink_the_step_of_q():
    a, b = network(small(grad_clip=1e-3)), network(small(grad_clip=1e-3))
    with torch.no_grad():
        b.model.v_net.last.bias -= 100
    for learner in (a, b):
        learner.optimizer = torch.optim.SGD(learner.model.parameters(), lr=1.0)
    start = [p.clone() for p in a.model.critic.parameters()]
    a.losses.targets = b.losses.targets = lambda batch: torch.ones(32)
    log = b.step(noise())
    a.step(noise())
    assert float(log['grad_norm_v']) > 1
    for one, other in zip(a.model.critic.parameters(), b.model.critic.parameters(), strict=True):
        assert torch.equal(one, other)
    step = sum(
        ((p - s) ** 2).sum() for p, s in zip(a.model.critic.parameters(), start, strict=True)
    )
    assert step.item() ** 0.5 <= 1.001e-3


def test_the_scale_is_the_spread_of_the_advantages_of_earlier_batches():
    learner = network(small(ema_decay=0.5))
    assert float(learner.losses.scale()) == 1
    u = []
    for seed in range(3):
        _, measured = learner.losses(noise(seed=seed))
        u.append(measured.u)
        learner.losses.commit(measured.moments)
    # 4/7, 2/7, 1/7: exponential and unbiased.
    share = [1 / 7, 2 / 7, 4 / 7]
    mean = sum(s * x.mean() for s, x in zip(share, u, strict=True))
    square = sum(s * x.square().mean() for s, x in zip(share, u, strict=True))
    assert float(learner.losses.scale()) == pytest.approx(
        float((square - mean**2).sqrt()), rel=1e-4
    )
    assert float(network(small(adv_scale='none')).losses.scale()) == 1


def test_calibration_makes_the_mean_weight_one():
    learner = network(small(weight_max=0.0))
    batches = [noise(seed=s) for s in range(5)]
    for batch in batches:
        learner.step(batch)
    learner.calibrate(batches)
    weights = torch.cat([learner.weights(batch) for batch in batches])
    assert weights.mean(0).tolist() == pytest.approx([1, 1, 1], rel=1e-5)
    learner.step(batches[0])  # and learning may go on


def test_the_loss_compiles_without_a_break():
    learner, batch = network(small()), noise()
    loss, _ = learner.losses(batch)
    learner.forward = torch.compile(learner.losses, backend='eager', fullgraph=True)
    compiled, _ = learner.forward(batch)
    assert loss.item() == compiled.item()
    assert learner.step(batch)['loss_q'].isfinite()


def test_a_report_is_only_made_when_asked_for_and_changes_nothing():
    a, b = network(small()), network(small())
    assert a.step(noise(), report=False) == {}
    b.step(noise())
    assert all(torch.equal(x, b.state_dict()[n]) for n, x in a.state_dict().items())


def test_the_encoder_that_was_given_stays_as_it_is():
    encoder = Seen(5, 8)
    before = encoder.layer.weight.clone()
    learner = ValueLearner(small(learning_rate=0.1), ValueSpec(BODY, encoder, 8))
    learner.step(noise())
    assert torch.equal(encoder.layer.weight, before)
    assert not torch.equal(learner.model.encoder.layer.weight, before)


def test_a_batch_of_another_chunk_or_body_is_refused():
    learner = network(small())
    with pytest.raises(ContractMismatch, match='7 actions of 6 numbers .* 4 actions of 6'):
        learner.step(noise(steps=7))


def test_a_checkpoint_of_another_network_is_refused():
    state = network(small()).state_dict()
    with pytest.raises(ContractMismatch, match=r'has shape .* here; resume with the config'):
        network(small(width=32)).load_state_dict(state)
    with pytest.raises(ContractMismatch, match='another kind of value'):
        network(small(depth=2)).load_state_dict(state)


def test_what_is_missing_is_said():
    with pytest.raises(ConfigError, match='mc_share = 0.3 needs the recorded returns'):
        network(small(mc_share=0.3))
    with pytest.raises(ConfigError, match='needs the range of returns'):
        ValueModel(small(critic='hl_gauss'), ValueSpec(BODY, Seen(5), 5))


def test_the_slow_q_is_what_v_and_weights_see():
    learner, batch = network(small()), noise()
    _, before = learner.losses(batch)
    weights = learner.weights(batch)
    with torch.no_grad():
        learner.model.critic.last.bias += 1
    _, after = learner.losses(batch)
    assert torch.equal(before.u, after.u)
    assert float(before.loss_v) == float(after.loss_v)
    assert torch.equal(learner.weights(batch), weights)
    assert float(before.loss_q) != float(after.loss_q)
