# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pinned: whatever device goes silent, the same tick stops the base, disengages and says why."""

from dataclasses import replace

import numpy as np
import pytest

from hvd_ros.core.leader.engagement import Change
from hvd_ros.core.leader.motors import LEADER_JOINTS
from hvd_ros.core.leader.teleop import TeleopConfig
from hvd_ros.core.leader.tick import Leader, LeaderInput, Pad
from hvd_ros.core.reasons import Reason
from hvd_ros.core.robot.description import load_body

BODY = load_body('r1')
JOINTS = tuple(joint.name for joint in LEADER_JOINTS)
HOME = BODY.pose('home')
ARMS = HOME[[BODY.index(name) for name in JOINTS]]
MS = 1_000_000
IDLE = Pad(frozenset(), (0.0, 0.0))
REST = LeaderInput(now_ns=0, arms=ARMS, left=IDLE, right=IDLE, measured=HOME)


class Hand:
    """Steps a leader at 100 Hz."""

    def __init__(self):
        self.leader = Leader(BODY, JOINTS, TeleopConfig(arm_filter_s=0.0, stick_filter_s=0.0))
        self.now_ns = 0

    def step(self, *left, stick=(0.0, 0.0), thumb=(), **changes):
        self.now_ns += 10 * MS
        changes.setdefault('left', Pad(frozenset(left), stick))
        changes.setdefault('right', Pad(frozenset(thumb), (0.0, 0.0)))
        return self.leader.step(replace(REST, now_ns=self.now_ns, **changes))

    def engaged(self):
        self.step('L')
        out = self.step('L', thumb=('Plus',))
        assert out.engagement.engaged
        return self.step('L', stick=(0.0, 1.0))


def base(out):
    return out.values[BODY.indices('base')]


def test_an_engaged_operator_drives():
    out = Hand().engaged()
    assert out.engagement.engaged
    np.testing.assert_allclose(base(out), [0.3, 0.0, 0.0])


@pytest.mark.parametrize(
    ('silent', 'reason'),
    [
        ({'left': None}, Reason.STALE_BUTTONS),
        ({'right': None}, Reason.STALE_BUTTONS),
        ({'arms': None}, Reason.LEADER_FAULT),
        ({'estop': True}, Reason.ESTOP_LATCHED),
    ],
)
def test_a_silent_device_stops_the_base_in_the_same_tick(silent, reason):
    hand = Hand()
    hand.engaged()
    out = hand.step('L', stick=(0.0, 1.0), **silent)
    assert not out.engagement.engaged
    assert (out.engagement.reason, out.engagement.change) == (reason, Change.LOST)
    np.testing.assert_array_equal(base(out), 0.0)
    # It comes back with the stick still pushed: nothing moves before Plus.
    for _ in range(5):
        out = hand.step('L', stick=(0.0, 1.0))
    assert not out.engagement.engaged
    np.testing.assert_array_equal(base(out), 0.0)
    assert hand.step('L', thumb=('Plus',)).engagement.engaged


def test_buttons_and_stick_of_a_silent_pad_are_released():
    out = Hand().step(left=None, thumb=('A',))
    assert out.presses.pressed == {'A'}
    assert out.sticks == (0.0, 0.0, 0.0, 0.0)


def test_the_estop_button_disengages_before_the_mux_has_heard():
    hand = Hand()
    hand.engaged()
    out = hand.step('L', 'Minus', thumb=('Plus',))
    assert out.engagement.reason is Reason.ESTOP_BUTTON
    assert not hand.step('L').engagement.engaged


@pytest.mark.parametrize(
    ('robot', 'reason'),
    [
        ({'measured': None}, Reason.NO_FEEDBACK),
        ({'feedback': Reason.STALE_FEEDBACK}, Reason.STALE_FEEDBACK),
        ({'measured': HOME + 1.0}, Reason.POSE_MISMATCH),
        ({'measured': HOME * np.nan}, Reason.POSE_MISMATCH),
    ],
)
def test_without_a_near_robot_nobody_engages(robot, reason):
    hand = Hand()
    hand.step('L', **robot)
    out = hand.step('L', thumb=('Plus',), **robot)
    assert not out.engagement.engaged
    assert (out.engagement.reason, out.engagement.change) == (reason, Change.REFUSED)


def test_a_robot_that_goes_silent_later_is_the_business_of_the_mux():
    hand = Hand()
    hand.engaged()
    assert hand.step('L', feedback=Reason.STALE_FEEDBACK).engagement.engaged


def test_what_another_source_did_to_the_robot_is_taken_over():
    hand = Hand()
    hand.engaged()
    hand.step()
    moved = HOME + 0.02
    hand.step(measured=moved, foreign=True)
    out = hand.step('L', measured=moved)
    torso = BODY.indices('torso')
    np.testing.assert_allclose(out.values[torso], moved[torso])
