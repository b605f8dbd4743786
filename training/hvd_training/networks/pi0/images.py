# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Images as PaliGemma wants them: whole, in a square with black beside, numbers from -1 to 1.

Any size goes in, and the aspect stays.
"""

import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ContractMismatch


def squared(images: Tensor, side: int) -> Tensor:
    """Return uint8 images (B, H, W, 3) as numbers (B, 3, side, side) in -1..1."""
    _check(images)
    height, width = images.shape[1:3]
    pixels = images.permute(0, 3, 1, 2).float() / 255
    return fitted(pixels, height, width, side) * 2 - 1


def fitted(pixels: Tensor, height: int, width: int, side: int) -> Tensor:
    """Return pixels (B, 3, height, width) in 0..1 scaled into a square, centred on black."""
    if (height, width) == (side, side):
        return pixels
    ratio = max(height, width) / side
    high, wide = max(int(height / ratio), 1), max(int(width / ratio), 1)
    pixels = nn.functional.interpolate(
        pixels, (high, wide), mode='bilinear', align_corners=False
    ).clamp(0, 1)
    above, left = (side - high) // 2, (side - wide) // 2
    return nn.functional.pad(pixels, (left, side - wide - left, above, side - high - above))


def _check(images: Tensor) -> None:
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[-1] != 3:
        raise ContractMismatch(
            f'an image of pi0 is (rows, height, width, 3) in uint8, this one is '
            f'{tuple(images.shape)} in {str(images.dtype).removeprefix("torch.")}; colour images, '
            'of any height and width, and --data.history 1'
        )
