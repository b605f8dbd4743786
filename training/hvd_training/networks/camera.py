# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a camera sees as a few numbers: a ResNet-18, then where in the picture its features are.

Keypoints (Levine et al. 2016, as Diffusion Policy pools) tell places, a mean tells only presence.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ConfigError
from hvd_training.networks.pictures import Resize, Size
from hvd_training.networks.resnet import CHANNELS, STRIDE, ResNet18

POOLS = ('keypoints', 'mean')
# Mean and deviation of ImageNet's colours, which pretrained weights were made for.
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class CameraSpec:
    """How pictures are read."""

    height: int = 240  # pixels that higher pictures are scaled to
    norm: str = 'group'
    channels: int = CHANNELS  # of the first layer
    pool: str = 'keypoints'
    keypoints: int = 32

    @property
    def width(self) -> int:
        """Return how many numbers come of a picture."""
        return 2 * self.keypoints if self.pool == 'keypoints' else 8 * self.channels


class Camera(nn.Module):
    """Map bytes (B, H, W, 3) to (B, width)."""

    def __init__(self, size: Size, spec: CameraSpec) -> None:
        super().__init__()
        shown = scaled(size, spec.height)
        if spec.pool == 'keypoints' and max(shown) <= STRIDE:
            raise ConfigError(
                f'images of {shown[1]}x{shown[0]} leave the camera a single place, and its '
                f'keypoints would always be there; show it more than {STRIDE} pixels '
                '(--data.image_height, --data.image_width, picture_height), or keep the mean '
                '(--policy.pool mean, where the policy has it)'
            )
        self.resize = Resize(size, shown)
        mean, deviation = torch.tensor(_MEAN), torch.tensor(_DEVIATION)
        # Of pictures from -1 to 1, as they come out of the resize.
        self.register_buffer('gain', (0.5 / deviation)[:, None, None], persistent=False)
        self.register_buffer('shift', ((0.5 - mean) / deviation)[:, None, None], persistent=False)
        self.gain: Tensor
        self.shift: Tensor
        self.resnet = ResNet18(spec.norm, spec.channels)
        points = Keypoints(self.resnet.width, spec.keypoints)
        self.pool = points if spec.pool == 'keypoints' else Mean()

    def forward(self, images: Tensor) -> Tensor:
        """Return (B, width); raises ContractMismatch for images of another size."""
        out: Tensor = self.pool(self.resnet(self.resize(images) * self.gain + self.shift))
        return out


class Keypoints(nn.Module):
    """Where features (B, C, h, w) lie: the mean place of each of some maps, (B, 2 * count)."""

    def __init__(self, channels: int, count: int) -> None:
        super().__init__()
        self.maps = nn.Conv2d(channels, count, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return x of each from -1 (left) to 1, then y from -1 (top) to 1, point by point."""
        height, width = x.shape[-2:]
        share = self.maps(x).flatten(2).softmax(dim=-1)
        down, right = _from_edge_to_edge(height, x), _from_edge_to_edge(width, x)
        places = torch.stack((right.repeat(height), down.repeat_interleave(width)), dim=-1)
        out: Tensor = (share @ places).flatten(1)
        return out


class Mean(nn.Module):
    """The mean of each feature, (B, C)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C)."""
        return x.mean(dim=(-2, -1))


def scaled(size: Size, height: int) -> Size:
    """Return the size of the same picture with a height; a smaller one stays as it is."""
    if size[0] <= height:
        return size
    return height, max(1, round(size[1] * height / size[0]))


def _from_edge_to_edge(count: int, like: Tensor) -> Tensor:
    if count == 1:
        return torch.zeros(1, dtype=like.dtype, device=like.device)
    return torch.linspace(-1, 1, count, dtype=like.dtype, device=like.device)
