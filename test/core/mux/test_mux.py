# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Who has authority and what is sent: the rules of the mux, one by one."""

from dataclasses import replace
import time

import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.mux.command import Clip, Mode, Source
from hvd_ros.core.mux.keepout import STOP_M
from hvd_ros.core.mux.state import Inputs, MuxConfig, Pads, prepare
from hvd_ros.core.reasons import Reason
from hvd_ros.core.robot.collision import SelfCollision
from hvd_ros.core.safety.estop import Beat
from test.core.mux.mux_rig import BASE, BODY, HOME, JOINTS, MS, TICK_NS, Rig, at, base_of

PARK = np.array(BODY.pose('park'))
LOW, HIGH = BODY.limits.low, BODY.limits.high
AHEAD = at(base_vx=0.2, left_arm_joint1=HOME[0] + 0.02)


# Start and engagement


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


# E-stop


@pytest.mark.parametrize('mode', [Mode.IDLE, Mode.TELEOP, Mode.POLICY, Mode.REPLAY, Mode.HOME])
def test_an_estop_beats_every_mode_in_the_same_tick(mode):
    rig = bring_to(mode)
    rig.stop()
    held = rig.decision.values[JOINTS]
    decision = rig.tick(frames=(rig.frame(AHEAD),))
    assert decision.mode is Mode.ESTOP
    assert (base_of(decision) == 0.0).all(), 'the base stops hard'
    if decision.engaged:
        assert np.array_equal(decision.values[JOINTS], held), 'the joints hold'
    assert decision.engaged is (mode is not Mode.IDLE)
    assert not rig.state.moving


def bring_to(mode):
    rig = Rig()
    if mode is Mode.TELEOP:
        rig.engage()
        rig.drive(at(base_vx=0.3), 40)
    elif mode is Mode.POLICY:
        rig.start_policy([at(base_vx=0.3)] * 16)
        rig.ticks(20)
    elif mode is Mode.REPLAY:
        rig.tick(replay=(rig.frame(AHEAD, source=Source.REPLAY, received_ns=rig.now_ns),))
        assert rig.ask(mode).granted
        rig.tick()
    elif mode is Mode.HOME:
        rig.tick(keepalive_ns=rig.now_ns)
        assert rig.ask(mode, 'park').granted
        rig.tick()
    else:
        rig.tick()
    assert rig.state.mode is mode
    return rig


@pytest.mark.parametrize(
    ('press', 'reason'),
    [
        ('button', Reason.ESTOP_BUTTON),
        ('service', Reason.ESTOP_SERVICE),
        ('guardian', Reason.ESTOP_GUARDIAN),
    ],
)
def test_every_way_to_press_the_estop_stops_and_says_so(press, reason):
    rig = bring_to(Mode.TELEOP)
    if press == 'service':
        rig.stop()
    if press == 'guardian':
        rig.guardian = Beat(True, 0, 'estop_service', 0)
    pads = Pads(True, False, press == 'button', rig.now_ns + TICK_NS)
    decision = rig.tick(frames=(rig.frame(AHEAD),), pads=pads)
    assert decision.mode is Mode.ESTOP and rig.state.reason is reason
    assert decision.refusal is reason


def test_a_restarted_mux_stays_stopped_under_an_old_latch_until_a_reset():
    rig = Rig()
    rig.guardian = Beat(True, 4, 'estop_button', 0)
    rig.tick(frames=(rig.frame(engaged=False),))
    assert rig.drive(AHEAD, 20).mode is Mode.ESTOP
    assert rig.state.reason is Reason.ESTOP_LATCHED
    assert rig.ask(Mode.HOLD).reason is Reason.ESTOP_LATCHED
    rig.guardian = Beat(False, 5, '', 0)
    assert rig.drive(AHEAD, 20).mode is Mode.IDLE, 'the engaged operator must let go first'
    rig.engage()


def test_a_reset_leads_to_hold_where_the_joints_were_driven_and_nothing_starts():
    rig = bring_to(Mode.TELEOP)
    rig.stop()
    rig.drive(AHEAD, 5)
    assert rig.drive(AHEAD, 20).mode is Mode.ESTOP
    rig.guardian = Beat(False, 1, '', 0)
    decision = rig.drive(AHEAD, 20)
    assert decision.mode is Mode.HOLD and decision.engaged


def test_an_estop_asked_for_as_a_mode_is_granted():
    rig = bring_to(Mode.TELEOP)
    assert rig.ask(Mode.ESTOP).granted
    assert rig.tick().mode is Mode.ESTOP


# The robot's own gates


@pytest.mark.parametrize('silent', [True, False])
def test_without_a_guardian_heartbeat_the_base_brakes_and_the_joints_go_on(silent):
    rig = Rig().engage()
    rig.drive(at(base_vx=0.3), 40)
    if silent:
        rig.drive(at(base_vx=0.3), 15, guardian=False)
        assert base_of(rig.decision)[0] == pytest.approx(0.3), '150 ms are allowed'
        more = {'guardian': False}
        reason = Reason.NO_GUARDIAN
    else:
        rig.health = replace(rig.health, base_ready=False)
        more, reason = {}, Reason.BASE_NOT_READY
    leader = at(base_vx=0.3, left_arm_joint1=HOME[0] - 0.1)
    decision = rig.drive(leader, **more)
    assert 0.28 < base_of(decision)[0] < 0.3, 'it does not stop hard'
    assert decision.clip[BASE[0]] & Clip.BASE_GATE and decision.refusal is reason
    decision = rig.drive(leader, 60, **more)
    assert decision.mode is Mode.TELEOP
    assert (base_of(decision) == 0.0).all()
    assert decision.values[0] == pytest.approx(HOME[0] - 0.1, abs=0.01)


def test_a_base_without_robot_health_is_refused():
    rig = Rig()
    rig.tick(frames=(rig.frame(engaged=False),), health=False)
    assert (base_of(rig.drive(at(base_vx=0.3), 20, health=False)) == 0.0).all()


@pytest.mark.parametrize(
    ('changes', 'reason'),
    [
        ({'battery_percent': 5.0}, Reason.BATTERY_LOW),
        ({'temperature_c': 95.0}, Reason.OVER_TEMPERATURE),
        ({'faults': ('motor_fault: left_arm: overcurrent',)}, Reason.MOTOR_FAULT),
    ],
)
@pytest.mark.parametrize('mode', [Mode.TELEOP, Mode.POLICY, Mode.REPLAY])
def test_a_sick_robot_holds_and_takes_no_new_engagement(mode, changes, reason):
    rig = bring_to(mode)
    rig.health = replace(rig.health, **changes)
    decision = rig.drive(AHEAD)
    assert (decision.mode, rig.state.reason) == (Mode.HOLD, reason)
    rig.tick(frames=(rig.frame(engaged=False),), chunks=(rig.chunk([HOME] * 4),))
    assert rig.drive(AHEAD, 40).mode is Mode.HOLD
    assert (base_of(rig.decision) == 0.0).all()
    assert rig.ask(Mode.POLICY).reason is reason


def test_a_robot_with_a_low_battery_may_still_be_parked():
    rig = Rig()
    rig.health = replace(rig.health, battery_percent=5.0)
    rig.tick(keepalive_ns=rig.now_ns)
    assert rig.ask(Mode.HOME, 'park').granted
    rig.ticks(5)
    assert rig.state.mode is Mode.HOME and rig.state.moving


@pytest.mark.parametrize(
    ('count', 'reason'), [(1, Reason.NO_FEEDBACK), (30, Reason.STALE_FEEDBACK)]
)
def test_without_fresh_feedback_nothing_is_engaged(count, reason):
    rig = Rig()
    if reason is Reason.STALE_FEEDBACK:
        rig.tick()
    rig.ticks(count, feedback=False)
    rig.tick(frames=(rig.frame(engaged=False),), feedback=False)
    assert rig.drive(AHEAD, feedback=False).mode is Mode.IDLE
    assert rig.ask(Mode.HOLD).reason is reason


def test_a_joint_measured_far_outside_its_limits_is_not_engaged():
    rig = Rig(start=at(left_arm_joint5=2.4))
    rig.tick(frames=(rig.frame(engaged=False),))
    assert rig.drive(AHEAD, 3).mode is Mode.IDLE
    assert rig.ask(Mode.HOLD).reason is Reason.OUT_OF_RANGE


def test_feedback_that_stops_ends_the_motion_after_200_ms():
    rig = Rig().engage()
    assert rig.drive(AHEAD, 20, feedback=False).mode is Mode.TELEOP
    assert rig.drive(AHEAD, 1, feedback=False).mode is Mode.HOLD
    assert rig.state.reason is Reason.STALE_FEEDBACK


def test_feedback_that_repeats_itself_while_commanded_is_frozen():
    rig = Rig().engage()
    frozen = rig.state.vitals.feedback.values
    for k in range(120):
        fresh = replace(rig.state.vitals.feedback, values=frozen)
        rig.step(stepped(rig, fresh, rig.frame(at(left_arm_joint1=HOME[0] - 0.01 * k))))
        if rig.state.mode is Mode.HOLD:
            break
    assert rig.state.reason is Reason.FROZEN_FEEDBACK
    assert 50 <= k <= 75


def stepped(rig, feedback, frame):
    """Advance the clocks of a rig and return inputs with a feedback of our own."""
    rig.now_ns += TICK_NS
    rig.ros_ns += TICK_NS
    frame = replace(frame, stamp_ns=rig.ros_ns, received_ns=rig.now_ns)
    return Inputs(
        ros_now_ns=rig.ros_ns,
        teleop=(frame,),
        feedback=replace(feedback, received_ns=rig.now_ns),
        health=replace(rig.health, received_ns=rig.now_ns),
        guardian=replace(rig.guardian, received_ns=rig.now_ns),
    )


# Policy, replay, home


def test_a_policy_is_asked_for_and_needs_a_fresh_chunk():
    rig = Rig()
    rig.ticks(3)
    assert rig.ask(Mode.POLICY).reason is Reason.NEVER_HEARD
    rig.tick(chunks=(rig.chunk([HOME] * 4),))
    rig.ticks(30)
    assert rig.ask(Mode.POLICY).reason is Reason.STALE_POLICY
    rig.tick(chunks=(rig.chunk([HOME] * 4),))
    assert rig.ask(Mode.POLICY).granted
    decision = rig.tick()
    assert (decision.mode, decision.source) == (Mode.POLICY, Source.POLICY)


def test_a_chunk_moves_nothing_unless_somebody_asked_for_policy():
    rig = Rig()
    for _ in range(20):
        decision = rig.tick(chunks=(rig.chunk([at(base_vx=0.3)] * 16),))
    assert decision.mode is Mode.IDLE and (base_of(decision) == 0.0).all()


def test_a_policy_moves_only_while_the_deadman_is_held():
    rig = Rig()
    rig.start_policy([at(base_vx=0.3)] * 16)
    assert base_of(rig.ticks(15))[0] > 0.1
    rig.deadman = False
    decision = rig.tick()
    assert decision.refusal is Reason.DEADMAN_RELEASED and not rig.state.moving
    assert base_of(decision)[0] < 0.16
    rig.deadman = True
    rig.tick(chunks=(rig.chunk([at(base_vx=0.3)] * 16),))
    assert rig.state.moving, 'a pause, not an end'


def test_silent_or_stuck_pads_are_a_released_deadman():
    rig = Rig()
    rig.start_policy([HOME] * 16)
    rig.ticks(10, pads=False)
    assert rig.state.moving
    assert rig.tick(pads=False).refusal is Reason.STALE_BUTTONS and not rig.state.moving
    rig = Rig()
    rig.start_policy([HOME] * 16)
    decision = rig.tick(pads=Pads(True, True, False, rig.now_ns + TICK_NS))
    assert decision.refusal is Reason.STUCK_BUTTON and not rig.state.moving


def test_the_deadman_can_be_waived_on_the_twin_only():
    rig = Rig(require_deadman=False)
    rig.deadman = False
    rig.start_policy([HOME] * 16)
    rig.tick()
    assert rig.state.moving
    with pytest.raises(ConfigError, match='require_deadman'):
        prepare(BODY, MuxConfig(hardware='real', require_deadman=False))


def test_a_policy_is_stale_after_two_and_a_half_periods_the_base_brakes():
    rig = Rig()
    rig.start_policy([at(base_vx=0.3)] * 16)
    assert rig.ticks(24).mode is Mode.POLICY
    decision = rig.tick()
    assert (decision.mode, rig.state.reason) == (Mode.HOLD, Reason.STALE_POLICY)
    assert base_of(rig.ticks(30))[0] == 0.0
    rig.tick(chunks=(rig.chunk([at(base_vx=0.3)] * 16),))
    assert rig.tick().mode is Mode.HOLD, 'coming back is not enough'


def test_a_chunk_that_ran_out_is_expired():
    rig = Rig()
    rig.start_policy([HOME] * 2)
    rig.ticks(25)
    assert (rig.state.mode, rig.state.reason) == (Mode.HOLD, Reason.CHUNK_EXPIRED)


def test_duplicate_and_late_chunks_do_not_replace_the_one_in_force():
    rig = Rig()
    rig.start_policy([HOME] * 16)
    duplicate = rig.chunk([at(base_vx=0.3)] * 16, seq=rig.chunk_seq)
    decision = rig.tick(chunks=(duplicate,))
    assert decision.refusal is Reason.OLD_SEQUENCE and base_of(decision)[0] == 0.0
    late = rig.chunk([at(base_vx=0.3)] * 16, delay_ns=2_000 * MS)
    assert rig.tick(chunks=(late,)).refusal is Reason.CHUNK_EXPIRED


def test_the_trace_names_chunk_and_step_and_never_starts_at_index_0():
    rig = Rig()
    rig.tick(chunks=(rig.chunk([HOME] * 8, delay_ns=130 * MS),))
    rig.ask(Mode.POLICY)
    decision = rig.tick()
    assert (decision.chunk_seq, decision.chunk_step) == (1, 1)


def test_an_engaged_operator_takes_over_from_policy_and_policy_does_not_come_back():
    rig = Rig()
    rig.start_policy([HOME] * 16)
    rig.tick(frames=(rig.frame(engaged=False),))
    assert rig.drive(AHEAD).source is Source.TELEOP
    decision = rig.tick(frames=(rig.frame(engaged=False),), chunks=(rig.chunk([HOME] * 16),))
    assert decision.mode is Mode.HOLD
    assert rig.ask(Mode.POLICY).granted


def test_a_policy_can_not_be_asked_for_under_an_engaged_operator():
    rig = Rig().engage()
    rig.drive(AHEAD, chunks=(rig.chunk([HOME] * 16),))
    assert rig.ask(Mode.POLICY).reason is Reason.MODE_REFUSED
    assert rig.ask(Mode.HOLD).granted
    assert rig.drive(AHEAD, 5).mode is Mode.HOLD, 'asked to hold, it holds'


def test_replay_needs_fresh_commands_and_ends_without():
    rig = Rig()
    rig.tick()
    assert rig.ask(Mode.REPLAY).reason is Reason.NEVER_HEARD
    rig = bring_to(Mode.REPLAY)
    assert rig.state.moving and rig.decision.source is Source.REPLAY
    rig.ticks(12)
    assert (rig.state.mode, rig.state.reason) == (Mode.HOLD, Reason.STALE_REPLAY)


def test_home_reaches_the_pose_slowly_and_holds():
    rig = bring_to(Mode.HOME)
    for _ in range(2000):
        rig.tick(keepalive_ns=rig.now_ns)
        if rig.state.mode is Mode.HOLD:
            break
    assert rig.state.reason is Reason.ARRIVED
    assert np.allclose(rig.decision.values[JOINTS], PARK[JOINTS], atol=0.011)
    steps = np.abs(np.diff([d.values for d in rig.sent[1:]], axis=0))[:, JOINTS]
    assert (steps <= 0.26 * BODY.limits.velocity[JOINTS] * 0.01).all()


def test_home_ends_when_nobody_watches():
    rig = Rig()
    rig.tick()
    assert rig.ask(Mode.HOME, 'park').reason is Reason.KEEPALIVE_LOST
    rig = bring_to(Mode.HOME)
    rig.ticks(48)
    assert rig.state.mode is Mode.HOME
    rig.ticks(2)
    assert (rig.state.mode, rig.state.reason) == (Mode.HOLD, Reason.KEEPALIVE_LOST)


def test_home_may_need_the_deadman_as_well():
    rig = Rig(home_deadman=True)
    rig.tick(keepalive_ns=rig.now_ns)
    assert rig.ask(Mode.HOME, 'park').granted
    rig.deadman = False
    rig.tick(keepalive_ns=rig.now_ns)
    assert not rig.state.moving and rig.decision.refusal is Reason.DEADMAN_RELEASED


def test_an_unknown_pose_is_named_with_the_valid_ones():
    rig = Rig()
    rig.tick()
    with pytest.raises(ConfigError, match='park'):
        rig.ask(Mode.HOME, 'prak')


def test_a_keepalive_without_home_moves_nothing():
    rig = Rig()
    for _ in range(5):
        rig.tick(keepalive_ns=rig.now_ns)
    assert rig.state.mode is Mode.IDLE


# Self collision


def gap_distance(values):
    """Pretend that the hands meet when left_arm_joint1 reaches 0: 0.1 m per radian."""
    return 0.1 * values[0], 'left', 'right'


def test_the_body_slows_down_and_stops_before_it_touches_itself():
    rig = Rig(gap_distance)
    rig.engage()
    for k in range(200):
        rig.drive(at(left_arm_joint1=max(HOME[0] - 0.01 * k, -0.4)))
    gaps = np.array([gap_distance(d.values)[0] for d in rig.sent])
    assert 0.01 <= gaps.min() < 0.013
    speed = -np.diff(gaps) / 0.01 / 0.1
    assert speed[gaps[1:] < 0.015].max() < 0.6, 'slow near contact'
    assert rig.decision.refusal is Reason.SELF_COLLISION
    assert rig.decision.clip[0] & Clip.COLLISION
    assert rig.state.verdicts.collision is Reason.SELF_COLLISION
    steps = np.diff([d.values[0] for d in rig.sent])
    assert np.abs(np.diff(steps)).max() <= BODY.limits.acceleration[0] * 1e-4 + 1e-9


def test_moving_apart_is_always_allowed():
    start = at(left_arm_joint1=0.05)
    rig = Rig(gap_distance, start=start)
    rig.engage(start)
    assert gap_distance(rig.decision.values)[0] < 0.01
    for k in range(100):
        rig.drive(at(left_arm_joint1=0.05 + 0.003 * k))
    assert gap_distance(rig.decision.values)[0] > 0.02
    assert rig.state.verdicts.collision is Reason.NONE


def test_a_distance_that_is_not_a_number_stops():
    rig = Rig(lambda values: (float('nan'), '', ''))
    rig.engage()
    before = rig.decision.values[JOINTS]
    rig.drive(at(left_arm_joint1=0.0), 20)
    assert np.allclose(rig.decision.values[JOINTS], before)


@pytest.mark.parametrize('seed', range(2))
def test_no_operator_makes_the_sphere_model_of_the_r1_touch_itself(seed):
    random = np.random.default_rng(seed)
    distance = SelfCollision(BODY).distance
    rig = Rig(distance)
    rig.engage()
    leader, goal, refused = HOME.copy(), HOME, 0
    for k in range(200):
        if k % 100 == 0:
            touching = (random.uniform(LOW, HIGH) for _ in range(1000))
            goal = next(pose for pose in touching if distance(pose)[0] < -0.03)
            goal[BASE] = 0.0
        leader = leader + np.clip(goal - leader, -0.05, 0.05)
        refused += rig.drive(leader).refusal is Reason.SELF_COLLISION
        assert distance(rig.decision.values)[0] >= STOP_M - 1e-9
    assert refused > 0, 'without the guard it would have touched'


# Clocks, purity, cost


@pytest.mark.parametrize('jump_s', [-3600, 3600, -0.15, 86400 * 365])
def test_a_jump_of_the_ros_clock_never_disarms_a_watchdog(jump_s):
    rig = Rig().engage()
    rig.drive(at(base_vx=0.3), 40)
    rig.ros_ns += int(jump_s * 1e9)
    assert rig.ticks(12).mode is Mode.HOLD
    assert rig.state.reason is Reason.STALE_TELEOP
    rig = Rig()
    rig.start_policy([at(base_vx=0.3)] * 40)
    rig.tick()
    rig.ros_ns += int(jump_s * 1e9)
    rig.ticks(25)
    assert rig.state.mode is Mode.HOLD


def test_a_paused_ros_clock_does_not_disarm_a_watchdog():
    rig = Rig().engage()
    for _ in range(12):
        rig.ros_ns -= TICK_NS
        rig.tick()
    assert rig.state.reason is Reason.STALE_TELEOP


def test_the_same_inputs_give_the_same_outputs():
    runs = []
    for _ in range(2):
        rig = Rig().engage()
        for k in range(60):
            rig.drive(at(left_arm_joint1=HOME[0] - 0.01 * k, base_vy=0.1))
        runs.append([(d.values.tobytes(), d.clip.tobytes(), d.refusal) for d in rig.sent])
    assert runs[0] == runs[1]


def test_a_tick_costs_less_than_a_millisecond():
    rig = Rig(gap_distance).engage()
    costs = []
    for k in range(300):
        frame = rig.frame(at(left_arm_joint1=HOME[0] - 0.1 * np.sin(k / 30)))
        inputs = stepped(rig, rig.state.vitals.feedback, frame)
        begin = time.process_time_ns()
        rig.step(inputs)
        costs.append(time.process_time_ns() - begin)
    assert np.median(costs) < 1e6
