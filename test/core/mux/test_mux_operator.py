# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Engaging, and losing the operator again."""

from dataclasses import replace

import numpy as np
import pytest

from hvd_ros.core.mux.command import Mode, Source
from hvd_ros.core.mux.state import Pads
from hvd_ros.core.reasons import Reason
from test.core.mux.mux_rig import AHEAD, BODY, HOME, JOINTS, TICK_NS, Rig, at, base_of


def test_nothing_is_driven_and_the_base_stands_before_anybody_engages():
    rig = Rig()
    decision = rig.ticks(5)
    assert decision.mode is Mode.IDLE and not decision.engaged
    assert (base_of(decision) == 0.0).all()
    bare = Rig().tick(feedback=False, guardian=False, health=False, pads=False)
    assert not bare.engaged and np.isfinite(bare.values).all() and (base_of(bare) == 0.0).all()


def test_an_engaged_operator_gets_authority_at_the_next_tick():
    rig = Rig()
    rig.tick(frames=(rig.frame(engaged=False),))
    decision = rig.drive(AHEAD)
    assert (decision.mode, decision.source) == (Mode.TELEOP, Source.TELEOP)
    assert decision.engaged and decision.source_seq == rig.seq
    assert np.array_equal(decision.asked, AHEAD)


def test_a_fresh_but_disengaged_operator_is_not_a_source():
    rig = Rig()
    for _ in range(5):
        decision = rig.tick(frames=(rig.frame(AHEAD, engaged=False),))
    assert decision.mode is Mode.IDLE and not rig.state.moving
    assert rig.state.verdicts.teleop is Reason.DISENGAGED


def test_a_mux_that_starts_under_an_engaged_operator_waits_for_a_release():
    rig = Rig()
    decision = rig.drive(AHEAD, 50)
    assert decision.mode is Mode.IDLE
    assert rig.state.verdicts.teleop is Reason.RELEASE_FIRST
    rig.engage(AHEAD)


def test_an_operator_who_engaged_while_something_blocked_must_let_go_first():
    rig = Rig()
    rig.tick(frames=(rig.frame(engaged=False),))
    rig.health = replace(rig.health, faults=('motor_fault: arm',))
    rig.drive(AHEAD, 3)
    rig.health = replace(rig.health, faults=())
    assert rig.drive(AHEAD, 20).mode is Mode.IDLE
    rig.engage()


def test_nobody_begins_before_the_guardian_was_heard_once():
    rig = Rig()
    rig.tick(frames=(rig.frame(engaged=False),), guardian=False)
    assert rig.drive(AHEAD, 3, guardian=False).mode is Mode.IDLE
    rig.tick(chunks=(rig.chunk([HOME] * 4),), guardian=False)
    assert rig.ask(Mode.POLICY).reason is Reason.NO_GUARDIAN
    rig.engage()


def test_release_stops_and_holds_and_holding_again_engages_again():
    rig = Rig().engage()
    rig.drive(AHEAD, 40)
    decision = rig.tick(frames=(rig.frame(AHEAD, engaged=False),))
    assert (decision.mode, decision.source) == (Mode.HOLD, Source.HOLD)
    assert rig.drive(AHEAD).mode is Mode.TELEOP


def test_taking_over_half_a_radian_away_never_steps_above_the_limit_of_a_tick():
    rig = Rig()
    leader = at(left_arm_joint1=HOME[0] + 0.5, right_arm_joint4=HOME[13] + 0.5)
    rig.engage(leader)
    rig.drive(leader, 50)
    values = np.array([d.values for d in rig.sent[1:]])
    assert np.abs(np.diff(values, axis=0))[:, JOINTS].max() < 1e-9, 'nothing moves at all'
    rig.drive(at(left_arm_joint1=HOME[0] - 1.0), 100)
    steps = np.abs(np.diff([d.values for d in rig.sent], axis=0))
    assert (steps[1:, JOINTS] <= BODY.limits.velocity[JOINTS] * 0.01 + 1e-9).all()


# Losing the operator


def test_a_silent_leader_is_stale_after_100_ms_the_base_brakes_and_the_joints_hold():
    rig = Rig().engage()
    rig.drive(at(base_vx=0.3), 60)
    assert base_of(rig.decision)[0] == pytest.approx(0.3)
    held = rig.decision.values[JOINTS]
    assert rig.ticks(10).mode is Mode.TELEOP
    decision = rig.tick()
    assert (decision.mode, rig.state.reason) == (Mode.HOLD, Reason.STALE_TELEOP)
    speeds = [base_of(rig.tick())[0] for _ in range(35)]
    steps = -np.diff([base_of(decision)[0], *speeds])
    assert steps.max() <= 1.0 * 0.01 + 1e-9 and speeds[-1] == 0.0
    assert np.allclose(rig.decision.values[JOINTS], held)


def test_joints_that_move_when_the_leader_goes_silent_brake_and_never_turn_back():
    rig = Rig().engage()
    for k in range(40):
        rig.drive(at(left_arm_joint1=HOME[0] - 0.015 * k))
    rig.ticks(60)
    track = np.array([d.values[0] for d in rig.sent])
    assert (np.diff(track) <= 1e-12).all()
    assert rig.state.motion.rate[0] == 0.0


def test_a_leader_that_comes_back_engaged_does_not_move_the_robot():
    rig = Rig().engage()
    rig.drive(AHEAD, 5)
    rig.ticks(30)
    assert rig.drive(AHEAD, 30).mode is Mode.HOLD
    rig.engage()


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf, 1e30])
def test_a_refused_frame_never_feeds_the_watchdog(bad):
    rig = Rig().engage()
    values = AHEAD.copy()
    values[4] = bad
    first = rig.drive(values)
    assert first.refusal in (Reason.NON_FINITE, Reason.OUT_OF_RANGE)
    assert np.isfinite(first.values).all()
    rig = Rig().engage()
    for k in range(11):
        decision = rig.tick(frames=(rig.frame(values),) if k % 4 == 3 else ())
    assert decision.mode is Mode.HOLD, 'refused frames in between did not help'


def test_three_bad_frames_in_a_row_are_a_hold_at_once():
    rig = Rig().engage()
    for count in (1, 2):
        assert rig.tick(frames=(rig.frame(np.zeros(3)),)).mode is Mode.TELEOP, count
    decision = rig.tick(frames=(rig.frame(np.zeros(3)),))
    assert (decision.mode, rig.state.reason) == (Mode.HOLD, Reason.THREE_STRIKES)
    assert decision.refusal is Reason.WRONG_LENGTH


def test_a_second_writer_makes_a_source_unusable_at_once():
    rig = Rig().engage()
    rig.writers = {Source.TELEOP: 2}
    decision = rig.drive(AHEAD)
    assert (decision.mode, rig.state.reason) == (Mode.HOLD, Reason.TWO_WRITERS)
    assert rig.state.teleop.refused == 1 and decision.refusal is Reason.TWO_WRITERS
    assert rig.state.verdicts.writers is Reason.TWO_WRITERS
    rig.writers = {Source.TELEOP: 1}
    assert rig.drive(AHEAD, 20).mode is Mode.HOLD, 'and needs a new engagement'


def test_a_frame_is_taken_for_the_topic_it_came_by():
    rig = Rig().engage()
    decision = rig.tick(frames=(rig.frame(AHEAD, source=Source.POLICY),))
    assert decision.source is Source.TELEOP


def test_a_stuck_deadman_ends_teleoperation():
    rig = Rig().engage()
    rig.drive(AHEAD, 3)
    rig.tick(frames=(rig.frame(AHEAD),), pads=Pads(False, True, False, rig.now_ns + TICK_NS))
    assert (rig.state.mode, rig.state.reason) == (Mode.HOLD, Reason.STUCK_BUTTON)
