# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Weights are eq. 7 without its 0/0, in float32; golden values from closed forms."""

import math

from hypothesis import given
from hypothesis import strategies as st
import pytest
import torch

from hvd_training.values.config import ValueConfig, paper
from hvd_training.values.weights import (
    advantage,
    effective_share,
    finished,
    phi1,
    raw_weights,
)

ONE = torch.ones(())
Q = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64)
P = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
# From the closed form with 50 digits; the reference's own table has four of them.
TABLE = {z: math.expm1(z) / z for z in (-5, -3, -1, 1, 2, 3, 4, 5, 6, 10)} | {0: 1.0}
PRINTED = {
    -5: 0.199, -3: 0.317, -1: 0.632, 0: 1, 1: 1.718, 2: 3.195, 3: 6.362, 4: 13.40, 5: 29.48,
    6: 67.07, 10: 2202.5,
}  # fmt: skip


@pytest.mark.parametrize('z', PRINTED)
def test_phi1_table_in_float32(z):
    found = float(phi1(torch.tensor(float(z))))
    assert found == pytest.approx(TABLE[z], rel=1e-6)
    assert found == pytest.approx(PRINTED[z], rel=2e-3)


def test_phi1_is_exact_and_finite_around_zero():
    z = torch.tensor([0.0, 1e-8, -1e-8, 1e-4, -1e-4, 9e-3, 1.1e-2, -9e-3, -1.1e-2])
    exact = [1.0 if x == 0 else math.expm1(x) / x for x in z.tolist()]
    assert torch.allclose(phi1(z), torch.tensor(exact), rtol=2e-7, atol=0)


def test_phi1_has_a_finite_gradient_at_zero():
    z = torch.tensor([0.0, 1e-9, 1.0], requires_grad=True)
    phi1(z).sum().backward()
    assert torch.isfinite(z.grad).all()
    assert float(z.grad[0]) == pytest.approx(0.5)


@pytest.mark.parametrize('alpha', [0.5, 1.0, 2.0])
def test_eq_7_literally(alpha):
    u = torch.tensor([-3.0, -0.4, 0.3, 2.0], dtype=torch.float64)
    literal = alpha * (torch.exp(alpha * u) - 1).abs() / u.abs()
    config = paper().but(alpha=alpha, weight_power=1)
    assert torch.allclose(raw_weights(u, ONE.double(), config), literal)
    zero = raw_weights(torch.tensor([0.0, 1e-8, -1e-8]), ONE, config)
    assert torch.allclose(zero, torch.full((3,), alpha**2))


def test_eq_7_stays_finite_where_float32_would_not():
    config = paper()  # squared, without a bound
    assert torch.isfinite(raw_weights(torch.tensor([500.0, -500.0]), ONE, config)).all()


@pytest.mark.parametrize(
    ('alpha', 'v', 'golden', 'share'),
    [
        (1.0, 1.027222, (0.624986, 0.986512, 1.691324), 0.8460),
        (2.0, 1.306369, (0.354672, 0.747684, 2.165323), 0.5964),
    ],
)
def test_golden_weights_and_effective_share(alpha, v, golden, share):
    config = ValueConfig(alpha=alpha, weight_fn='phi1')
    w = raw_weights(Q - v, ONE.double(), config)
    assert w.tolist() == pytest.approx(golden, abs=2e-6)
    # As often as the data has them.
    often = w.repeat_interleave(torch.tensor([5, 3, 2]))
    assert float(effective_share(often)) == pytest.approx(share, abs=1e-4)


@given(st.lists(st.floats(-30, 30), min_size=2, max_size=20))
def test_a_higher_advantage_never_counts_less(u):
    z = torch.tensor(sorted(u), dtype=torch.float64)
    for kind in ('phi1', 'eq7', 'awr', 'binary', 'expectile'):
        w = raw_weights(z, ONE.double(), ValueConfig(weight_fn=kind))
        assert (w.diff() >= 0).all(), kind
        assert (w >= 0).all()


def test_other_weights_by_hand():
    u = torch.tensor([-2.0, -0.5, 0.0, 0.5, 9.0])

    def w(**more):
        return raw_weights(u, ONE, ValueConfig(**more)).tolist()

    assert w(weight_fn='awr', alpha=2.0) == pytest.approx(
        [math.exp(-4), math.exp(-1), 1, math.exp(1), 100]
    )
    assert w(weight_fn='binary') == [0, 0, 0, 1, 1]
    assert w(weight_fn='expectile', level=0.9) == pytest.approx([0.1, 0.1, 0.9, 0.9, 0.9])
    assert w(weight_fn='quantile', level=0.75) == pytest.approx(
        [0.125, 0.5, 0.75e6, 1.5, 0.75 / 9], rel=1e-5
    )
    # phi1 is bounded on both sides; awr removes what phi1 only damps.
    assert w(weight_fn='phi1')[-1] == pytest.approx(math.expm1(5) / 5)
    assert raw_weights(torch.tensor([-1e9]), ONE, ValueConfig()).item() == pytest.approx(0.1, 1e-3)


def test_power_two_squares():
    u = torch.randn(50)
    once = raw_weights(u, ONE, ValueConfig())
    assert torch.allclose(raw_weights(u, ONE, ValueConfig(weight_power=2)), once.square())


def test_a_scale_divides_advantages():
    u = torch.randn(50)
    assert torch.allclose(
        raw_weights(10 * u, ONE * 10, ValueConfig()), raw_weights(u, ONE, ValueConfig())
    )


def test_weights_are_divided_by_the_mean_of_their_head_and_then_bounded():
    raw, mean = torch.tensor([[2.0, 1.0], [200.0, 3.0]]), torch.tensor([2.0, 1.0])
    found = finished(raw, mean, ValueConfig(weight_max=20.0))
    assert found.tolist() == [[1, 1], [20, 3]]
    assert finished(raw, mean, ValueConfig(weight_max=0.0)).tolist() == [[1, 1], [100, 3]]
    assert finished(raw, mean, ValueConfig(weight_norm='none')).tolist() == [[2, 1], [20, 3]]


def test_increments_are_what_each_group_adds():
    q, v = torch.tensor([[1.0, 4.0, 2.0]]), torch.tensor([[0.5]])
    assert advantage(q, v).tolist() == [[0.5, 3.5, 1.5]]
    assert advantage(q, v, 'increments').tolist() == [[0.5, 3.0, -2.0]]


def test_weights_carry_no_gradient():
    u = torch.randn(5, requires_grad=True)
    assert not raw_weights(u, ONE, ValueConfig()).requires_grad


def test_effective_share_counts_chunks():
    assert float(effective_share(torch.ones(10))) == pytest.approx(1)
    one = torch.zeros(10)
    one[3] = 5
    assert float(effective_share(one)) == pytest.approx(0.1)
    assert float(effective_share(torch.zeros(10))) == 0
