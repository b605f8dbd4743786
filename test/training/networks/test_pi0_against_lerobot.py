# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
LeRobot's weights, LeRobot's questions, LeRobot's answers: pi0 and pi0.5 at a tiny size.

make_pi0_golden.py made the files, by a program that nobody here wrote.
"""

from pathlib import Path

import pytest
from safetensors.torch import load_file
import torch
from torch import nn

from hvd_training.networks.pi0 import weights
from hvd_training.networks.pi0.actor import Actor
from hvd_training.networks.pi0.context import Context
from hvd_training.networks.pi0.images import fitted
from hvd_training.networks.pi0.reader import Reader
from hvd_training.networks.pi0.sizes import Gemma, Pi0Sizes, Siglip
from hvd_training.policies.draws import GivenDraws
from hvd_training.policies.heads.flow import NoiseAtOne

HERE = Path(__file__).parent
SIZES = Pi0Sizes(
    Siglip(width=20, mlp=28, depth=2, heads=2, image=28, patch=14),
    Gemma(width=16, mlp=32, depth=3, heads=8, kv_heads=1, head_width=4),
    Gemma(width=12, mlp=24, depth=3, heads=8, kv_heads=1, head_width=4),
    vocabulary=50,
)
WIDTH = 8
CLOSE = {'rtol': 0, 'atol': 1e-4}


class Both(nn.Module):
    """The two experts under the names that a policy has for them."""

    def __init__(self, adaptive, sizes=SIZES):
        super().__init__()
        self.encoder = nn.Module()
        self.encoder.reader = Reader(sizes)
        self.network = Actor(sizes.expert, WIDTH, WIDTH, adaptive)

    def context(self, asked):
        images = list(zip(asked['images'].float(), asked['images.seen'], strict=True))
        tokens, real = self.encoder.reader.embed(images, asked['words'], asked['words.real'])
        return tokens, Context(self.encoder.reader(tokens, real), real, asked['state'])


@pytest.fixture(params=('pi0', 'pi05'), scope='module')
def answered(request):
    torch.manual_seed(0)
    path = HERE / f'{request.param}_golden.safetensors'
    model = Both(request.param == 'pi05')
    report = weights.load(model, path)
    theirs = {k.removeprefix('golden.'): v for k, v in load_file(path).items()}
    with torch.no_grad():
        return model, report, theirs, *model.context(theirs)


def test_every_weight_of_lerobot_has_its_place_by_name(answered):
    model, report, theirs, *_ = answered
    assert not report.missing and not report.shape
    assert len(report.matched) == len(model.state_dict())
    assert all(name.startswith('golden.') for name in report.unexpected)
    assert len(report.ignored) == 2 and all('lm_head' in name for name in report.ignored)


def test_the_prefix_is_read_alike(answered):
    """Tokens, and keys and values of every layer; where padding is nobody looks."""
    _, _, theirs, tokens, context = answered
    torch.testing.assert_close(tokens, theirs['embedded'], **CLOSE)
    assert torch.equal(context.real, theirs['embedded.valid'])
    assert not context.real.all(), 'a camera and two words are absent'
    for layer, (keys, values) in enumerate(context.layers):
        real = context.real[:, None, :, None]
        for ours, name in ((keys, 'keys'), (values, 'values')):
            theirs_here = torch.where(real, theirs[name][layer], 0.0)
            torch.testing.assert_close(torch.where(real, ours, 0.0), theirs_here, **CLOSE)


@torch.no_grad()
def test_one_denoising_step_is_alike(answered):
    model, _, theirs, _, context = answered
    said = model.network(context, theirs['noise'], theirs['time'])
    torch.testing.assert_close(said, theirs['velocity'], **CLOSE)


@torch.no_grad()
def test_the_errors_of_training_are_alike(answered):
    model, _, theirs, _, context = answered
    t, noise, actions = theirs['time'][:, None, None], theirs['noise'], theirs['actions']
    said = model.network(context, t * noise + (1 - t) * actions, theirs['time'])
    errors = (said - (noise - actions)).square()
    torch.testing.assert_close(errors, theirs['errors'], rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_ten_steps_of_sampling_end_alike(answered):
    model, _, theirs, _, context = answered
    drawn = NoiseAtOne(steps=10).sample(
        lambda x, time: model.network(context, x, time), tuple(theirs['noise'].shape),
        GivenDraws(theirs['noise']), torch.device('cpu'),
    )  # fmt: skip
    torch.testing.assert_close(drawn, theirs['sampled'], **CLOSE)


def test_pictures_are_fitted_alike(answered):
    theirs = answered[2]
    wide = theirs['picture'].permute(0, 3, 1, 2)
    for pixels, name in ((wide, 'picture.fitted'), (wide.transpose(2, 3), 'picture.tall')):
        ours = fitted(pixels, *pixels.shape[2:], 28).permute(0, 2, 3, 1)
        torch.testing.assert_close(ours, theirs[name], **CLOSE)


@torch.no_grad()
def test_recomputing_layers_changes_neither_answer_nor_gradient(answered):
    model, _, theirs, _, context = answered

    def gradient(again):
        for part in (model.encoder.reader, model.encoder.reader.vision, model.network):
            part.recompute = again
        with torch.enable_grad():
            _, found = model.context(theirs)
            said = model.network(found, theirs['noise'], theirs['time'])
            learnt = [p for p in model.parameters() if p.requires_grad]
            return said.detach(), torch.autograd.grad(said.square().mean(), learnt,
                                                      allow_unused=True)  # fmt: skip

    (one, plain), (two, again) = gradient(False), gradient(True)
    assert torch.equal(one, two)
    for a, b in zip(plain, again, strict=True):
        assert a is not None, 'what learns gets a gradient'
        torch.testing.assert_close(a, b)
