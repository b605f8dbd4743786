# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Inverse kinematics against the robot's own forward kinematics."""

import numpy as np
import pytest

pytest.importorskip('mujoco')

from hvd_ros.core.leader.torso import SQUAT  # noqa: E402
from hvd_ros.core.robot.body import Kind  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.sim.ik import Grip, Solver, turn, turned  # noqa: E402

BODY = load_body('r1')
TORSO = np.array([12, 13, 14, 15])  # among the joints of a posture
HOME = np.concatenate((np.zeros(3), BODY.pose('home')[BODY.mask(Kind.POSITION)]))


@pytest.fixture(scope='module')
def solver():
    return Solver(BODY)


def off_the_squat(q):
    knees = (q - HOME)[3:][TORSO[:2]]
    return knees[0] * SQUAT[1] - knees[1] * SQUAT[0]


def nearby(rng, free):
    """Return a posture near home: every joint its own way, or as thumbs would have the torso."""
    change = rng.normal(0, 0.25, 16)
    if not free:
        change[TORSO[:2]] = change[TORSO[0]] * SQUAT / np.abs(SQUAT).max()
    return HOME + np.r_[0, 0, 0, change]


@pytest.mark.parametrize('free', [False, True])
def test_both_hands_get_where_a_nearby_posture_had_them(free):
    solver = Solver(BODY, free_torso=free)
    rng = np.random.default_rng(0)
    for _ in range(30):
        there = np.clip(nearby(rng, free), solver.low, solver.high)
        goals = {s: solver.grip(there, s) for s in ('left', 'right')}
        q = HOME
        for _ in range(15):
            q = solver.solve(q, goals)
        for side, goal in goals.items():
            now = solver.grip(q, side)
            assert np.linalg.norm(now.position - goal.position) < 4e-3
            assert np.linalg.norm(turned(goal.axes @ now.axes.T)) < 0.02
        np.testing.assert_array_equal(q[:3], 0), 'the base stands unless it is let'
        squatted = off_the_squat(q)
        assert free or abs(squatted) < 1e-9, 'two joints, one squat'


def test_a_free_torso_leaves_the_line_of_the_squat(solver):
    free = Solver(BODY, free_torso=True)
    there = HOME + np.r_[np.zeros(15), 0.3, 0.3, 0.6, 0]
    goals = {s: free.grip(there, s) for s in ('left', 'right')}
    q = HOME
    for _ in range(15):
        q = free.solve(q, goals)
    assert abs(off_the_squat(q)) > 1e-3


def test_no_joint_goes_further_than_it_may_in_one_go(solver):
    most = np.r_[0, 0, 0, np.full(16, 0.05)]
    most[3 + TORSO] = (0.01, 0.05, 0.02, 0.0)
    goals = {'left': Grip(np.array([0.9, 0.1, 0.4]), np.eye(3))}
    q = solver.solve(HOME, goals, steps=6, most=most)
    assert (np.abs(q - HOME) <= most + 1e-12).all()
    assert q[3:][TORSO[3]] == HOME[3:][TORSO[3]]
    # The squat is as slow as the slower of its two joints.
    np.testing.assert_allclose((q - HOME)[3:][TORSO[:2]] / SQUAT, 0.01 / SQUAT[0], rtol=1e-9)


def test_out_of_reach_stays_within_limits(solver):
    far = {'left': Grip(np.array([3.0, 2.0, 0.1]), np.eye(3))}
    q = HOME
    for _ in range(40):
        q = solver.solve(q, far)
    assert (q >= solver.low).all()
    assert (q <= solver.high).all()
    assert solver.miss(q, far) > 0.5


def test_a_free_base_drives_to_what_arms_do_not_reach(solver):
    goal = {'left': Grip(np.array([1.5, 0.3, 0.9]), np.eye(3))}
    q = HOME
    for _ in range(60):
        q = solver.solve(q, goal, free_base=True)
    assert solver.miss(q, goal) < 5e-3
    assert q[0] > 0.3


def test_a_rotation_vector_comes_back():
    rng = np.random.default_rng(1)
    for _ in range(50):
        vector = rng.normal(0, 0.9, 3)
        np.testing.assert_allclose(turned(turn(vector)), vector, atol=1e-9)
    np.testing.assert_allclose(turned(np.eye(3)), 0)
