# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

import math

import pytest
import torch

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.networks.encoders import EncoderSpec, ObservationEncoder
from hvd_training.networks.mlp import ResidualMlp
from hvd_training.networks.pointnet import PointNet
from hvd_training.networks.time_embedding import TimeEmbedding

B, N = 5, 30


def observed(**more):
    torch.manual_seed(0)
    return {
        'state': torch.randn(B, 7),
        'sim_state': torch.randn(B, 3),
        'cloud': torch.rand(B, N, 6),
        'prompt': torch.tensor([0, 1, 2, 1, 0]),
        **more,
    }


def encoder(**changes):
    torch.manual_seed(1)
    spec = {'state': 7, 'sim_state': 3, 'prompts': 3, 'cloud': True, 'width': 16} | changes
    made = ObservationEncoder(EncoderSpec(**spec))
    for one in made.absent.values():
        torch.nn.init.normal_(one)
    return made


@pytest.mark.parametrize('left_out', ['none', 'state', 'sim_state', 'prompts', 'cloud'])
def test_every_modality_is_optional_and_each_that_is_there_matters(left_out):
    made = encoder(**({} if left_out == 'none' else {left_out: 0}))
    usual = made(observed())
    assert usual.shape == (B, 16)
    changed = {
        'state': torch.randn(B, 7),
        'sim_state': torch.randn(B, 3),
        'prompts': torch.tensor([1, 2, 0, 2, 1]),
        'cloud': torch.rand(B, N, 6),
    }
    for name, value in changed.items():
        other = made(observed(**{name.removesuffix('s'): value}))
        assert torch.equal(other, usual) == (name == left_out), name


def test_the_order_of_points_and_points_that_do_not_exist_change_nothing():
    net, cloud = PointNet(8), torch.rand(B, N, 6)
    usual = net(cloud)
    torch.testing.assert_close(net(cloud[:, torch.randperm(N)]), usual)
    real = torch.rand(B, N) < 0.6
    real[0] = False
    few = net(cloud, real)
    torch.testing.assert_close(net(cloud + 9 * ~real[..., None], real), few)
    torch.testing.assert_close(few[1:2], net(cloud[1:2, real[1]]))
    assert torch.isfinite(few).all(), 'a cloud without points is no NaN'


@pytest.mark.parametrize('key', ['state', 'sim_state', 'prompt', 'cloud'])
def test_what_is_absent_is_learnt_and_its_numbers_reach_neither_output_nor_gradient(key):
    made, present = encoder(), torch.tensor([True, False, True, False, True])
    seen = observed(**{key + '.present': present})
    usual = made(seen)
    hidden = dict(seen)
    hidden[key] = seen[key].clone()
    hidden[key][~present] = 2 if key == 'prompt' else math.nan
    other = made(hidden)
    assert torch.equal(other, usual)
    assert not torch.equal(other[1], made(observed())[1])
    other.sum().backward()
    grads = {name: p.grad for name, p in made.named_parameters()}
    assert all(grad is not None and torch.isfinite(grad).all() for grad in grads.values())
    assert grads[f'absent.{key}'].abs().sum() > 0


def test_the_time_embedding_is_that_of_openpi():
    """Periods geometric from 4e-3 to 4.0, angle 2 pi t / period, sines before cosines."""
    time, width = torch.tensor([0.0, 0.3, 1.0]), 8
    period = 4e-3 * (4.0 / 4e-3) ** (torch.arange(4, dtype=torch.float64) / 3)
    angle = 2 * math.pi * time.double()[:, None] / period
    expected = torch.cat([angle.sin(), angle.cos()], dim=1)
    torch.testing.assert_close(TimeEmbedding(width)(time).double(), expected, atol=2e-4, rtol=0)


def test_an_mlp_may_start_at_zero_and_still_learns():
    net = ResidualMlp(4, 8, 2, 3, zero_last=True)
    out = net(torch.randn(6, 4))
    assert out.shape == (6, 3) and not out.any()
    (out - 1).square().sum().backward()
    assert net.last.weight.grad.abs().sum() > 0


def test_a_missing_modality_and_a_wrong_size_are_named():
    with pytest.raises(ContractMismatch, match="built for 'cloud'.*only state"):
        encoder(sim_state=0, prompts=0)({'state': torch.randn(B, 7)})
    with pytest.raises(ContractMismatch, match="'state' has 6 numbers.* built for 7"):
        encoder()(observed(state=torch.randn(B, 6)))
    with pytest.raises(ConfigError, match='an encoder of nothing'):
        EncoderSpec(state=0)
    with pytest.raises(ConfigError, match='sizes start at 0'):
        EncoderSpec(state=-1)
