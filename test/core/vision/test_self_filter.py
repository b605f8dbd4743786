# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The self-filter takes the points on the robot's spheres, all of them and no others."""

import numpy as np
import pytest
import yaml

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.kinematics import BodyKinematics
from hvd_ros.core.vision.self_filter import SelfFilter

BODY = load_body('r1')
KINEMATICS = BodyKinematics(BODY)
MARGIN_M = 0.02


def spheres(values):
    """Return centres and radii in base_link, from the file and the frames directly."""
    centers, radii = [], []
    for link, rows in yaml.safe_load(BODY.spheres.read_text())['spheres'].items():
        pose = KINEMATICS.pose(values, link)
        for x, y, z, radius in rows:
            centers.append((pose @ [x, y, z, 1.0])[:3])
            radii.append(radius)
    return np.array(centers), np.array(radii)


@pytest.mark.parametrize('pose', ['home', 'zero', 'random'])
def test_points_are_removed_exactly_where_a_sphere_is(pose):
    rng = np.random.default_rng(3)
    values = np.zeros(BODY.size)
    if pose == 'home':
        values = BODY.pose('home')
    if pose == 'random':
        low, high = BODY.limits.low, BODY.limits.high
        shown = np.array([bool(d.joint) for d in BODY.dimensions])
        values = np.where(shown, rng.uniform(low, high), 0.0)
    centers, radii = spheres(values)
    scattered = rng.uniform([-0.5, -1.2, -0.2], [1.2, 1.2, 1.8], (20_000, 3))
    ahead = rng.normal(size=(5000, 3))
    ahead /= np.linalg.norm(ahead, axis=1)[:, None]
    pick = rng.integers(0, len(radii), 5000)
    # A millimetre to either side of each sphere with its margin.
    shell = radii[pick] + MARGIN_M + rng.choice([-1e-3, 1e-3], 5000)
    points = np.concatenate([scattered, centers[pick] + shell[:, None] * ahead])
    away = np.linalg.norm(points[:, None] - centers, axis=2) - radii - MARGIN_M
    gap = away.min(axis=1)
    clear = np.abs(gap) > 1e-5  # float32 decides nothing finer
    found = SelfFilter(BODY, KINEMATICS, MARGIN_M).outside(
        points.astype(np.float32), KINEMATICS.poses(values)
    )
    np.testing.assert_array_equal(found[clear], gap[clear] > 0)
    assert 1000 < found.sum() < len(points) - 1000


def test_the_robot_of_another_time_is_another_robot():
    values = BODY.pose('home').copy()
    moved = values.copy()
    moved[BODY.index('left_arm_joint1')] += 0.5
    centers, _ = spheres(values)
    the_filter = SelfFilter(BODY, KINEMATICS, 0.0)
    points = centers.astype(np.float32)
    assert not the_filter.outside(points, KINEMATICS.poses(values)).any()
    assert the_filter.outside(points, KINEMATICS.poses(moved)).any()


def test_no_points_are_no_trouble():
    the_filter = SelfFilter(BODY, KINEMATICS, MARGIN_M)
    nothing = np.zeros((0, 3), np.float32)
    assert the_filter.outside(nothing, KINEMATICS.poses(BODY.pose('home'))).shape == (0,)


def test_a_body_without_spheres_is_refused():
    with pytest.raises(ConfigError, match='r1pro.*spheres'):
        SelfFilter(load_body('r1pro'), KINEMATICS, MARGIN_M)
