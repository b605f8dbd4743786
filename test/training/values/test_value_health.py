# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A value that goes silently wrong says so."""

import re

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
import torch

from hvd_training.values.config import ValueConfig, paper
from hvd_training.values.health import Diverged, Monitor
from hvd_training.values.held_out import Episodes, Seen, auc, look, measure, warnings
from test.training.values.made_values import network, noise, small

WELL = {
    'loss_v': 0.1, 'loss_q': 0.1, 'clip_fraction': 0.01, 'used_share': 1.0, 'v_mean': -0.3,
    'q_mean/arm': 0.4, 'q_p95/arm': 1.19, 'ess/arm': 0.8, 'weight_p99/arm': 3.0,
    'support_clipped': 0.0,
}  # fmt: skip


def monitor(**more):
    return Monitor(ValueConfig(**more), returns=(-1.0, 1.0))


def test_a_sound_run_says_nothing():
    assert monitor().check(5000, WELL) == []


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'ess/arm': 0.09}, 'few chunks carry the weights of arm.*0.090.*lower alpha'),
        ({'weight_p99/arm': 20.0}, 'one in a hundred weights of arm reaches 20.*lower alpha'),
        ({'clip_fraction': 0.021}, '2.1% of the chunks are past z_max 5.*ema_std'),
        ({'support_clipped': 0.02}, '2.0% of the targets lie beyond the histogram'),
        ({'v_mean': -2.1}, r'v_mean = -2.1 drifts out of .* \[-1, 1\]; .*terminal'),
        ({'q_mean/arm': 2.1}, 'q_mean/arm = 2.1 drifts out'),
        ({'q_p95/arm': 1.21}, 'one Q in twenty is above 1.21, and no .* more than 1: .*settled'),
        ({'used_share': 0.0}, 'no chunk of the batch is learned from'),
        ({'ess/arm': 0.999}, 'all weights are nearly the same'),
    ],
)
def test_each_silent_fault_has_a_sentence_once_and_an_end(change, words):
    watch = monitor()
    said = watch.check(5000, WELL | change)
    assert len(said) == 1
    assert re.search(words, said[0]), said
    assert watch.check(5010, WELL | change) == []
    assert 'is well again' in watch.check(5020, WELL)[0]
    assert watch.check(5030, WELL) == []


def test_fresh_networks_may_weigh_all_alike():
    assert monitor().check(10, WELL | {'ess/arm': 1.0}) == []


def test_bounds_of_an_exponential_do_not_concern_an_expectile():
    assert monitor(v_loss='expectile').check(1, WELL | {'clip_fraction': 0.5}) == []


def test_without_a_bound_of_its_own_the_usual_one_is_the_measure():
    watch = Monitor(paper())
    assert 'the bound is 20' in watch.check(1, WELL | {'weight_p99/arm': 25.0})[0]


def test_what_is_not_a_number_ends_the_run_with_a_reason():
    with pytest.raises(Diverged, match=r'step 7: loss_q is not finite; .*hvd dataset check'):
        monitor().check(7, WELL | {'loss_q': float('nan')})


def test_nan_in_the_data_reaches_the_monitor():
    learner, batch = network(small()), noise()
    batch.rewards[:, 0] = torch.nan
    with pytest.raises(Diverged):
        Monitor(learner.config).check(1, learner.step(batch))


def test_the_log_counts_what_it_says():
    learner, batch = network(small(z_max=0.1, alpha=50.0)), noise(200)
    log = learner.step(batch)
    _, measured = learner.losses(batch)
    assert set(log) >= {
        f'{kind}/{group}'
        for kind in (
            'u_mean',
            'u_std',
            'weight_mean',
            'weight_p99',
            'weight_max',
            'ess',
            'q_mean',
            'q_p95',
        )
        for group in ('base', 'torso', 'arm')
    }
    log = learner.step(batch)  # from the same networks as `measured`
    assert float(log['u_mean/torso']) == pytest.approx(float(measured.u[:, 1].mean()))
    assert float(log['u_std/arm']) == pytest.approx(float(measured.u[:, 2].std(correction=0)))
    weight = measured.raw / learner.losses.mean_weight()
    assert float(log['weight_p99/base']) == pytest.approx(
        np.quantile(weight[:, 0].clamp(max=20).numpy(), 0.99), rel=1e-4
    )
    share = weight[:, 0].clamp(max=20).double().numpy()
    assert float(log['ess/base']) == pytest.approx(
        share.sum() ** 2 / (200 * (share**2).sum()), rel=1e-4
    )


def test_a_tight_bound_is_counted_and_reported():
    learner = network(small(z_max=0.1, alpha=30.0, adv_scale='none'))
    with torch.no_grad():
        learner.model.v_net.last.bias -= 1  # every chunk looks better than V
    log = learner.step(noise(100))
    assert float(log['clip_fraction']) > 0.9
    assert any('past z_max' in text for text in Monitor(learner.config).check(1, log))


def test_bounds_are_counted_on_the_heads_that_v_is_learned_from():
    learner = network(small(z_max=0.1, alpha=30.0, adv_scale='none', v_sharing='full'))
    with torch.no_grad():  # of both networks, and of their slow copies: base, torso, arm
        for model in (learner.model, learner.losses.target):
            model.critic.last.bias += torch.tensor([5.0, 5.0, -5.0]).repeat(2)[:, None, None]
    assert float(learner.step(noise(100))['clip_fraction']) == 0


def test_targets_beyond_the_histogram_are_counted():
    learner, batch = network(small(critic='hl_gauss')), noise(100)
    batch.rewards[:10, 0] = 100.0
    assert float(learner.step(batch)['support_clipped']) == pytest.approx(0.1, abs=0.05)


def test_auc_is_that_of_mann_and_whitney():
    rng = np.random.default_rng(0)
    good = rng.random(200) < 0.3
    score = np.round(rng.normal(size=200) + good, 1)  # with ties
    u = mannwhitneyu(score[good], score[~good]).statistic
    assert auc(score, good) == pytest.approx(u / (good.sum() * (~good).sum()))
    assert np.isnan(auc(score, np.ones(200, bool)))
    assert auc(np.array([0.0, 1.0]), np.array([False, True])) == 1


def seen():
    """Return two episodes of 60 steps: a success whose early advantage is low, and a failure."""
    step = np.tile(np.arange(60), 2)
    success = np.repeat([True, False], 60)
    u = np.where(success, np.where(step < 40, -1.0, 5.0), 0.0)
    v = np.where(success, 1.0, -1.0)
    returned = np.where(step == 59, np.nan, v)
    return Seen(np.repeat([4, 9], 60), step, success, v + u, v, returned)


def test_held_out_episodes_are_measured_as_stated():
    found = measure(seen())
    assert found['auc/early'] == 0  # the first 40 steps are worse than those of the failure
    assert found['auc/episode'] == 1  # the mean over the episode is better
    assert found['auc_q/early'] == 1
    assert found['gap/success'] == pytest.approx((40 * -1 + 19 * 5) / 59)
    assert found['gap/failure'] == 0
    assert (found['v_first/success'], found['v_first/failure']) == (1, -1)


def test_values_that_know_nothing_are_named():
    sound = measure(seen())
    assert warnings(sound, (-1.0, 1.0)) == []
    poor = sound | {'auc/episode': 0.52, 'gap/failure': 1.2}
    said = warnings(poor, (-1.0, 1.0))
    assert 'Q lies 1.2 above the returns of held-out episodes (failure)' in said[0]
    assert 'AUC 0.52' in said[1]


def test_looking_finds_each_chunk_in_its_episode():
    learner, batch = network(small()), noise(6)
    batch.episode[:] = torch.tensor([0, 0, 1, 1, 1, 1])
    episodes = Episodes(np.array([0, 2]), np.array([True, False]), np.arange(6.0))
    found = look(
        learner, [batch.select(torch.arange(4)), batch.select(torch.tensor([4, 5]))], episodes
    )
    assert found.step.tolist() == [0, 1, 0, 1, 2, 3]
    assert found.success.tolist() == [True, True, False, False, False, False]
    assert found.returned.tolist() == [0, 1, 2, 3, 4, 5]
    q, v = learner.advantages(batch)
    assert found.q == pytest.approx(q[:, -1].numpy(), abs=1e-6)
    assert found.v == pytest.approx(v[:, 0].numpy(), abs=1e-6)
