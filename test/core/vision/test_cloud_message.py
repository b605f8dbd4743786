# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The bytes of a cloud, read field by field as the message's definition says."""

import struct

import numpy as np
import pytest

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.vision.cloud_message import FIELDS, POINT_STEP, pack_points, unpack_points

XYZ = np.array([[1.5, -2.25, 0.125], [0.1, 0.2, 0.3]], np.float32)
RGB = np.array([[255, 128, 1], [0, 0, 255]], np.uint8)


def test_bytes_are_what_the_definition_says():
    data = pack_points(XYZ, RGB)
    assert data.typecode == 'B'
    for i in range(2):
        x, y, z, packed = struct.unpack_from('<fffI', data, i * POINT_STEP)
        np.testing.assert_array_equal(np.float32([x, y, z]), XYZ[i])
        assert packed == int(bytes(RGB[i]).hex(), 16)


def test_what_was_packed_is_unpacked():
    xyz, rgb = unpack_points(pack_points(XYZ, RGB))
    np.testing.assert_array_equal(xyz, XYZ)
    np.testing.assert_array_equal(rgb, RGB)
    assert (xyz.dtype, rgb.dtype) == (np.float32, np.uint8)


def test_another_layout_is_read_by_its_offsets():
    data = struct.pack('<ffffIf', 0.0, 1.0, 2.0, 3.0, 0x00010203, 0.0)
    xyz, rgb = unpack_points(data, 24, {'x': 4, 'y': 8, 'z': 12, 'rgb': 16, 'intensity': 20})
    assert xyz.tolist() == [[1.0, 2.0, 3.0]]
    assert rgb.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    ('data', 'step', 'offsets'),
    [(bytes(17), 16, None), (bytes(16), 0, None), (bytes(12), 12, {'x': 0, 'y': 4, 'z': 8})],
)
def test_a_cloud_that_is_not_whole_or_lacks_a_field_is_refused(data, step, offsets):
    with pytest.raises(ContractMismatch, match=', '.join(FIELDS)):
        unpack_points(data, step, offsets)


def test_no_points_are_no_bytes():
    assert len(pack_points(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8))) == 0
    assert unpack_points(b'')[0].shape == (0, 3)
