# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The arms make up for a torso that is not where it is meant to be."""

import numpy as np
import pytest

pytest.importorskip('mujoco')

from hvd_ros.core.robot.body import Kind  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.core.robot.kinematics import BodyKinematics  # noqa: E402
from hvd_ros.sim.ik import Solver  # noqa: E402
from hvd_ros.sim.steady_hands import SteadyHands  # noqa: E402

BODY = load_body('r1')
KINEMATICS = BodyKinematics(BODY)
HOME = BODY.pose('home').copy()
TORSO = BODY.parts['torso']


def hands(values):
    """Return both gripping points, by the kinematics of core."""
    poses = KINEMATICS.poses(values)
    return np.array(
        [poses[KINEMATICS.tree.link(f'{s}_gripping_point')] for s in ('left', 'right')]
    )


@pytest.mark.parametrize('off', [(0.03, 0, 0, 0), (0, 0, 0.02, -0.02), (0.02, 0.02, 0, 0.05)])
def test_hands_stay_where_they_are_meant_to_be(off):
    steady, told = SteadyHands(BODY, Solver(BODY)), HOME.copy()
    told[TORSO] += off
    found = steady.correct(HOME, told)
    # The torso itself is somebody else's matter.
    rest = ~np.isin(np.arange(BODY.size), np.r_[BODY.parts['left_arm'], BODY.parts['right_arm']])
    assert np.array_equal(found[rest], HOME[rest])
    is_there = found.copy()
    is_there[TORSO] = told[TORSO]
    before = HOME.copy()
    before[TORSO] = told[TORSO]
    missed = np.linalg.norm((hands(before) - hands(HOME))[:, :3, 3], axis=1)
    left = np.linalg.norm((hands(is_there) - hands(HOME))[:, :3, 3], axis=1)
    assert missed.min() > 5e-3
    assert left.max() < 1e-3


def test_a_torso_that_is_there_changes_nothing():
    assert SteadyHands(BODY, Solver(BODY)).correct(HOME, HOME) is HOME


def test_no_joint_is_bent_far_for_a_torso_that_is_far_away():
    told = HOME.copy()
    told[TORSO] = 0.0
    found = SteadyHands(BODY, Solver(BODY)).correct(HOME, told)
    change = np.abs(found - HOME)[BODY.mask(Kind.POSITION)]
    assert 0.0 < change.max() <= 0.2 + 1e-12
