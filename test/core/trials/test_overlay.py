# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Two pictures half and half, in closed form."""

import numpy as np
import pytest

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.trials.overlay import half_and_half, overlay
from hvd_ros.core.vision.codec import decode_color, encode_color


def plain(value, size=(48, 64)):
    return np.full((*size, 3), value, np.uint8)


@pytest.mark.parametrize(('a', 'b', 'mean'), [(0, 255, 128), (255, 255, 255), (10, 20, 15)])
def test_the_mean_of_two_colours_without_overflow(a, b, mean):
    assert (half_and_half(plain(a), plain(b)) == mean).all()


def test_the_same_scene_looks_as_it_does_and_what_moved_is_seen_twice():
    here, there = plain(0), plain(0)
    here[:, 10], there[:, 30] = 200, 200
    assert (half_and_half(here, here) == here).all()
    both = half_and_half(here, there)
    assert set(np.flatnonzero(both[0, :, 0])) == {10, 30} and both.max() == 100


def test_jpegs_in_and_out():
    found = decode_color(overlay(encode_color(plain(40)), encode_color(plain(80))))
    assert found.shape == (48, 64, 3)
    assert np.abs(found.astype(int) - 60).max() <= 1


def test_another_size_is_refused_with_both():
    with pytest.raises(ContractMismatch, match='64x48, the camera gives 64x24'):
        half_and_half(plain(0), plain(0, (24, 64)))
