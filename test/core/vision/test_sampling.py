# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Farthest point sampling: as good as the textbook's, repeatable, always N points."""

import subprocess
import sys

import numpy as np
import pytest

from hvd_ros.core.vision.sampling import cover_radius, farthest, farthest_plain


def scene(size, seed=0):
    rng = np.random.default_rng(seed)
    plane = np.c_[rng.uniform(0, 1, (size - size // 3, 2)), np.zeros(size - size // 3)]
    ball = rng.normal(size=(size // 3, 3))
    ball = 0.2 * ball / np.linalg.norm(ball, axis=1)[:, None] + [0.5, 0.5, 0.4]
    return np.concatenate([plane, ball]).astype(np.float32)


@pytest.mark.parametrize(('size', 'count'), [(40, 16), (3000, 256), (20_000, 512)])
def test_cover_is_as_good_as_the_textbook_s(size, count):
    points = scene(size)
    chosen = farthest(points, count)
    assert len(set(chosen.tolist())) == count
    exact = farthest_plain(points, count)
    assert cover_radius(points, points[chosen]) <= 1.05 * cover_radius(points, points[exact])


def test_the_textbook_s_loop_is_greedy():
    """Each point is the one farthest from all before it, by plain distances."""
    points = scene(300)
    chosen = farthest_plain(points, 40)
    for i in range(1, 40):
        away = np.linalg.norm(points[:, None] - points[chosen[:i]], axis=2).min(axis=1)
        assert away[chosen[i]] == pytest.approx(away.max(), rel=1e-5)


def test_cover_radius_is_the_largest_distance_to_the_nearest_sample():
    points, samples = scene(2000), scene(50, seed=1)
    brute = np.linalg.norm(points[:, None].astype(float) - samples, axis=2).min(axis=1).max()
    assert cover_radius(points, samples, block=300) == pytest.approx(brute, rel=1e-9)


def test_a_lone_point_is_never_lost():
    points = scene(5000)
    points[1234] = 5.0, 5.0, 5.0
    assert 1234 in farthest(points, 16)


def test_the_same_points_give_the_same_sample():
    points = scene(20_000)
    first = farthest(points, 1000)
    np.testing.assert_array_equal(first, farthest(points.copy(), 1000))
    code = (
        'import numpy, sys; from hvd_ros.core.vision.sampling import farthest;'
        'p = numpy.frombuffer(sys.stdin.buffer.read(), numpy.float32).reshape(-1, 3);'
        'sys.stdout.buffer.write(farthest(p, 1000).tobytes())'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], input=points.tobytes(), capture_output=True, check=True
    )
    assert done.stdout == first.tobytes()


def test_every_point_is_the_farthest_from_those_before_it():
    points = scene(5000)
    chosen = farthest(points, 60)
    for i in range(1, 60):
        away = np.linalg.norm(points[:, None] - points[chosen[:i]], axis=2).min(axis=1)
        assert away[chosen[i]] == pytest.approx(away.max(), rel=1e-5)


@pytest.mark.parametrize('size', [1, 5, 15])
def test_too_few_points_repeat_in_order(size):
    chosen = farthest(scene(size), 16)
    np.testing.assert_array_equal(chosen, np.arange(16) % size)


@pytest.mark.parametrize('size', [16, 17, 18])
def test_just_enough_points_are_all_different(size):
    assert len(set(farthest(scene(size), 16).tolist())) == 16


def test_no_points_give_no_sample():
    assert farthest(np.zeros((0, 3), np.float32), 16).shape == (0,)
