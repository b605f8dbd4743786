# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Diffusion Policy: its size, what it learns, and what it refuses."""

from itertools import pairwise

import pytest
from safetensors.torch import save_file
import torch

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.networks.pretrained import take_over
from hvd_training.networks.resnet import ResNet18
from hvd_training.policies.dp import DpConfig, begin, build
from hvd_training.policies.small import Shapes
from test.training.policies.overfitting import learnt_by_heart
from test.training.toy import made, seeded

# torchvision's count of its ResNet-18, less that of its classifier.
RESNET = 11_689_512 - (512 * 1000 + 1000)
TINY = {
    'channels': (64,), 'groups': 4, 'time_width': 16, 'kernel': 3, 'picture_height': 32,
    'image_channels': 16, 'pool': 'mean',
}  # fmt: skip


def tiny(**more):
    torch.manual_seed(0)
    shapes = {'horizon': 4, 'size': 2, 'state': 2, 'cameras': {'head': (32, 32)}, 'history': 2}
    config = {k: more.pop(k) for k in list(more) if k in DpConfig.__dataclass_fields__}
    return build(DpConfig(**TINY | config), Shapes(**shapes | more))


def seen(rows=2):
    """Return rows that differ in state and picture."""
    way = torch.linspace(-1, 1, rows)
    bright = torch.linspace(0, 255, rows).to(torch.uint8)
    return {
        'state': torch.stack((way, -way), dim=1)[:, None].expand(rows, 2, 2),
        'rgb.head': bright[:, None, None, None, None].expand(rows, 2, 32, 32, 3),
    }


def unet_parameters(size, known, channels, time, kernel):
    """Count by hand: convolutions with bias, two numbers a channel of a norm, linear layers."""

    def conv(inputs, outputs, width):
        return inputs * outputs * width + outputs

    def block(inputs, outputs):
        around = conv(inputs, outputs, 1) if inputs != outputs else 0
        film = (time + known) * 2 * outputs + 2 * outputs
        layers = conv(inputs, outputs, kernel) + conv(outputs, outputs, kernel) + 4 * outputs
        return layers + film + around

    def level(inputs, outputs):
        return block(inputs, outputs) + block(outputs, outputs)

    total = conv(time, 4 * time, 1) + conv(4 * time, time, 1)
    total += sum(level(a, b) for a, b in pairwise((size, *channels)))
    total += level(channels[-1], channels[-1])
    total += sum(level(2 * b, a) for a, b in pairwise(channels))
    total += sum(conv(c, c, 3) + conv(c, c, 4) for c in channels[:-1])
    return (
        total
        + conv(channels[0], channels[0], kernel)
        + 2 * channels[0]
        + conv(channels[0], size, 1)
    )


def test_the_paper_s_size_has_as_many_parameters_as_its_formula():
    """Table 7 on the R1: 21 dimensions, three cameras, history 2; 771 million."""
    state, cameras, history = 70, 3, 2
    size = (480, 640)
    with torch.device('meta'):
        policy = build(
            DpConfig(),
            Shapes(20, 21, state, history=history, cameras=dict.fromkeys('abc', size)),
        )
    known = history * (state + cameras * 64)
    camera = RESNET + 512 * 32 + 32
    expected = cameras * camera + known + unet_parameters(21, known, (256, 1024, 4096), 128, 5)
    assert sum(p.numel() for p in policy.parameters()) == expected
    assert round(expected / 1e6) == 771


def test_two_chunks_are_learnt_by_heart_and_said_back_within_a_hundredth():
    policy = tiny(horizon=2, clip=1.5)
    wanted = torch.tensor([[[0.3, -0.6], [0.5, -0.2]], [[-0.5, 0.2], [-0.3, 0.6]]])
    assert learnt_by_heart(policy, seen(), wanted) <= 1e-2


def test_every_parameter_learns_so_that_processes_can_share_gradients():
    policy = tiny(sim_state=3, prompts=2, cloud=True)
    more = {'sim_state': torch.randn(2, 3), 'prompt': torch.tensor([0, 1]),
            'cloud': torch.rand(2, 20, 6)}  # fmt: skip
    batch = made(torch.randn(2, 4, 2), observation=seen() | more)
    policy.errors(batch, seeded()).mean().backward()
    assert [name for name, p in policy.named_parameters() if p.grad is None] == []


def test_older_moments_and_pictures_and_where_things_are_in_them_all_matter():
    policy = tiny()
    usual = policy.sample(seen(), seeded())
    for key in ('state', 'rgb.head'):
        for moment in (0, 1):
            other = {k: v.clone() for k, v in seen().items()}
            other[key][:, moment] += 9
            assert not torch.allclose(policy.sample(other, seeded()), usual), (key, moment)
    shown = torch.zeros(1, 64, 64, 3, dtype=torch.uint8)
    where = tiny(cameras={'head': (64, 64)}, picture_height=64, pool='keypoints', keypoints=4)
    camera = where.encoder.readers['rgb_head']
    left, right = shown.clone(), shown.clone()
    left[:, :, :20], right[:, :, 44:] = 255, 255
    assert not torch.allclose(camera(left), camera(right))
    with pytest.raises(ConfigError, match='32x32 leave the camera a single place'):
        tiny(pool='keypoints')


def test_ddim_takes_as_many_steps_as_asked_and_ddpm_all():
    calls = []
    for sampler, steps, expected in (('ddpm', 0, 20), ('ddim', 0, 20), ('ddim', 7, 7)):
        policy = tiny(sampler=sampler, sampling_steps=steps)
        policy.network.register_forward_hook(lambda *a: calls.append(1))
        policy.sample(seen(), seeded())
        assert len(calls) == expected
        calls.clear()
    with pytest.raises(ConfigError, match='ancestral sampling takes all 20 steps, not 7'):
        tiny(sampler='ddpm', sampling_steps=7)


def test_pictures_of_another_size_and_a_missing_camera_are_named():
    policy, batch = tiny(), seen()
    with pytest.raises(ContractMismatch, match=r'built for images of 32x32 pixels, given.*40'):
        policy.sample(batch | {'rgb.head': torch.zeros(2, 2, 40, 32, 3).byte()}, seeded())
    with pytest.raises(ContractMismatch, match=r"built for 'rgb.head'.*only state"):
        policy.sample({'state': batch['state']}, seeded())
    with pytest.raises(ContractMismatch, match=r'2 moments at once.*--data.history 2'):
        policy.sample({'state': batch['state'][:, 0], 'rgb.head': batch['rgb.head']}, seeded())


def test_chunks_that_can_not_be_halved_and_channels_that_make_no_groups_are_refused():
    with pytest.raises(ConfigError, match=r'data.horizon = 6.*3 levels.*multiple of 4'):
        tiny(horizon=6, channels=(16, 16, 16))
    with pytest.raises(ConfigError, match='10 channels of a U-Net are no multiple of its 4'):
        tiny(channels=(10,))
    with pytest.raises(ConfigError, match='a kernel that is odd'):
        tiny(kernel=4)


@pytest.fixture
def published(tmp_path):
    """Write a file as torchvision names its weights: a classifier, counts, no camera's name."""
    torch.manual_seed(5)
    weights = {name: value + 0.1 for name, value in ResNet18('batch', 16).state_dict().items()}
    weights |= {'fc.weight': torch.zeros(4, 128), 'bn1.num_batches_tracked': torch.ones(())}
    save_file(weights, tmp_path / 'resnet18.safetensors')
    return tmp_path / 'resnet18.safetensors', weights


def test_pretrained_weights_are_taken_over_by_name_and_what_fitted_is_said(published):
    path, weights = published
    policy = tiny(image_norm='batch', image_weights=str(path))
    config = DpConfig(**TINY, image_norm='batch', image_weights=str(path))
    (line,) = begin(config, policy)
    assert f'{len(weights) - 2} taken over, 2 unused (bn1.num_batches_tracked, fc.' in line
    resnet = policy.encoder.readers['rgb_head'].resnet
    assert all(torch.equal(v, weights[k]) for k, v in resnet.state_dict().items())


def test_weights_that_can_not_be_taken_over_are_refused(published, tmp_path):
    path, weights = published
    policy = tiny()
    with pytest.raises(ConfigError, match='learnt with batch norm.*image_norm batch'):
        begin(DpConfig(image_weights=str(path)), policy)
    (tmp_path / 'a.pth').write_bytes(b'\x80\x02}q\x00.')
    with pytest.raises(ConfigError, match='can not be read as weights.*safetensors'):
        begin(DpConfig(image_norm='batch', image_weights=str(tmp_path / 'a.pth')), policy)
    with pytest.raises(ConfigError, match='no camera is looked through'):
        begin(DpConfig(image_norm='batch', image_weights=str(path)), tiny(cameras={}))
    with pytest.raises(ContractMismatch, match='none of the weights of this network'):
        take_over(ResNet18('batch', 16), {'other': torch.zeros(1)}, 'a file')
    with pytest.raises(ContractMismatch, match='100 of another shape'):
        take_over(ResNet18('batch', 32), weights, 'a file')
    del weights['conv1.weight'], weights['bn1.bias']
    weights['bn1.weight'] = torch.zeros(3)
    taken = take_over(ResNet18('batch', 16), weights, 'a file')
    assert taken.missing == ('conv1.weight', 'bn1.bias')
    assert taken.unlike == ('bn1.weight',)
    assert '2 missing (conv1.weight, bn1.bias)' in str(taken)
