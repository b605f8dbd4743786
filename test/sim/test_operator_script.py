# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pinned: a script is smooth, holds the dead-man throughout, and ends where it began."""

import numpy as np
import pytest

from hvd_ros.core.leader.buttons import BUTTONS, LEFT_BUTTONS, RIGHT_BUTTONS
from hvd_ros.core.leader.motors import LEADER_JOINTS
from hvd_ros.core.leader.tick import Leader, LeaderInput, Pad
from hvd_ros.core.mux.keepout import SLOW_M
from hvd_ros.core.robot.collision import SelfCollision
from hvd_ros.core.robot.description import load_body
from hvd_ros.sim.operator_script import (
    HOLD,
    SCRIPTS,
    Script,
    Segment,
    approach,
    engage,
    release,
    tour,
)

BODY = load_body('r1')
JOINTS = tuple(joint.name for joint in LEADER_JOINTS)
ARMS = [BODY.index(name) for name in JOINTS]
PARK = BODY.pose('park')[ARMS]
HOME = BODY.pose('home')[ARMS]


def acts(script, step_s=0.01):
    times = np.arange(0.0, script.duration_s, step_s)
    return [script.at(float(t)) for t in times]


def test_minimum_jerk_by_its_closed_form():
    script = Script(np.zeros(1), [Segment('go', 2.0, hand=np.ones(1))])
    assert script.at(0.0).hand == pytest.approx(0.0)
    assert script.at(0.5).hand == pytest.approx(10 / 64 - 15 / 256 + 6 / 1024)
    assert script.at(1.0).hand == pytest.approx(0.5)
    assert script.at(2.0) is None


@pytest.mark.parametrize('name', SCRIPTS)
@pytest.mark.parametrize('start', [PARK, HOME], ids=['park', 'home'])
def test_a_script_comes_back_within_the_limits_with_the_dead_man_held(name, start):
    script = SCRIPTS[name](BODY, JOINTS, start)
    played = acts(script)
    np.testing.assert_allclose(played[-1].hand, start, atol=1e-6)
    hands = np.array([act.hand for act in played])
    assert (hands >= BODY.limits.low[ARMS] - 1e-9).all()
    assert (hands <= BODY.limits.high[ARMS] + 1e-9).all()
    # Slower than the robot may follow, so that it does.
    speed = np.abs(np.diff(hands, axis=0)).max(axis=0) / 0.01
    assert (speed <= BODY.limits.velocity[ARMS]).all()
    assert all(HOLD <= act.pressed <= set(BUTTONS) for act in played)
    assert all(max(map(abs, act.sticks)) <= 1.0 for act in played)


@pytest.mark.parametrize('name', SCRIPTS)
def test_what_is_pushed_is_pushed_back(name):
    played = acts(SCRIPTS[name](BODY, JOINTS, PARK))
    np.testing.assert_allclose(np.sum([act.sticks for act in played], axis=0), 0.0, atol=2.0)
    down, up = (sum(b in act.pressed for act in played) for b in ('Down', 'Up'))
    assert abs(down - up) <= 2


def test_the_tour_uses_everything_and_lasts_about_forty_seconds():
    script = tour(BODY, JOINTS, PARK)
    assert 35.0 < script.duration_s < 45.0
    used = frozenset().union(*(act.pressed for act in acts(script)))
    assert {'ZL', 'ZR', 'Up', 'Down', 'LStick'} <= used
    moved = np.any([act.sticks for act in acts(script)], axis=0)
    assert moved.all()


def test_plus_is_pressed_once_to_engage_and_once_to_disarm():
    for script in (engage(PARK), release(PARK)):
        plus = [('Plus' in act.pressed) for act in acts(script)]
        assert np.count_nonzero(np.diff(np.array([False, *plus, False], int)) == 1) == 1


def test_the_approach_keeps_its_speed_and_touches_no_button():
    script = approach(PARK, HOME, 1.2)
    played = acts(script)
    hands = np.array([act.hand for act in played])
    assert np.abs(np.diff(hands, axis=0)).max() / 0.01 <= 1.2 + 1e-6
    np.testing.assert_allclose(hands[-1], HOME, atol=1e-5)
    assert not any(act.pressed or any(act.sticks) for act in played)


@pytest.mark.parametrize('pose', ['park', 'home'])
def test_the_tour_takes_an_ideal_robot_through_the_real_leader_and_back(pose):
    start = BODY.pose(pose)
    leader = Leader(BODY, JOINTS)
    robot, now_ns, asked = start, 0, []
    arms = start[ARMS]
    for script in (engage(arms), tour(BODY, JOINTS, arms), release(arms)):
        for act in acts(script):
            now_ns += 10_000_000
            left = Pad(act.pressed & set(LEFT_BUTTONS), act.sticks[:2])
            right = Pad(act.pressed & set(RIGHT_BUTTONS), act.sticks[2:])
            out = leader.step(LeaderInput(now_ns, act.hand, left, right, robot))
            robot = out.values
            asked.append(robot)
            assert out.engagement.engaged or act.text in ('holds L', 'presses Plus', 'lets go')
    path = np.array(asked)
    base, torso = BODY.indices('base'), BODY.indices('torso')
    np.testing.assert_allclose(path[-1], start, atol=0.02)
    # It has driven both ways, squatted, leaned and turned, and closed what was open.
    np.testing.assert_allclose(path[:, base].sum(axis=0) * 0.01, 0.0, atol=0.02)
    np.testing.assert_allclose(path[:, base].max(axis=0), BODY.limits.high[base], rtol=1e-3)
    assert (np.ptp(path[:, torso], axis=0) > [0.5, 0.8, 0.3, 0.3]).all()
    for grip in ('left_gripper', 'right_gripper'):
        assert np.ptp(path[:, BODY.index(grip)]) == 1.0
    # The mux has no reason to slow it down.
    model = SelfCollision(BODY)
    assert min(model.distance(q)[0] for q in path[::20]) > SLOW_M
