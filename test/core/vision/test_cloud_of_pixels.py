# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A cloud of pixels, as a simulation has them, is the cloud of the bytes that would travel."""

import numpy as np

from hvd_ros.core.robot.description import load_body
from hvd_ros.core.vision.cloud import CloudBuilder, SceneConfig, View
from hvd_ros.core.vision.codec import encode_color, encode_depth
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.core.vision.mounts import nominal_mounts


def test_pixels_and_bytes_give_one_cloud():
    body = load_body('r1')
    k = Intrinsics(80, 60, 50.0, 50.0, 39.5, 29.5)
    rng = np.random.default_rng(0)
    depth_mm = rng.integers(600, 1500, (60, 80)).astype(np.uint16)
    color = np.full((60, 80, 3), (200, 90, 40), np.uint8)
    position = body.pose('home')
    pixels = View('head', color, depth_mm, k, 7, position)
    encoded = View('head', encode_color(color), encode_depth(depth_mm), k, 7, position)
    builder = CloudBuilder(body, nominal_mounts(body), SceneConfig(points=256))
    one, two = builder.build([pixels]), builder.build([encoded])
    assert one.valid == 256
    assert not one.left_out
    np.testing.assert_array_equal(one.xyz, two.xyz)
    assert (one.rgb == (200, 90, 40)).all()
    # JPEG, quality 90.
    assert np.abs(one.rgb.astype(int) - two.rgb).max() <= 4
