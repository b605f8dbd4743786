# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Images as bytes, checked by a reader that is not ours (Pillow)."""

import io
import struct

import cv2
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
import numpy as np
from PIL import Image
import pytest

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.vision.codec import (
    COLOR_FORMAT,
    DEPTH_FORMAT,
    decode_color,
    decode_depth,
    encode_color,
    encode_depth,
)
from hvd_ros.core.vision.intrinsics import Intrinsics

SHAPES = st.tuples(st.integers(1, 24), st.integers(1, 24))


@settings(max_examples=60)
@given(arrays.arrays(np.uint16, SHAPES))
def test_depth_comes_back_to_the_millimetre(depth):
    back = decode_depth(encode_depth(depth))
    assert back.dtype == np.uint16
    np.testing.assert_array_equal(back, depth)


def test_unknown_and_farthest_depth_come_back():
    depth = np.array([[0, 1, 255], [256, 65534, 65535]], np.uint16)
    np.testing.assert_array_equal(decode_depth(encode_depth(depth)), depth)


def test_depth_bytes_are_those_of_image_transport():
    # compressed_depth_image_transport: enum {UNDEFINED = -1, INV_DEPTH}; struct ConfigHeader
    # {int32 format; float depthParam[2];}, zero-initialised for 16UC1, then a PNG.
    depth = np.random.default_rng(1).integers(0, 65536, (48, 64), np.uint16)
    data = encode_depth(depth)
    assert data[:12] == struct.pack('<iff', 0, 0.0, 0.0)
    with Image.open(io.BytesIO(data[12:])) as image:
        assert (image.format, image.size) == ('PNG', (64, 48))
        np.testing.assert_array_equal(np.asarray(image).astype(np.uint16), depth)
    assert DEPTH_FORMAT == '16UC1; compressedDepth png'


def test_depth_of_another_header_is_read_as_well():
    # The plugin leaves whatever the stack held in the two numbers in some versions.
    depth = np.arange(12, dtype=np.uint16).reshape(3, 4)
    data = struct.pack('<iff', 0, 1.5, -7.0) + encode_depth(depth)[12:]
    np.testing.assert_array_equal(decode_depth(data), depth)


def test_colour_is_a_jpeg_in_rgb_order_of_quality_90():
    rgb = np.zeros((16, 16, 3), np.uint8)
    rgb[:] = (200, 40, 10)
    data = encode_color(rgb)
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.mode) == ('JPEG', 'RGB')
        np.testing.assert_allclose(np.asarray(image)[8, 8], (200, 40, 10), atol=3)
        tables = image.quantization
    by_pillow = io.BytesIO()
    Image.fromarray(rgb).save(by_pillow, 'JPEG', quality=90)
    with Image.open(by_pillow) as image:
        assert tables[0] == image.quantization[0]
    np.testing.assert_allclose(decode_color(data)[8, 8], (200, 40, 10), atol=3)
    assert COLOR_FORMAT == 'rgb8; jpeg compressed bgr8'


def test_quality_90_loses_little_of_a_smooth_picture():
    y, x = np.mgrid[0:120, 0:160]
    rgb = np.stack([x * 255 // 159, y * 255 // 119, (x + y) * 255 // 278], 2).astype(np.uint8)
    error = decode_color(encode_color(rgb)).astype(int) - rgb
    assert np.sqrt((error**2).mean()) < 2.0


def test_what_is_decoded_is_the_same_every_time():
    rgb = np.random.default_rng(5).integers(0, 256, (48, 64, 3), np.uint8)
    data = encode_color(rgb)
    np.testing.assert_array_equal(decode_color(data), decode_color(bytes(bytearray(data))))
    assert data == encode_color(np.asfortranarray(rgb))


@pytest.mark.parametrize(
    'image',
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_what_is_no_colour_is_refused(image):
    with pytest.raises(ContractMismatch, match='colour|image'):
        encode_color(image)


@pytest.mark.parametrize(
    'image',
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.float32), np.zeros((0, 4), np.uint16)],
)
def test_what_is_no_depth_is_refused(image):
    with pytest.raises(ContractMismatch, match='depth|image'):
        encode_depth(image)


@pytest.mark.parametrize('data', [b'', b'\xff\xd8\xff', b'not an image'])
def test_damaged_colour_is_an_error(data):
    with pytest.raises(ContractMismatch, match='not a colour image'):
        decode_color(data)


def test_damaged_depth_is_an_error():
    good = encode_depth(np.ones((8, 8), np.uint16))
    for data in (b'', good[:12], good[12:], b'\0' * 12 + b'RVL...'):
        with pytest.raises(ContractMismatch, match="only '16UC1; compressedDepth png' is read"):
            decode_depth(data)
    with pytest.raises(ContractMismatch, match='damaged or cut off'):
        decode_depth(good[:24])
    eight_bit = cv2.imencode('.png', np.ones((8, 8), np.uint8))[1].tobytes()
    with pytest.raises(ContractMismatch, match='uint8; it must be'):
        decode_depth(b'\0' * 12 + eight_bit)


def test_intrinsics_of_no_camera_are_refused():
    good = Intrinsics(640, 480, 600.0, 600.0, 320.0, 240.0)
    np.testing.assert_array_equal(good.matrix @ [0, 0, 1], [320.0, 240.0, 1.0])
    for wrong in (
        (0, 480, 600.0, 600.0, 320.0, 240.0),
        (640, 480, 0.0, 600.0, 320.0, 240.0),
        (640, 480, 600.0, float('nan'), 320.0, 240.0),
        (640, 480, 600.0, 600.0, float('nan'), 240.0),
        (640, 480, 600.0, 600.0, 320.0, 240.0, (0.1, 0.2)),
    ):
        with pytest.raises(ContractMismatch):
            Intrinsics(*wrong)
