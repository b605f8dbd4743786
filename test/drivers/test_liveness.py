# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""New pictures and pictures that are shown again."""

import numpy as np

from hvd_ros.drivers.cameras.camera import Shot
from hvd_ros.drivers.cameras.liveness import Liveness, blank


def shot(number, *, seed=None, depth_seed=None, **changes):
    color = np.random.default_rng(number if seed is None else seed)
    depth = np.random.default_rng(number if depth_seed is None else depth_seed)
    fields = {
        'color': color.integers(0, 256, (48, 64, 3), np.uint8),
        'depth_mm': depth.integers(1, 9000, (48, 64), np.uint16),
        'captured_ns': number * 33_000_000,
        'captured_steady_ns': number * 33_000_000,
        'sequence': number,
    }
    return Shot(**fields | changes)


def test_new_pictures_are_new():
    liveness = Liveness(noisy=True)
    assert [liveness.judge(shot(n)) for n in range(1, 9)] == [''] * 8


def test_the_same_number_is_the_same_picture():
    liveness = Liveness(noisy=False)
    liveness.judge(shot(1))
    assert 'number 1 comes again' in liveness.judge(shot(2, sequence=1))


def test_a_capture_time_that_stands_still_or_goes_back_is_told():
    liveness = Liveness(noisy=False)
    liveness.judge(shot(5))
    for steady_ns in (5 * 33_000_000, 33_000_000):
        assert 'stands still' in liveness.judge(shot(6, captured_steady_ns=steady_ns))


def test_equal_pixels_of_a_sensor_are_one_picture_whatever_their_numbers_say():
    liveness = Liveness(noisy=True)
    liveness.judge(shot(1))
    assert 'colour image repeats' in liveness.judge(shot(2, seed=1))
    assert 'depth image repeats' in liveness.judge(shot(3, depth_seed=1))
    assert liveness.judge(shot(4)) == ''


def test_one_changed_pixel_is_a_new_picture():
    liveness = Liveness(noisy=True)
    first, second = shot(1), shot(2, seed=1)
    liveness.judge(first)
    second.color[17, 23, 1] ^= 1
    assert liveness.judge(second) == ''


def test_a_still_scene_that_is_drawn_is_new_all_the_same():
    liveness = Liveness(noisy=False)
    liveness.judge(shot(1))
    assert liveness.judge(shot(2, seed=1, depth_seed=1)) == ''


def test_depth_that_sees_nothing_is_no_repetition():
    liveness = Liveness(noisy=True)
    nothing = np.zeros((48, 64), np.uint16)
    liveness.judge(shot(1, depth_mm=nothing))
    assert liveness.judge(shot(2, depth_mm=nothing)) == ''


def test_a_covered_imager_is_seen():
    dark = np.full((48, 64, 3), 16, np.uint8)
    assert blank(shot(1, color=dark))
    spotted = dark.copy()
    spotted[33, 5] = 17  # between the pixels that are looked at first
    assert not blank(shot(1, color=spotted))
    assert not blank(shot(1))
