# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Heads against closed forms: for data that is one point or a Gaussian the best network is known.

The network of a test is that formula, so nothing has to be learnt and nothing is left to luck.
"""

import math

import pytest
from scipy import stats
import torch

from hvd_training.policies import draws
from hvd_training.policies.heads.ddpm import Ddpm, kept_signal
from hvd_training.policies.heads.flow import NoiseAtOne, times
from hvd_training.policies.heads.flow_data_at_one import DataAtOne
from hvd_training.policies.heads.mse import Mse
from test.training.toy import seeded

CPU = torch.device('cpu')
POINT = torch.tensor([[0.5, -2.0], [1.5, 0.0], [3.0, -1.0]])  # K = 3, D = 2
HEADS = {
    'mse': Mse(),
    'velocity, noise at one': NoiseAtOne(),
    'clean chunk, noise at one': NoiseAtOne(clean=True),
    'velocity, data at one': DataAtOne(),
    'noise': Ddpm(),
}


def spread(time):
    return time[:, None, None]


def best(name, mean, deviation):
    """Return the best network when the data are N(mean, deviation^2) in every number."""

    def gaussian(signal, noise):
        """Return E[clean | x] and E[noise | x] of x = signal * clean + noise * e."""

        def split(x):
            gain = signal * deviation**2 / (signal**2 * deviation**2 + noise**2)
            clean = mean + gain * (x - signal * mean)
            return clean, (x - signal * clean) / noise

        return split

    def said(x, time):
        if name == 'mse':
            return mean.expand(4000 if x is None else len(x), -1, -1)
        t = spread(time)
        if name == 'noise':
            kept = kept_signal(100)[(time * 100).round().long() - 1][:, None, None]
            return gaussian(kept.sqrt(), (1 - kept).sqrt())(x)[1]
        if name == 'velocity, data at one':
            clean, noise = gaussian(t, (1 - t).clamp(min=1e-9))(x)
            return clean - noise
        clean, noise = gaussian(1 - t, t)(x)
        return clean if name.startswith('clean') else noise - clean

    return said


@pytest.mark.parametrize('name', HEADS)
def test_errors_are_zero_for_the_best_network_of_a_single_point(name):
    actions = POINT.expand(4000, 3, 2)
    errors = HEADS[name].errors(best(name, POINT, 0.0), actions, seeded())
    torch.testing.assert_close(errors, torch.zeros_like(errors), atol=2e-3, rtol=0)


@pytest.mark.parametrize('name', HEADS)
def test_a_chunk_drawn_from_the_best_network_of_a_single_point_is_the_point(name):
    """Failure 16: whoever counts time the other way round ends somewhere else."""
    chunk = HEADS[name].mode(best(name, POINT, 0.0), (4000, 3, 2), seeded(), CPU)
    torch.testing.assert_close(chunk, POINT.expand(4000, 3, 2), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ('name', 'head'),
    [
        ('velocity, noise at one', NoiseAtOne(steps=200)),
        ('clean chunk, noise at one', NoiseAtOne(clean=True, steps=200)),
        ('velocity, data at one', DataAtOne(steps=200)),
        ('noise', Ddpm(steps=100)),
        ('noise', Ddpm(steps=100, ancestral=True)),
    ],
)
def test_draws_from_the_best_network_of_a_gaussian_have_its_mean_and_deviation(name, head):
    chunk = head.sample(best(name, POINT, 0.7), (4000, 3, 2), seeded(), CPU)
    torch.testing.assert_close(chunk.mean(dim=0), POINT, atol=0.06, rtol=0)
    torch.testing.assert_close(chunk.std(dim=0), torch.full((3, 2), 0.7), atol=0.04, rtol=0)


def test_the_two_counts_of_time_are_not_interchangeable():
    there = best('velocity, data at one', POINT, 0.3)
    chunk = NoiseAtOne(steps=50).sample(there, (4000, 3, 2), seeded(), CPU)
    assert not torch.allclose(chunk.mean(dim=0), POINT, atol=0.5)
    here = best('velocity, noise at one', POINT, 0.3)
    chunk = DataAtOne(steps=50).sample(here, (4000, 3, 2), seeded(), CPU)
    assert not torch.allclose(chunk.mean(dim=0), POINT, atol=0.5)


def test_flow_times_are_those_of_openpi():
    """0.001 + 0.999 Beta(1.5, 1), by Kolmogorov and Smirnov."""
    drawn = (times(draws.uniform(seeded(), (20000,), CPU)) - 0.001) / 0.999
    assert stats.kstest(drawn.numpy(), stats.beta(1.5, 1).cdf).pvalue > 0.01
    assert drawn.min() >= 0 and drawn.max() <= 1


def test_the_schedule_is_the_squared_cosine():
    """Nichol and Dhariwal 2021, equation 17, until beta reaches its bound of 0.999."""

    def level(t):
        return math.cos((t / 100 + 0.008) / 1.008 * math.pi / 2) ** 2

    kept = kept_signal(100)
    expected = [level(t + 1) / level(0) for t in range(99)]
    torch.testing.assert_close(kept[:99], torch.tensor(expected), atol=1e-6, rtol=1e-4)
    assert kept[99].item() == pytest.approx(kept[98].item() * 0.001, rel=1e-5)


# diffusers 0.42.1, DDPMScheduler / DDIMScheduler(num_train_timesteps=100, 'squaredcos_cap_v2',
# prediction_type='epsilon', clip_sample_range=clip; DDIM: set_alpha_to_one=True,
# timestep_spacing='leading', eta=0, use_clipped_model_output=True; DDPM: 'fixed_small', generator
# seeded with 7), from x = (-1.5, -0.3, 0.2, 2) with a network that says sin(3 x) + t / 100.
GOLDEN_KEPT = {0: 0.9993687272, 10: 0.9667166471, 50: 0.4782645702, 90: 0.0195443742}
GOLDEN = [
    (Ddpm(steps=10, clip=1e9), [-19.31365967, -3.89902043, -6.32356977, 10.7483778]),
    (Ddpm(steps=10, clip=3.0), [-3.0, -2.42384577, -0.12932268, 3.0]),
    (Ddpm(steps=10, clip=1.0), [-1.0, -0.4291001, -0.0895455, 1.0]),
    (Ddpm(steps=100, ancestral=True, clip=3.0), [2.17857814, -2.15739775, -2.26370049, -3.0]),
    (Ddpm(steps=100, ancestral=True, clip=1.0), [0.04662862, -0.21867369, -0.17257228, -1.0]),
]


@pytest.mark.parametrize(('head', 'expected'), GOLDEN)
def test_the_samplers_take_the_steps_that_diffusers_takes(head, expected, monkeypatch):
    start, usual = torch.tensor([-1.5, -0.3, 0.2, 2.0]).reshape(1, 4, 1), draws.normal
    handed = [start]
    monkeypatch.setattr(draws, 'normal', lambda *a: handed.pop() if handed else usual(*a))

    def said(x, time):
        return torch.sin(3 * x) + spread((time * 100).round() - 1) / 100

    out = head.sample(said, (1, 4, 1), seeded(7), CPU).flatten()
    torch.testing.assert_close(out, torch.tensor(expected), atol=2e-5, rtol=2e-5)


def test_the_schedule_is_that_of_diffusers():
    for t, value in GOLDEN_KEPT.items():
        assert kept_signal(100)[t].item() == pytest.approx(value, rel=1e-5)


def test_the_mode_of_a_gaussian_is_its_mean_and_draws_spread_about_it():
    head = Mse(spread=0.5)
    said = best('mse', POINT, 0.0)
    assert torch.equal(head.mode(said, (4000, 3, 2), seeded(), CPU), said(None, None))
    drawn = head.sample(said, (4000, 3, 2), seeded(), CPU)
    torch.testing.assert_close(drawn.std(dim=0), torch.full((3, 2), 0.5), atol=0.03, rtol=0)
