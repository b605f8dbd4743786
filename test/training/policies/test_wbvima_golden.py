# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
WB-VIMA against its authors' code: what it reads, what each part says, and what it draws.

make_wbvima_golden.py says what was asked of it; both sides have weights that follow from their
names there. Theirs has places for words that it does not use; ours takes the rows that it does.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from hvd_training.groups import from_lists
from hvd_training.policies import draws
from hvd_training.policies.small import Shapes
from hvd_training.policies.wbvima import WbVimaConfig, build
from test.training import patterned
from test.training.toy import seeded

GOLDEN = np.load(Path(__file__).with_name('wbvima_golden.npz'))
ROWS, MOMENTS, STATE, POINTS, WIDTH, K = 2, 2, 6, 30, 16, 4
GAIN = 0.25
# Dimensions of an action in an order that theirs does not have.
PARTS = {'mobile_base': range(10, 13), 'torso': range(19, 23),
         'arms': [*range(10), *range(13, 19)]}  # fmt: skip
PLACES = [0, 2, 3]  # of theirs that are used: an observation a moment, and the last readout
# Our names and theirs.
LAYERS = {'0': '0', '2': '3', '4': '6'}
UNET = [
    ('.one.', '.0.'), ('.two.', '.1.'), ('.first.', '.blocks.0.block.'),
    ('.second.', '.blocks.1.block.'), ('.film.', '.cond_encoder.'),
    ('.around.', '.residual_conv.'), ('.down.', '.down_modules.'), ('.up.', '.up_modules.'),
    ('.middle.', '.mid_modules.'), ('.time.', '.diffusion_step_encoder.'),
    ('.last.0.', '.final_conv.0.block.'), ('.last.', '.final_conv.'),
    ('.change.', '.2.conv.'),
]  # fmt: skip
GPT = [
    ('.attention.look.', '.attn.c_attn.'), ('.attention.tell.', '.attn.c_proj.'),
    ('.norm1.', '.ln_1.'), ('.norm2.', '.ln_2.'), ('.mlp.wide.', '.mlp.c_fc.'),
    ('.mlp.gate.', '.mlp.gated_layer.'), ('.mlp.narrow.', '.mlp.c_proj.'),
    ('encoder.readout.blocks.', 'transformer.lm.h.'),
]  # fmt: skip


def weights(name, shape):
    return patterned.weights(name, shape, GAIN)


def theirs(name, shape):
    """Return what a weight of ours is in theirs."""
    if name.startswith('network.unets.'):
        _, _, number, rest = name.split('.', 3)
        other = f'.{rest}'
        for ours, known in UNET:
            other = other.replace(ours, known)
        return weights(f'action_decoder.models.{list(PARTS)[int(number)]}{other}', shape)
    if name == 'encoder.readout.places.weight':
        return weights('transformer.lm.positions_embed.weight', (512, WIDTH))[PLACES]
    if name.startswith('encoder.tokens.readers.'):
        layer, kind = name.split('.')[-2:]
        where = 'proprioception.layers' if '.state.' in name else 'pointcloud.pointnet._mlp'
        return weights(f'obs_tokenizer._extractors.{where}.{LAYERS[layer]}.{kind}', shape)
    other = name
    for ours, known in GPT:
        other = other.replace(ours, known)
    if len(shape) == 2 and 'gated' not in other:  # theirs are the other way round
        return weights(other, shape[::-1]).T
    return weights(other, shape)


def given(name, *shape):
    return torch.from_numpy(patterned.numbers(name, shape))


@pytest.fixture(scope='module')
def policy():
    config = WbVimaConfig(
        width=WIDTH, depth=2, heads=2, state_hidden=12, state_depth=2, state_width=WIDTH,
        cloud_hidden=12, cloud_depth=2, cloud_width=WIDTH, channels=(8, 16), time_width=8,
        clip=1.0,
    )  # fmt: skip
    shapes = Shapes(K, 23, STATE, cloud=True, history=MOMENTS, groups=from_lists(PARTS))
    made = build(config, shapes)
    with torch.no_grad():
        for name, tensor in made.named_parameters():
            if 'absent' not in name:
                found = np.ascontiguousarray(theirs(name, tuple(tensor.shape)))
                tensor.copy_(torch.from_numpy(found))
    return made.eval()


@pytest.fixture(scope='module')
def seen():
    clouds = [given(name, ROWS, MOMENTS, POINTS, 3) for name in ('xyz', 'rgb')]
    return {'state': given('state', ROWS, MOMENTS, STATE), 'cloud': torch.cat(clouds, dim=-1)}


def same(found, name):
    expected = torch.from_numpy(GOLDEN[name])
    assert expected.std() > 0.1, 'otherwise anything would do'
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_the_transformer_reads_what_theirs_reads(policy, seen):
    same(policy.encode(seen), 'read')


@torch.no_grad()
def test_each_part_says_what_theirs_says_and_knows_the_data_of_the_parts_before_it(policy):
    """Errors are squares of what was said less the noise, with time and noise given here."""
    clean = torch.zeros(ROWS, K, 23)
    asked = []
    for number, (part, own) in enumerate(PARTS.items()):
        clean[..., list(own)] = given(f'clean.{part}', ROWS, MOMENTS, K, len(own))[:, -1]
        noised = given(f'noised.{part}', ROWS, MOMENTS, K, len(own))[:, -1]
        asked.append((part, noised, torch.full((ROWS,), 10.0 * (number + 1))))
    heard = []

    class Told:
        """A head that noises as it is told."""

        def errors(self, network, actions, source):
            _, noised, time = asked[len(heard)]
            heard.append(network(noised, (time + 1) / 100))
            return actions

    head, policy.head = policy.head, Told()
    read = torch.from_numpy(GOLDEN['read'])
    back = policy.missed(read, clean, seeded())
    policy.head = head
    assert torch.equal(back, clean), 'every dimension is put back into its place'
    for said, (part, *_) in zip(heard, asked, strict=True):
        same(said, f'said.{part}')


@torch.no_grad()
def test_parts_are_drawn_in_their_order_each_after_those_that_were_drawn(
    policy, seen, monkeypatch
):
    noises = [
        given(f'noise.{part}', ROWS, MOMENTS, K, len(own))[:, -1] for part, own in PARTS.items()
    ]
    monkeypatch.setattr(draws, 'normal', lambda *a: noises.pop(0))
    chunk = policy.sample(seen, seeded())
    for part, own in PARTS.items():
        same(chunk[..., list(own)], f'drawn.{part}')
