# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The demo tells what changed, once, and sums up what it saw; closed forms for the sums."""

import math

import pytest

from hvd_ros.cli.demo_story import Story

S = 1_000_000_000


def test_a_state_is_told_once() -> None:
    story = Story(10 * S)
    assert story.status(11 * S, 'idle', False, 'nobody asks') == '   1.0 s  idle: nobody asks'
    assert story.status(12 * S, 'idle', False, 'nobody asks') is None
    assert story.status(13 * S, 'teleop', True, '') == '   3.0 s  teleop, moving'


def test_distance_is_the_length_of_the_way() -> None:
    story = Story(0)
    for k in range(1001):  # a full circle of 1 m radius
        angle = math.tau * k / 1000
        story.base(math.cos(angle), math.sin(angle), angle)
    assert story.driven_m == pytest.approx(math.tau, rel=1e-4)
    assert story.turned_rad == pytest.approx(math.tau)


def test_trembling_on_the_spot_is_not_driving_and_creeping_is() -> None:
    still, creeping = Story(0), Story(0)
    for k in range(2000):
        still.base(5e-5 * (-1) ** k * 0.9, 0.0, 0.0)
        creeping.base(5e-5 * k, 0.0, 0.0)
    assert still.driven_m == 0.0
    assert creeping.driven_m == pytest.approx(0.1, rel=0.01)


def test_joint_counts_by_its_range_not_its_value() -> None:
    story = Story(0)
    story.joints({'a': 1.0, 'b': 2.0})
    story.joints({'a': 1.04, 'b': 2.0})
    assert story.moved_joints == []
    story.joints({'a': 0.98})
    assert story.moved_joints == ['a']


def test_command_rate_is_that_of_the_stream() -> None:
    story = Story(0)
    for k in range(501):
        story.command(3 * S + k * S // 100)
    assert story.command_rate_hz == pytest.approx(100.0)
    assert Story(0).command_rate_hz == 0.0


def test_moved_needs_base_and_joints() -> None:
    story = Story(0)
    story.base(0.0, 0.0, 0.0)
    story.base(1.0, 0.0, 0.0)
    assert not story.moved
    story.joints({'a': 0.0})
    story.joints({'a': 1.0})
    assert story.moved


def test_summary_counts_refusals_by_reason() -> None:
    story = Story(0)
    for reason in ('stale:teleop', 'non_finite', 'stale:teleop'):
        story.refused(reason)
    assert story.summary()[-1] == 'refusals 2 x stale:teleop, 1 x non_finite'
    assert Story(0).summary()[-1] == 'refusals none'
