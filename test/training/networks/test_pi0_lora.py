# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

import pytest
import torch

from hvd_training.networks.pi0.lora import Linear


@pytest.mark.parametrize(
    ('shape', 'heads', 'heads_in'), [((6, 8), 4, False), ((8, 6), 4, True), ((6, 8), 1, False)]
)
def test_an_adapter_is_what_its_merged_weight_is(shape, heads, heads_in):
    torch.manual_seed(0)
    layer = Linear(*shape, rank=3, heads=heads, heads_in=heads_in)
    layer.lora_a.data.normal_()
    x = torch.randn(2, 5, shape[0])
    torch.testing.assert_close(layer(x), x @ layer.merged().T)
    assert not torch.allclose(layer(x), x @ layer.weight.T)


def test_a_head_has_a_pair_of_its_own():
    """What a pair adds stays in its part of the outputs, or comes of its part of the inputs."""
    for heads_in in (False, True):
        layer = Linear(8, 8, rank=1, heads=4, heads_in=heads_in)
        layer.lora_a.data[:3] = 0
        change = layer.merged() - layer.weight
        last = change[:, 6:] if heads_in else change[6:]
        assert last.abs().min() > 0 and change.abs().sum() == last.abs().sum()


def test_only_the_pairs_learn_and_both_begin_near_zero():
    layer = Linear(400, 400, rank=8)
    layer(torch.randn(3, 400)).sum().backward()
    assert layer.weight.grad is None and not layer.weight.requires_grad
    for pair in (layer.lora_a, layer.lora_b):
        assert pair.grad.abs().sum() > 0 and pair.std().item() == pytest.approx(0.01, rel=0.1)


def test_a_frozen_weight_of_16_bits_serves_numbers_of_32():
    layer = Linear(4, 4, rank=2)
    layer.weight.data = layer.weight.data.bfloat16()
    assert layer(torch.randn(2, 4)).dtype == torch.float32
    assert layer.merged().dtype == torch.bfloat16
