# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""May this robot move: feedback by name, age and life; battery, heat and faults."""

from dataclasses import replace
import math

import numpy as np
import pytest

from hvd_ros.core.reasons import Reason
from hvd_ros.core.robot.body import Kind
from hvd_ros.core.safety.vitals import (
    Bounds,
    Feedback,
    Health,
    Vitals,
    base_reason,
    feedback_reader,
    feedback_reason,
    health_reason,
    hear_feedback,
    watch_life,
)
from test.core.mux.mux_rig import BASE, BODY, HOME, JOINTS, MS, at

BOUNDS = Bounds(200 * MS, 500 * MS, 500 * MS, 15.0, 80.0)
POSITIONS = BODY.mask(Kind.POSITION)
GOOD = Health(80.0, 30.0, True, '', (), 0)
NAMES = [BODY.dimensions[i].joint for i in JOINTS]


def test_names_in_any_order_become_command_units():
    order = np.random.default_rng(1).permutation(len(NAMES))
    positions = (HOME[JOINTS] * [BODY.dimensions[i].joint_per_unit for i in JOINTS])[order]
    reader = feedback_reader(BODY)
    for _ in range(2):
        found = reader.read([NAMES[i] for i in order], list(positions), 7)
        assert found.values == pytest.approx(np.where(BODY.mask(Kind.VELOCITY), 0.0, HOME))
    extra = reader.read(['wheel', *NAMES], [9.0, *np.zeros(len(NAMES))], 7)
    assert (extra.values == 0.0).all()


@pytest.mark.parametrize(
    ('names', 'positions'),
    [
        (NAMES[1:], [0.0] * (len(NAMES) - 1)),
        ([*NAMES[:-1], NAMES[0]], [0.0] * len(NAMES)),
        (NAMES, [0.0] * (len(NAMES) - 1)),
        (NAMES, [math.nan] + [0.0] * (len(NAMES) - 1)),
        (NAMES, [0.0] * (len(NAMES) - 1) + [math.inf]),
        ([], []),
    ],
)
def test_a_joint_state_that_is_not_whole_is_none(names, positions):
    assert feedback_reader(BODY).read(names, positions, 0) is None


def test_no_feedback_and_stale_feedback():
    assert feedback_reason(Vitals(), 0, BOUNDS, POSITIONS) is Reason.NO_FEEDBACK
    vitals = hear_feedback(Vitals(), Feedback(HOME, 0), None)
    assert feedback_reason(vitals, 200 * MS, BOUNDS, POSITIONS) is Reason.NONE
    assert feedback_reason(vitals, 201 * MS, BOUNDS, POSITIONS) is Reason.STALE_FEEDBACK


def follow(feedback_of, sent_of, ticks=100, name='left_arm_joint1'):
    """Run feedback and commands of one joint; return the reason of every tick."""
    vitals, found = Vitals(), []
    for k in range(ticks):
        now = k * 10 * MS
        vitals = hear_feedback(
            vitals, Feedback(at(**{name: feedback_of(k)}), now), at(**{name: sent_of(k)})
        )
        vitals = watch_life(vitals, now, at(**{name: sent_of(k)}))
        found.append(feedback_reason(vitals, now, BOUNDS, POSITIONS))
    return found


def test_a_joint_that_repeats_itself_while_told_to_move_is_frozen_after_half_a_second():
    found = follow(lambda k: 0.4, lambda k: 0.4 + 0.01 * k)
    first = found.index(Reason.FROZEN_FEEDBACK)
    assert 51 <= first <= 58
    assert all(found[first:])


def test_a_joint_at_rest_may_repeat_itself_and_then_start_at_once():
    # Ten seconds of the same bits; then the command jumps ahead of a slow encoder.
    found = follow(
        lambda k: 0.4 if k < 1010 else 0.41 + k * 1e-6, lambda k: 0.4 + 0.3 * (k >= 1000), 1100
    )
    assert not any(found)


def test_a_gripper_may_rest_on_an_object():
    found = follow(lambda k: 0.5, lambda k: 0.0, name='left_gripper')
    assert not any(found)


def test_frozen_ends_when_the_number_changes():
    found = follow(lambda k: 0.4 + (k > 80) * 0.01 * k, lambda k: 0.4 + 0.01 * k)
    assert found[80] is Reason.FROZEN_FEEDBACK and found[82] is Reason.NONE


@pytest.mark.parametrize(
    ('changes', 'reason'),
    [
        ({}, Reason.NONE),
        ({'battery_percent': 14.9}, Reason.BATTERY_LOW),
        ({'battery_percent': math.nan}, Reason.NONE),
        ({'temperature_c': 80.1}, Reason.OVER_TEMPERATURE),
        ({'temperature_c': math.nan}, Reason.NONE),
        ({'faults': ('motor_fault: arm: overcurrent',)}, Reason.MOTOR_FAULT),
        ({'faults': ('over_temperature: arm: winding too hot',)}, Reason.OVER_TEMPERATURE),
    ],
)
def test_what_the_robot_says_of_itself(changes, reason):
    assert health_reason(Vitals(health=replace(GOOD, **changes)), BOUNDS) is reason


def test_the_base_needs_a_fresh_yes():
    assert base_reason(Vitals(), 0, BOUNDS) is Reason.BASE_NOT_READY
    vitals = Vitals(health=GOOD)
    assert base_reason(vitals, 500 * MS, BOUNDS) is Reason.NONE
    assert base_reason(vitals, 501 * MS, BOUNDS) is Reason.BASE_NOT_READY
    closed = Vitals(health=replace(GOOD, base_ready=False))
    assert base_reason(closed, 0, BOUNDS) is Reason.BASE_NOT_READY
    assert BASE.size == 3
