# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A picture of the start of one trial laid over what the camera sees now, half and half."""

import numpy as np

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.vision.codec import Pixels, decode_color, encode_color


def half_and_half(reference: Pixels, current: Pixels) -> Pixels:
    """Return the mean of two images, rounded up at a half; what moved is seen twice."""
    if reference.shape != current.shape:
        raise ContractMismatch(
            f'the picture of the start is {_size(reference)}, the camera gives {_size(current)}; '
            'set the camera as it was, or remove the picture'
        )
    total = reference.astype(np.uint16) + current
    return ((total + 1) // 2).astype(np.uint8)


def overlay(reference: bytes, current: bytes) -> bytes:
    """Return the JPEG of two JPEGs half and half."""
    return encode_color(half_and_half(decode_color(reference), decode_color(current)))


def _size(image: Pixels) -> str:
    return f'{image.shape[1]}x{image.shape[0]}'
