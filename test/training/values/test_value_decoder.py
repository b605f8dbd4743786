# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The paper's decoder, 128-256-64: its size, what it computes, and that no head sees too much."""

import math

import numpy as np
import pytest
import torch

from hvd_ros.core.errors import ConfigError
from hvd_training.groups import from_lists
from hvd_training.networks.multimodal.config import EncoderConfig
from hvd_training.networks.multimodal.encoder import Seen, TokenEncoder
from hvd_training.values.config import ValueConfig
from hvd_training.values.model import ValueModel, ValueSpec
from test.training.values.made_values import network, noise, small

R1 = from_lists({'base': range(7, 10), 'torso': range(17, 21),
                 'arm': [*range(7), *range(10, 17)]})  # fmt: skip


def linear(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


def test_the_value_network_of_the_paper_has_as_many_numbers_as_counted_by_hand() -> None:
    """Chunks of 20 on the R1; V and Q with an encoder each, two networks of Q."""
    config = ValueConfig(chunk=20, decoder='128-256-64', n_q=2)
    with torch.device('meta'):
        encoder = TokenEncoder(EncoderConfig(kind='tokens'), Seen(state=72, cloud=True))
        model = ValueModel(config, ValueSpec(R1, encoder, encoder.width))
    pointnet = 6 * 64 + 64 + 64 * 64 + 64 + 4 * 64 + 64 * 256 + 256 + 2 * 256
    layers = 4 * (2 * 256 * 256 + 2 * 256 * 64 + 3 * 256 * 1024 + 2 * 256)
    encoded = layers + 256 + pointnet + linear(72, 256) + 2 * 256 + 256
    decoder = linear(128, 256) + linear(256, 64)
    v = linear(256, 128) + decoder + linear(64, 1)
    first = linear(256, 128) + 20 * 128 + 20 * 21 * 128 + 3 * 128
    q = first + decoder + 3 * linear(64, 1)
    assert sum(p.numel() for p in model.parameters()) == 2 * encoded + v + 2 * q


def test_a_decoder_is_a_plain_mlp_over_what_each_head_may_see() -> None:
    learner, batch = network(small(decoder='8-12-4', n_q=2)), noise()
    model, whole = learner.model, torch.ones_like(batch.valid)
    seen = model.encoder(batch.observation)
    said = model.q_said(seen, batch.actions, whole).detach()
    critic = {name: p.detach().double().numpy() for name, p in model.critic.named_parameters()}

    def gelu(x):
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))

    for net in range(2):
        x = seen.detach().double().numpy() @ critic['state.weight'][net]
        x = x + critic['state.bias'][net] + critic['real.weight'][net].sum(axis=0)
        for head, own in enumerate(model.heads.indices):
            actions = batch.actions[:, :, list(own)].flatten(1).double().numpy()
            x = x + actions @ critic[f'actions.{head}.weight'][net]
            y = gelu(x + critic['which'][net, 0, head])
            for layer in range(2):
                name = f'blocks.0.layers.{layer}'
                y = gelu(y @ critic[f'{name}.weight'][net] + critic[f'{name}.bias'][net])
            last = net * len(model.heads.names) + head
            wanted = y @ critic['last.weight'][last] + critic['last.bias'][last]
            assert np.allclose(said[net, :, head].numpy(), wanted, atol=1e-5), (net, head)


@pytest.mark.parametrize('decomposition', ['nested', 'residual'])
def test_later_groups_never_change_earlier_heads(decomposition: str) -> None:
    learner, batch = network(small(decomposition=decomposition, decoder='8-12-4')), noise()
    whole = torch.ones_like(batch.valid)
    before = learner.model.q(batch.observation, batch.actions, whole)
    for level, own in enumerate(learner.groups.indices):
        other = batch.actions.clone()
        other[..., list(own)] = torch.randn_like(other[..., list(own)])
        after = learner.model.q(batch.observation, other, whole)
        assert torch.equal(after[..., :level], before[..., :level])
        assert (after[..., level:] != before[..., level:]).any(dim=1).all()


def test_a_decoder_learns_and_a_histogram_may_come_of_it() -> None:
    learner, batch = network(small(decoder='8-12-4', learning_rate=1e-2)), noise()
    first = learner.step(batch)['loss_q']
    for _ in range(60):
        last = learner.step(batch)['loss_q']
    assert last < 0.7 * first
    config = small(decoder='8-12-4', critic='hl_gauss', v_categorical=True)
    model = ValueModel(
        config, ValueSpec(R1, torch.nn.Linear(2, 8), 8, support=(-1.0, 1.0))
    )  # fmt: skip
    assert model.critic.last.weight.shape[1:] == (4, config.bins)
    assert model.v_net.last.weight.shape == (config.bins, 4)


@pytest.mark.parametrize('wrong', ['128-', '0-4', 'a', '128,64', '99999999'])
def test_a_decoder_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigError, match="widths such as '128-256-64'"):
        ValueConfig(decoder=wrong)
