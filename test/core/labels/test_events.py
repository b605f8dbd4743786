# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Likely ends of stages: found once each, and not in noise."""

import numpy as np

from hvd_ros.core.labels.likely_ends import Event, base_stops, gripper_turns, likely_ends
from hvd_ros.core.robot.description import load_body

BODY = load_body('r1')


def test_a_gripper_that_closes_on_something_and_lets_go():
    opening = np.concatenate([np.full(10, 1.0), np.linspace(1, 0.3, 8), np.full(9, 0.3), [0.9]])
    assert [e.what for e in gripper_turns(opening, 'g')] == ['g closes', 'g opens']
    assert gripper_turns(opening, 'g')[1].frame == 27


def test_a_gripper_that_trembles_about_the_middle_or_is_unknown_says_nothing():
    trembling = 0.5 + 0.05 * np.sin(np.arange(50.0))
    assert gripper_turns(trembling, 'g') == []
    assert gripper_turns(np.full(50, np.nan), 'g') == []


def test_a_base_that_comes_to_rest_but_not_one_that_only_pauses_or_never_moved():
    speed = np.r_[np.zeros(5), np.full(10, 0.3), np.zeros(3), np.full(10, 0.3), np.zeros(9)]
    assert base_stops(speed) == [Event(28, 'base stops')]
    assert base_stops(np.full(20, 0.01)) == []
    assert base_stops(np.full(20, 0.3)) == []


def test_a_base_that_is_shaken_by_the_arms_has_not_moved():
    shaken = np.r_[np.zeros(5), [0.04, 0.03, 0.07, 0.06, 0.05, 0.06, 0.01], np.zeros(9)]
    assert base_stops(shaken) == []


def test_events_of_a_whole_body_are_in_order_and_near_ones_are_one():
    position = np.zeros((60, len(BODY.dimensions)))
    names = [d.name for d in BODY.dimensions]
    grippers = [i for i, name in enumerate(names) if 'gripper' in name]
    position[:20, grippers[0]] = 1.0
    position[:22, grippers[1]] = 1.0
    position[:40, names.index('base_vx')] = 0.5
    got = likely_ends(position, BODY)
    assert [e.frame for e in got] == [22, 40, 59]
    assert got[0].what == 'left gripper closes, right gripper closes'
    assert [e.what for e in got[1:]] == ['base stops', 'end']
    assert likely_ends(position[:0], BODY) == []
