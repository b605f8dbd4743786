# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Images and clouds as another day would have shown them: moved, tinted, less exact, without colour.

Everything is computed where the batch is, row by row with draws of its own; what was seen at once
in a history is changed alike. A cloud is never turned: commands are in the frame that it is in.
"""

from dataclasses import dataclass
import math

import torch
from torch import Tensor, nn

from hvd_ros.core.config import check, param
from hvd_training.policies import draws
from hvd_training.policies.draws import Source

_GREY = (0.299, 0.587, 0.114)  # how bright red, green and blue are to the eye


@dataclass(frozen=True)
class SightConfig:
    """How much images and clouds are changed."""

    crop: float = param(
        0.0, 'Share of the sides of an image that is cut away somewhere; the rest fills it again.',
        low=0.0, high=0.9,
    )  # fmt: skip
    shift: float = param(
        0.0, 'Share of its sides by which an image moves at most; its edges repeat.',
        low=0.0, high=0.5,
    )  # fmt: skip
    turn_deg: float = param(0.0, 'By how much an image turns at most.', low=0.0, high=180.0)
    brightness: float = param(0.0, 'Share by which it changes at most.', low=0.0, high=1.0)
    contrast: float = param(0.0, 'Share by which it changes at most.', low=0.0, high=1.0)
    saturation: float = param(0.0, 'Share by which it changes at most.', low=0.0, high=1.0)
    cloud_jitter_m: float = param(0.0, 'Deviation of each point of a cloud.', low=0.0, high=1.0)
    cloud_grey: float = param(
        0.0, 'Share of rows whose cloud has no colour.', low=0.0, high=1.0
    )  # fmt: skip

    def __post_init__(self) -> None:
        check(self)

    @property
    def moves(self) -> bool:
        """Whether pixels change places."""
        return bool(self.crop or self.shift or self.turn_deg)

    @property
    def tints(self) -> bool:
        """Whether colours change."""
        return bool(self.brightness or self.contrast or self.saturation)


def changed_images(images: Tensor, config: SightConfig, source: Source) -> Tensor:
    """Return bytes (B, H, W, 3) or (B, T, H, W, 3), changed as the config asks for."""
    if not (config.moves or config.tints):
        return images
    moments = images.shape[1] if images.ndim == 5 else 1
    # In -1..1: place across and down, move across and down, turn; brightness, contrast, colours.
    drawn = 2 * draws.uniform(source, (len(images), 8), images.device) - 1
    drawn = drawn.repeat_interleave(moments, dim=0)
    x = images.reshape(-1, *images.shape[-3:]).permute(0, 3, 1, 2).float() / 255
    if config.moves:
        x = moved(x, config, drawn[:, :5])
    if config.tints:
        x = tinted(x, config, drawn[:, 5:])
    out = (x.clamp(0, 1) * 255).round().to(torch.uint8)
    return out.permute(0, 2, 3, 1).reshape(images.shape)


def moved(x: Tensor, config: SightConfig, drawn: Tensor) -> Tensor:
    """Cut, move and turn images (N, 3, H, W) by draws (N, 5) from -1 to 1."""
    height, width = x.shape[-2:]
    across, down, right, low, turn = drawn.unbind(1)
    # Where each pixel comes from, in -1..1 over the image.
    scale, angle = 1 - config.crop, turn * math.radians(config.turn_deg)
    cos, sin = scale * angle.cos(), scale * angle.sin()
    to_x = torch.stack(
        [cos, -sin * height / width, across * config.crop + 2 * right * config.shift], dim=1
    )
    to_y = torch.stack(
        [sin * width / height, cos, down * config.crop + 2 * low * config.shift], dim=1
    )
    grid = nn.functional.affine_grid(torch.stack([to_x, to_y], dim=1), list(x.shape), False)
    return nn.functional.grid_sample(x, grid, padding_mode='border', align_corners=False)


def tinted(x: Tensor, config: SightConfig, drawn: Tensor) -> Tensor:
    """Change brightness, contrast and saturation of images (N, 3, H, W) by draws (N, 3)."""
    amounts = (config.brightness, config.contrast, config.saturation)
    light, contrast, colour = (1 + drawn * drawn.new_tensor(amounts))[..., None, None].unbind(1)
    x = x * light[:, None]
    mean = _grey(x).mean(dim=(2, 3), keepdim=True)
    x = torch.lerp(mean.expand_as(x), x, contrast[:, None].expand_as(x))
    return torch.lerp(_grey(x).expand_as(x), x, colour[:, None].expand_as(x))


def changed_cloud(cloud: Tensor, config: SightConfig, source: Source) -> Tensor:
    """Return a cloud (B, N, 6), less exact and in a share of the rows without colour."""
    if not (config.cloud_jitter_m or config.cloud_grey):
        return cloud
    place, colour = cloud[..., :3], cloud[..., 3:]
    if config.cloud_jitter_m:
        noise = draws.normal(source, tuple(place.shape), place.device)
        place = place + config.cloud_jitter_m * noise
    if config.cloud_grey:
        kept = draws.uniform(source, (len(cloud),), cloud.device) >= config.cloud_grey
        colour = colour * kept[:, None, None]
    return torch.cat([place, colour], dim=-1)


def _grey(x: Tensor) -> Tensor:
    return (x * x.new_tensor(_GREY)[:, None, None]).sum(dim=1, keepdim=True)
