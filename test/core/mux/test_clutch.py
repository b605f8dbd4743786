# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Takeover without a bump, and back to absolute only where it is safe."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.mux.clutch import CLOSE, DECAY_PER_S, engage, follow
from test.core.mux.mux_rig import BASE, BODY, HOME, at

DT = 0.01
J = BODY.index('left_arm_joint1')
G = BODY.index('left_gripper')


def run(sent, leaders):
    leaders = [np.asarray(leader) for leader in leaders]
    clutch, before, targets = engage(sent, leaders[0], BODY), leaders[0], []
    for leader in leaders:
        clutch, target = follow(clutch, before, leader, BODY, DT)
        before = leader
        targets.append(target)
    return clutch, np.array(targets)


def test_a_leader_half_a_radian_away_moves_nothing_at_takeover():
    _, targets = run(HOME, [at(left_arm_joint1=HOME[J] + 0.5)] * 3)
    assert targets[:, J] == pytest.approx(HOME[J])


def test_the_robot_follows_changes_and_the_offset_stays():
    path = [at(left_arm_joint1=HOME[J] + 0.5 + 0.01 * k) for k in range(30)]
    clutch, targets = run(HOME, path)
    assert targets[-1, J] == pytest.approx(HOME[J] + 0.29)
    assert clutch.offset[J] == pytest.approx(-0.5) and not clutch.absolute[J]


def test_within_the_bound_the_offset_melts_at_a_limited_speed():
    _, targets = run(HOME, [at(left_arm_joint1=HOME[J] + 0.9 * CLOSE)] * 60)
    steps = np.diff(targets[:, J])
    assert steps.max() <= DECAY_PER_S * DT + 1e-12
    assert targets[-1, J] == pytest.approx(HOME[J] + 0.9 * CLOSE)


def test_the_offset_ratchets_at_a_limit_so_that_turning_back_acts_at_once():
    high = BODY.limits.high[J]
    sent = at(left_arm_joint1=high - 0.1)
    begin = high - 0.6
    up = [at(left_arm_joint1=begin + 0.01 * k) for k in range(31)]
    back = [at(left_arm_joint1=begin + 0.3 - 0.01 * k) for k in range(1, 11)]
    clutch, targets = run(sent, up + back)
    assert targets[30, J] == pytest.approx(high), 'pushed 0.2 rad into the limit'
    assert targets[-1, J] == pytest.approx(high - 0.1), 'and comes back with the leader'
    assert clutch.offset[J] == pytest.approx(0.3)


def test_a_ratchet_never_grows_an_offset():
    high = BODY.limits.high[J]
    path = [at(left_arm_joint1=high + 0.01 * k) for k in range(40)]
    clutch, _ = run(at(left_arm_joint1=high - 0.3), path)
    assert clutch.offset[J] == pytest.approx(-0.3)


def test_base_speeds_are_absolute_at_once():
    _, targets = run(HOME, [at(base_vx=0.2, base_wz=-0.1)])
    assert targets[0, BASE] == pytest.approx([0.2, 0.0, -0.1])


def test_a_gripper_waits_until_the_trigger_has_passed_its_opening():
    sent = at(left_gripper=0.3)
    path = [at(left_gripper=g) for g in (1.0, 0.8, 0.5, 0.2, 0.6, 1.0)]
    _, targets = run(sent, path)
    assert targets[:, G].tolist() == [0.3, 0.3, 0.3, 0.2, 0.6, 1.0]


def test_a_closed_gripper_is_not_dropped_by_an_open_leader():
    path = [at(left_gripper=1.0)] * 50
    _, targets = run(at(left_gripper=0.0), path)
    assert (targets[:, G] == 0.0).all()


leader = st.lists(st.floats(-3.8, 3.8), min_size=BODY.size, max_size=BODY.size)


@settings(max_examples=80, deadline=None)
@given(leader, leader, leader)
def test_wherever_the_leader_stands_the_first_target_is_the_last_command(sent, first, then):
    sent = np.clip(sent, BODY.limits.low, BODY.limits.high)
    clutch = engage(sent, np.array(first), BODY)
    _, target = follow(clutch, np.array(first), np.array(first), BODY, DT)
    positions = np.setdiff1d(np.arange(BODY.size), [*BASE, G, BODY.index('right_gripper')])
    inside = (first >= BODY.limits.low) & (first <= BODY.limits.high)
    change = np.abs(target - sent)[positions]
    # Only an absolute joint creeps, and never faster than the offset melts.
    assert (change[inside[positions]] <= DECAY_PER_S * DT + 1e-12).all()
    _, moved = follow(clutch, np.array(first), np.array(then), BODY, DT)
    assert np.isfinite(moved).all()
