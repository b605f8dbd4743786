# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Images become numbers as PyTorch's own antialiased scaling makes them, and are then read."""

import math

import pytest
import torch
from torch import nn

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.networks.encoders import EncoderSpec, ObservationEncoder
from hvd_training.networks.pictures import PictureNet, Resize

B = 3


def images(*shape: int) -> torch.Tensor:
    source = torch.Generator().manual_seed(0)
    return torch.randint(256, (*shape, 3), dtype=torch.uint8, generator=source)


@pytest.mark.parametrize(('size', 'to'), [((48, 64), (16, 16)), ((20, 30), (32, 33))])
def test_scaling_is_that_of_pytorch(size: tuple[int, int], to: tuple[int, int]) -> None:
    given = images(B, *size)
    wanted = nn.functional.interpolate(
        given.permute(0, 3, 1, 2).float(), to, mode='bilinear', antialias=True
    )
    torch.testing.assert_close(Resize(size, to)(given), wanted / 127.5 - 1, atol=1e-5, rtol=0)


def test_bytes_of_the_wanted_size_only_change_their_range() -> None:
    given = torch.tensor([0, 255], dtype=torch.uint8).reshape(1, 1, 2, 1).expand(1, 1, 2, 3)
    assert Resize((1, 2), (1, 2))(given).unique().tolist() == [-1, 1]


def test_images_of_another_size_are_refused_with_both_sizes() -> None:
    with pytest.raises(ContractMismatch, match=r'built for images of 64x48.*\(32, 32, 3\)'):
        Resize((48, 64), (16, 16))(images(1, 32, 32))
    with pytest.raises(ConfigError, match='a multiple of 16'):
        PictureNet(40, 8)


def made(history: int = 1) -> ObservationEncoder:
    torch.manual_seed(0)
    spec = EncoderSpec(
        state=2, width=16, history=history, cameras={'head': (24, 32), 'left.wrist': (24, 32)},
        picture_side=16, picture_width=8,
    )  # fmt: skip
    return ObservationEncoder(spec)


def seen(history: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return {
        'state': torch.randn(B, history, 2),
        'rgb.head': images(B, history, 24, 32),
        'rgb.left.wrist': images(B, history, 24, 32),
    }


def test_a_network_of_one_moment_sees_the_newest_of_a_history() -> None:
    net, long = made(), seen(3)
    newest = {key: value[:, -1] for key, value in long.items()}
    assert torch.equal(net(long), net(newest))


def test_a_network_of_a_history_sees_all_of_it_and_refuses_less() -> None:
    net, long = made(2), seen(2)
    usual = net(long)
    assert usual.shape == (B, 16)
    for key in long:
        earlier = dict(long)
        earlier[key] = long[key].clone()
        earlier[key][:, 0] = 9
        assert not torch.equal(net(earlier), usual), key
    with pytest.raises(ContractMismatch, match='--data.history 2'):
        net(seen(1))


def test_a_camera_that_is_absent_is_learnt_and_not_looked_at() -> None:
    net, given = made(), seen(1)
    present = torch.tensor([True, False, True])
    usual = net(given | {'rgb.head.present': present})
    other = given | {'rgb.head': given['rgb.head'].clone(), 'rgb.head.present': present}
    other['rgb.head'][1] = 255
    assert torch.equal(net(other), usual)
    assert not torch.equal(net(given)[1], usual[1])
    usual.sum().backward()
    grads = {name: p.grad for name, p in net.named_parameters()}
    assert all(grad is not None and torch.isfinite(grad).all() for grad in grads.values())
    assert math.isfinite(float(grads['absent.rgb_head'].abs().sum()))
    assert grads['absent.rgb_head'].abs().sum() > 0
