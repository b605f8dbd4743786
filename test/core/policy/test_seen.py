# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a policy is shown: as many points as it learnt with, pictures of bytes in three colours."""

import numpy as np
import pytest

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.policy.seen import seen_cloud, seen_picture, seen_state


def test_a_cloud_is_cut_or_repeated_to_as_many_points():
    xyz, rgb = np.arange(9.0).reshape(3, 3), np.full((3, 3), 255, np.uint8)
    assert seen_cloud(xyz, rgb, 2)[:, :3].tolist() == xyz[:2].tolist()
    assert seen_cloud(xyz, rgb, 5)[:, :3].tolist() == xyz[[0, 1, 2, 0, 1]].tolist()
    assert (seen_cloud(xyz, rgb, 5)[:, 3:] == 1.0).all()


def test_nothing_in_sight_is_a_heap_at_the_origin_and_no_error():
    seen = seen_cloud(np.empty((0, 3), np.float32), np.empty((0, 3), np.uint8), 4)
    assert seen.shape == (4, 6)
    assert seen.dtype == np.float32
    assert not seen.any()


@pytest.mark.parametrize('picture', [np.zeros((4, 5), np.uint8), np.zeros((4, 5, 3)),
                                     np.zeros((3, 4, 5), np.uint8)])  # fmt: skip
def test_what_is_no_picture_in_three_colours_is_named(picture):
    with pytest.raises(ContractMismatch, match=r'a picture of .* \([345, ]+\); policies are'):
        seen_picture(picture, (8, 8))


@pytest.mark.parametrize('state', [np.zeros(3), np.zeros((1, 9))])
def test_a_state_that_is_too_short_or_has_another_shape_is_named(state):
    assert seen_state(np.arange(5.0), [4, 0]).tolist() == [4.0, 0.0]
    with pytest.raises(ContractMismatch, match=r'a state of shape .*; .* numbers up to 5 of one'):
        seen_state(state, [4, 0])
