# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Images as bytes: colour as JPEG, depth as image_transport's lossless compressedDepth.

An image is encoded once, in the camera node; the recorder writes these very bytes, and the live
policy decodes the same, so that what was recorded is what was seen.
"""

import struct
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ContractMismatch

Pixels = NDArray[np.uint8]
Depth = NDArray[np.uint16]

# What CompressedImage.format says of our bytes, in the words of image_transport's plugins.
COLOR_FORMAT = 'rgb8; jpeg compressed bgr8'
DEPTH_FORMAT = '16UC1; compressedDepth png'
JPEG_QUALITY = 90

# compressed_depth_image_transport's ConfigHeader: int32 format, float32 depthParam[2]. The two
# numbers serve 32FC1 images only; for 16UC1 the PNG holds the millimetres themselves.
_HEADER = struct.Struct('<iff')
_INV_DEPTH = 0
_PNG_SIGNATURE = b'\x89PNG\r\n\x1a\n'
# The fastest of zlib: higher levels save little on depth and cost several times as long.
_PNG_OPTIONS = (cv2.IMWRITE_PNG_COMPRESSION, 1)


def encode_color(rgb: Pixels, quality: int = JPEG_QUALITY) -> bytes:
    """Return (H, W, 3) uint8 RGB as JPEG."""
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
        raise ContractMismatch(f'colour is {_what(rgb)}; it must be (H, W, 3) uint8 RGB')
    return _encode('.jpg', cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), cv2.IMWRITE_JPEG_QUALITY, quality)


def decode_color(data: bytes) -> Pixels:
    """Return the (H, W, 3) uint8 RGB image of a JPEG."""
    bgr = _decode(data, cv2.IMREAD_COLOR, 'a colour image')
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def encode_depth(depth_mm: Depth) -> bytes:
    """Return (H, W) uint16 millimetres (0: unknown) as a compressedDepth header and a PNG."""
    if depth_mm.dtype != np.uint16 or depth_mm.ndim != 2 or not depth_mm.size:
        raise ContractMismatch(f'depth is {_what(depth_mm)}; it must be (H, W) uint16 in mm')
    return _HEADER.pack(_INV_DEPTH, 0.0, 0.0) + _encode('.png', depth_mm, *_PNG_OPTIONS)


def decode_depth(data: bytes) -> Depth:
    """Return the (H, W) uint16 millimetres of a compressedDepth image of encoding 16UC1."""
    png = memoryview(data)[_HEADER.size :]
    if bytes(png[: len(_PNG_SIGNATURE)]) != _PNG_SIGNATURE:
        raise ContractMismatch(
            f'depth: {len(data)} bytes that are not a {_HEADER.size}-byte header and a PNG; '
            f"only '{DEPTH_FORMAT}' is read"
        )
    depth = _decode(png, cv2.IMREAD_UNCHANGED, 'a depth image')
    if depth.dtype != np.uint16 or depth.ndim != 2:
        raise ContractMismatch(f'depth is {_what(depth)}; it must be (H, W) uint16 in mm')
    return depth


def _encode(suffix: str, image: NDArray[Any], *options: int) -> bytes:
    _, data = cv2.imencode(suffix, image, options)
    return bytes(data.data)


def _decode(data: bytes | memoryview, flags: int, what: str) -> NDArray[Any]:
    raw = np.frombuffer(data, np.uint8)
    image = cv2.imdecode(raw, flags) if raw.size else None
    if image is None:
        raise ContractMismatch(f'{len(data)} bytes are not {what}; they were damaged or cut off')
    return np.asarray(image)


def _what(image: NDArray[Any]) -> str:
    return f'{image.shape} {image.dtype}'
