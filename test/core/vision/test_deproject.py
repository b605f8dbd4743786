# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pixels to points, against OpenCV's projection of the points back to pixels."""

import cv2
import numpy as np
import pytest

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.vision.deproject import Deprojector
from hvd_ros.core.vision.intrinsics import Intrinsics

PLAIN = Intrinsics(64, 48, 52.0, 50.0, 30.2, 24.7)
BENT = Intrinsics(64, 48, 52.0, 50.0, 30.2, 24.7, (0.05, -0.03, 0.001, -0.002, 0.01))


def every_pixel(k, near_m=0.1, far_m=3.0):
    return Deprojector(k, near_m, far_m, spacing_m=0.0)


@pytest.mark.parametrize('k', [PLAIN, BENT], ids=['plain', 'distorted'])
def test_points_project_back_to_their_pixels(k):
    depth = np.random.default_rng(0).integers(200, 2900, (48, 64)).astype(np.uint16)
    deprojector = every_pixel(k)
    pixels = deprojector.pixels(depth)
    points = deprojector.points(depth, pixels)
    assert len(pixels) == 48 * 64
    np.testing.assert_allclose(points[:, 2], depth.ravel() * 1e-3, rtol=1e-6)
    bent = np.array(k.distortion or (0.0,) * 5)
    uv, _ = cv2.projectPoints(points.astype(np.float64), np.zeros(3), np.zeros(3), k.matrix, bent)
    v, u = np.divmod(pixels, 64)
    np.testing.assert_allclose(uv[:, 0], np.stack([u, v], axis=1), atol=2e-2)


def test_unknown_and_unbelievable_depth_is_left_out():
    depth = np.zeros((48, 64), np.uint16)
    depth[0, :6] = [0, 99, 100, 3000, 3001, 65535]
    assert list(every_pixel(PLAIN).pixels(depth)) == [2, 3]
    assert list(every_pixel(PLAIN, near_m=0.0).pixels(depth)) == [1, 2, 3]


@pytest.mark.parametrize(('depth_mm', 'stride'), [(100, 8), (250, 4), (600, 2), (2900, 1)])
def test_near_surfaces_are_thinned_up_to_the_spacing(depth_mm, stride):
    deprojector = Deprojector(PLAIN, 0.01, 3.0, spacing_m=0.0232)
    depth = np.full((48, 64), depth_mm, np.uint16)
    pixels = deprojector.pixels(depth)
    assert len(pixels) == (48 // stride) * (64 // stride)
    x = np.unique(deprojector.points(depth, pixels)[:, 0])
    assert stride == 1 or np.diff(x).max() <= 0.0232


def test_every_depth_has_its_own_stride():
    depth = np.full((48, 64), 2900, np.uint16)
    depth[:, :32] = 100
    v, u = np.divmod(Deprojector(PLAIN, 0.01, 3.0, 0.0232).pixels(depth), 64)
    assert np.sum(u >= 32) == 48 * 32
    assert np.sum(u < 32) == 6 * 4


def test_a_depth_image_of_another_size_is_refused():
    with pytest.raises(ContractMismatch, match=r'\(32, 24\).*\(64, 48\)'):
        every_pixel(PLAIN).pixels(np.zeros((24, 32), np.uint16))
