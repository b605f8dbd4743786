# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's own gates: guardian, health, feedback."""

from dataclasses import replace

import pytest

from hvd_ros.core.mux.command import Clip, Mode
from hvd_ros.core.mux.state import Inputs
from hvd_ros.core.reasons import Reason
from test.core.mux.mux_rig import AHEAD, BASE, HOME, TICK_NS, Rig, at, base_of, bring_to


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
