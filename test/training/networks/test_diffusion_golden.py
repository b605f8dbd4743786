# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Networks and samplers of Diffusion Policy against LeRobot, diffusers and torchvision.

make_diffusion_golden.py says what was asked of them; both sides have weights that follow from
their names there.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from hvd_training.networks.camera import Keypoints
from hvd_training.networks.resnet import ResNet18
from hvd_training.networks.unet1d import Unet1d
from hvd_training.policies import draws
from hvd_training.policies.dp import Denoiser
from hvd_training.policies.heads.ddpm import Ddpm, kept_signal
from test.training import patterned
from test.training.toy import seeded

GOLDEN = np.load(Path(__file__).with_name('diffusion_golden.npz'))
K, D, KNOWN, TIMES = 8, 3, 5, 20
CPU = torch.device('cpu')
# Our names and LeRobot's.
THEIRS = [
    ('.one.', '.0.'), ('.two.', '.1.'), ('.change.', '.2.'), ('.first.', '.conv1.block.'),
    ('.second.', '.conv2.block.'), ('.film.', '.cond_encoder.'), ('.around.', '.residual_conv.'),
    ('unet.down.', 'unet.down_modules.'), ('unet.up.', 'unet.up_modules.'),
    ('unet.middle.', 'unet.mid_modules.'), ('unet.time.', 'unet.diffusion_step_encoder.'),
    ('unet.last.0.', 'unet.final_conv.0.block.'), ('unet.last.', 'unet.final_conv.'),
    ('keypoints.maps.', 'keypoints.nets.'),
]  # fmt: skip


def theirs(name):
    for ours, other in THEIRS:
        name = name.replace(ours, other)
    return name


def filled(module, prefix):
    """Give every weight the numbers of the name that it has elsewhere."""
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            known = patterned.weights(theirs(prefix + name), tuple(tensor.shape))
            tensor.copy_(torch.from_numpy(known))
    return module.eval()


def given(name, *shape):
    return torch.from_numpy(patterned.numbers(name, shape))


def unet():
    return filled(Unet1d(D, KNOWN, (8, 16, 32), time_width=16, kernel=5, groups=8), 'unet.')


def same(found, name):
    expected = torch.from_numpy(GOLDEN[name])
    assert expected.std() > 0.1, 'otherwise anything would do'
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_the_u_net_says_what_lerobots_says():
    said = unet()(given('chunk', 2, K, D), torch.tensor([0.0, 7.0]), given('known', 2, KNOWN))
    same(said, 'unet')


def test_chunks_are_noised_as_diffusers_noises_them():
    kept = kept_signal(TIMES)
    torch.testing.assert_close(kept, torch.from_numpy(GOLDEN['kept']), atol=1e-6, rtol=1e-5)
    chunk, noise = given('chunk', 2, K, D), given('noise', 2, K, D)
    heard = []
    head = Ddpm(TIMES, TIMES)
    times = iter([noise, torch.tensor([0.5, 7.5]) / TIMES])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draws, 'normal', lambda *a: next(times))
        patch.setattr(draws, 'uniform', lambda *a: next(times))
        head.errors(lambda x, t: heard.append((x, t)) or x, chunk, seeded())
    same(heard[0][0], 'noised')
    torch.testing.assert_close(heard[0][1] * TIMES - 1, torch.tensor([0.0, 7.0]))


@pytest.mark.parametrize(
    ('name', 'head'),
    [
        ('ddim_20', Ddpm(TIMES, 20, clip=1.5)),
        ('ddim_7', Ddpm(TIMES, 7, clip=1.5)),
        ('ddim_7_plain', Ddpm(TIMES, 7, clip=1.5, renoised=False)),
        ('ddpm_20', Ddpm(TIMES, 20, ancestral=True, clip=1.5)),
    ],
)
@torch.no_grad()
def test_whole_chunks_are_drawn_as_lerobot_and_diffusers_draw_them(name, head, monkeypatch):
    network, known = Denoiser(unet(), TIMES), given('known', 2, KNOWN)
    handed, usual = [given('noise', 2, K, D)], draws.normal
    monkeypatch.setattr(draws, 'normal', lambda *a: handed.pop() if handed else usual(*a))
    out = head.sample(lambda x, t: network(known, x, t), (2, K, D), seeded(7), CPU)
    same(out, name)


@pytest.mark.parametrize('norm', ['batch', 'group'])
@torch.no_grad()
def test_the_resnet_sees_what_torchvisions_sees(norm):
    same(filled(ResNet18(norm), 'resnet.')(given('pictures', 2, 3, 70, 96)), f'resnet_{norm}')


@torch.no_grad()
def test_keypoints_lie_where_lerobots_lie():
    same(filled(Keypoints(6, 5), 'keypoints.')(given('features', 2, 6, 3, 4)), 'keypoints')
