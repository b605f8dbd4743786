# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""V ends where the formula says, wherever it starts; golden values from closed forms."""

import math

import pytest
from scipy.optimize import brentq
import torch

from hvd_training.values.config import ValueConfig
from hvd_training.values.value_losses import exponential, v_loss
from hvd_training.values.weights import phi1, raw_weights

Q = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64)
P = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
ONE = torch.ones((), dtype=torch.float64)


def learned(
    config: ValueConfig,
    start: float = 2.0,
    q=Q,
    p=P,
    rate: float = 0.5,
    steps: int = 300,
    scale=ONE,
) -> float:
    """Return the V that gradient steps on the loss end at."""
    v = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    for step in range(steps):
        (p * v_loss(q - v, scale, config)).sum().backward()
        # A quantile's slope does not shrink, so its steps must.
        decay = 0.98**step if config.v_loss == 'quantile' else 1.0
        with torch.no_grad():
            v -= rate * decay * v.grad
            v.grad = None
    return v.item()


@pytest.mark.parametrize(
    ('config', 'golden'),
    [
        (ValueConfig(v_loss='idql_exp', alpha=0.5), 0.861320),
        (ValueConfig(v_loss='idql_exp', alpha=1), 1.027222),
        (ValueConfig(v_loss='idql_exp', alpha=2), 1.306369),
        (ValueConfig(v_loss='idql_exp', alpha=5), 1.680146),
        (ValueConfig(v_loss='expectile', level=0.5), 0.7),
        (ValueConfig(v_loss='expectile', level=0.7), 0.98),
        (ValueConfig(v_loss='expectile', level=0.9), 1.5),
        (ValueConfig(v_loss='hvd_eq6', alpha=0.5), 1.027222),
        (ValueConfig(v_loss='hvd_eq6', alpha=1), 1.027222),
        (ValueConfig(v_loss='hvd_eq6', alpha=2), 1.027222),
        (ValueConfig(v_loss='quantile', level=0.6), 1.0),
        (ValueConfig(v_loss='quantile', level=0.9), 2.0),
        (ValueConfig(v_loss='mse'), 0.7),
    ],
    ids=lambda x: f'{x.v_loss}-{x.alpha}-{x.level}' if isinstance(x, ValueConfig) else '',
)
def test_v_ends_at_the_minimiser(config, golden):
    assert learned(config, steps=500) == pytest.approx(golden, abs=1e-4)


@pytest.mark.parametrize('start', [-20.0, 20.0])
@pytest.mark.parametrize('kind', ['idql_exp', 'hvd_eq6'])
def test_v_finds_back_from_far_away(kind, start):
    """A clamp inside exp would send it from -20 to -40."""
    config = ValueConfig(v_loss=kind, z_max=5)
    found = learned(config, start, torch.zeros(1), torch.ones(1), rate=0.05, steps=700)
    assert found == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(('alpha', 'bound', 'golden'), [(1.0, 1.5, 0.63088), (5.0, 6.0, 1.680146)])
def test_a_bound_that_binds_draws_v_below_the_mean_and_one_that_does_not_is_harmless(
    alpha, bound, golden
):
    config = ValueConfig(v_loss='idql_exp', alpha=alpha, z_max=math.log(bound))
    assert learned(config) == pytest.approx(golden, abs=1e-5)

    def slope(v):
        return float((P * ((alpha * (Q - v)).exp().clamp(max=bound))).sum()) - 1

    solved = brentq(slope, -1, 3)
    assert learned(config) == pytest.approx(solved, abs=1e-6)


@pytest.mark.parametrize(('rate', 'bound', 'golden'), [(0.01, 6, 0.052), (0.001, 100, 0.104)])
def test_rare_successes_and_a_bound(rate, bound, golden):
    q, p = torch.tensor([0.0, 10.0]).double(), torch.tensor([1 - rate, rate]).double()
    config = ValueConfig(v_loss='idql_exp', z_max=math.log(bound))
    assert learned(config, 0.0, q, p, steps=600) == pytest.approx(golden, abs=1e-3)


def test_the_exponential_has_the_slope_and_curvature_it_says():
    z = torch.linspace(-20, 30, 501, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(exponential(z, 5.0).sum(), z)
    assert torch.allclose(slope, z.detach().clamp(max=5).exp() - 1)
    value = exponential(z.detach(), 5.0)
    inside = z.detach() <= 5
    assert torch.allclose(value[inside], (z.detach().exp() - z.detach() - 1)[inside])
    assert (
        value.diff().abs() < 16
    ).all()  # no jump where the line begins: slope e^5 - 1, step 0.1


@pytest.mark.parametrize('alpha', [0.1, 1.0, 10.0])
def test_small_advantages_cost_half_their_square_whatever_alpha(alpha):
    u = torch.tensor([-1e-3, 2e-3], dtype=torch.float64)
    found = v_loss(u, ONE, ValueConfig(v_loss='idql_exp', alpha=alpha))
    assert torch.allclose(found, u.square() / 2, rtol=2e-2)


@pytest.mark.parametrize(
    ('loss', 'weight', 'more'),
    [
        ('idql_exp', 'phi1', {'alpha': 0.5}),
        ('idql_exp', 'eq7', {'alpha': 2.0}),
        ('hvd_eq6', 'eq7', {'alpha': 1.0}),
        ('expectile', 'expectile', {'level': 0.8}),
        ('quantile', 'quantile', {'level': 0.65}),
    ],
)
def test_weighting_by_the_weight_of_the_loss_gives_v_back(loss, weight, more):
    """E[w Q] / E[w] = V at the minimiser."""
    config = ValueConfig(v_loss=loss, weight_fn=weight, **more)
    q = torch.tensor([0.0, 1.0, 1.5, 2.0], dtype=torch.float64)
    p = torch.tensor([0.4, 0.3, 0.1, 0.2], dtype=torch.float64)
    v = learned(config, q=q, p=p, steps=700)
    w = p * raw_weights(q - v, ONE, config)
    assert float((w * q).sum() / w.sum()) == pytest.approx(v, abs=1e-5)


@pytest.mark.parametrize(('alpha', 'golden'), [(0.5, 1.071), (2.0, 2.017)])
def test_eq_6_and_eq_7_do_not_belong_together_unless_alpha_is_1(alpha, golden):
    q = torch.tensor([0.0, 1.0, 3.0], dtype=torch.float64)
    p = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    config = ValueConfig(v_loss='hvd_eq6', weight_fn='eq7', alpha=alpha)
    v = learned(config, q=q, p=p)
    w = p * raw_weights(q - v, ONE, config)
    assert abs(float((w * q).sum() / w.sum()) - v) > 0.1


def test_v_is_between_the_mean_and_the_maximum_and_grows_with_alpha():
    found = [learned(ValueConfig(alpha=alpha, z_max=10)) for alpha in (0.01, 0.3, 1, 3, 9)]
    assert found == sorted(found)
    assert found[0] == pytest.approx(0.7, abs=0.01)
    assert found[-1] < 2


@pytest.mark.parametrize('scale', [0.1, 7.0])
def test_a_scale_makes_alpha_count_in_units_of_it(scale):
    config = ValueConfig(v_loss='idql_exp', alpha=1.0, z_max=20)
    closed = float(scale * (P * (Q / scale).exp()).sum().log())
    assert learned(config, scale=ONE * scale) == pytest.approx(closed, abs=1e-4)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_is_widened_before_the_exponential(dtype):
    u = torch.linspace(-3, 3, 61).to(dtype)
    for kind in ('idql_exp', 'hvd_eq6'):
        found = v_loss(u, torch.ones(()), ValueConfig(v_loss=kind))
        assert found.dtype is torch.float32
        assert torch.equal(found, v_loss(u.float(), torch.ones(()), ValueConfig(v_loss=kind)))
    assert phi1(u).dtype is torch.float32
