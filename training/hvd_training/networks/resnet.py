# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
ResNet-18 (He et al. 2016) without its classifier, with the names of torchvision's weights.

Two ways to normalise: in groups, which learns from scratch in small batches and suits averaged
weights; or by the statistics that pretrained weights bring along, which are never changed.
"""

import torch
from torch import Tensor, nn

NORMS = ('group', 'batch')
CHANNELS = 64  # of the first layer
STRIDE = 32  # pixels of a picture for one place of the last layer
_STAGES = ('layer1', 'layer2', 'layer3', 'layer4')  # each has twice the channels
_CHANNELS_OF_A_GROUP = 16
_EPS = 1e-5


class KnownNorm(nn.Module):
    """Batch norm by given statistics; all of it is given, nothing is learnt."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        for name, value in (('weight', 1), ('bias', 0), ('running_mean', 0), ('running_var', 1)):
            self.register_buffer(name, torch.full((channels,), float(value)))
        self.weight: Tensor
        self.bias: Tensor
        self.running_mean: Tensor
        self.running_var: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, h, w)."""
        scale = self.weight * (self.running_var + _EPS).rsqrt()
        offset = self.bias - self.running_mean * scale
        return x * scale[:, None, None] + offset[:, None, None]


class BasicBlock(nn.Module):
    """Two convolutions and what went in; the first may halve the picture."""

    def __init__(self, inputs: int, outputs: int, stride: int, norm: str) -> None:
        super().__init__()
        self.conv1 = _conv(inputs, outputs, 3, stride)
        self.bn1 = _norm(outputs, norm)
        self.conv2 = _conv(outputs, outputs, 3, 1)
        self.bn2 = _norm(outputs, norm)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                _conv(inputs, outputs, 1, stride), _norm(outputs, norm)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, outputs, h / stride, w / stride)."""
        out = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        added: Tensor = out + self.downsample(x)
        return added.relu()


class ResNet18(nn.Module):
    """Map pictures (B, 3, h, w) to what is seen where (B, width, h / 32, w / 32)."""

    def __init__(self, norm: str = 'group', channels: int = CHANNELS) -> None:
        super().__init__()
        self.conv1 = _conv(3, channels, 7, 2)
        self.bn1 = _norm(channels, norm)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        before = channels
        for number, name in enumerate(_STAGES):
            after = channels * 2**number
            first = BasicBlock(before, after, 2 if number else 1, norm)
            self.add_module(name, nn.Sequential(first, BasicBlock(after, after, 1, norm)))
            before = after
        self.width = before

    def forward(self, x: Tensor) -> Tensor:
        """Return the last layer."""
        x = self.maxpool(self.bn1(self.conv1(x)).relu())
        for name in _STAGES:
            x = self.get_submodule(name)(x)
        return x


def _conv(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Conv2d:
    made = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    nn.init.kaiming_normal_(made.weight, mode='fan_out', nonlinearity='relu')
    return made


def _norm(channels: int, norm: str) -> nn.Module:
    if norm == 'batch':
        return KnownNorm(channels)
    return nn.GroupNorm(channels // _CHANNELS_OF_A_GROUP, channels)
