# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The rules of docs/architecture.md, "Who may move the robot", one by one."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from hvd_ros.core.leader.engagement import Change, EngageInput, EngageMachine
from hvd_ros.core.reasons import Reason

WELL = EngageInput(Reason.NONE, toggled=False, deadman=False, stuck=False, gate=Reason.NONE)
HELD = replace(WELL, deadman=True)
PLUS = replace(WELL, toggled=True)
PLUS_HELD = replace(HELD, toggled=True)


def engaged() -> EngageMachine:
    machine = EngageMachine()
    assert machine.step(PLUS_HELD).engaged
    return machine


@pytest.mark.parametrize('order', [(PLUS, HELD), (HELD, PLUS_HELD), (PLUS_HELD,)])
def test_plus_and_dead_man_engage_in_either_order(order):
    machine = EngageMachine()
    verdict = [machine.step(seen) for seen in order][-1]
    assert verdict.engaged
    assert verdict.change is Change.ENGAGED
    assert verdict.reason is Reason.NONE


def test_the_dead_man_alone_does_nothing():
    verdict = EngageMachine().step(HELD)
    assert not verdict.engaged
    assert verdict.reason is Reason.DISENGAGED


def test_releasing_the_dead_man_is_a_clutch():
    machine = engaged()
    released = machine.step(WELL)
    assert not released.engaged
    assert (released.reason, released.change) == (Reason.DEADMAN_RELEASED, Change.RELEASED)
    assert machine.step(HELD).change is Change.ENGAGED


def test_plus_again_disarms():
    machine = engaged()
    verdict = machine.step(PLUS_HELD)
    assert not verdict.engaged
    assert verdict.change is Change.DISARMED
    assert not machine.step(HELD).engaged


def test_far_apart_is_refused_until_the_dead_man_is_held_anew():
    machine = EngageMachine()
    far = replace(PLUS_HELD, gate=Reason.POSE_MISMATCH)
    verdict = machine.step(far)
    assert (verdict.engaged, verdict.reason) == (False, Reason.POSE_MISMATCH)
    assert verdict.change is Change.REFUSED
    # Drifting into the pose does not take over by itself, and complains only once.
    drifted = machine.step(HELD)
    assert not drifted.engaged
    assert drifted.change is Change.NONE
    machine.step(WELL)
    assert machine.step(HELD).engaged


def test_the_gate_counts_only_when_engaging():
    machine = engaged()
    assert machine.step(replace(HELD, gate=Reason.POSE_MISMATCH)).engaged


@pytest.mark.parametrize('gate', [Reason.NO_FEEDBACK, Reason.STALE_FEEDBACK])
def test_an_unheard_robot_is_not_engaged(gate):
    verdict = EngageMachine().step(replace(PLUS_HELD, gate=gate))
    assert (verdict.engaged, verdict.reason) == (False, gate)


@pytest.mark.parametrize('fault', [Reason.LEADER_FAULT, Reason.STALE_BUTTONS, Reason.ESTOP_BUTTON])
def test_a_fault_disengages_at_once_and_needs_plus_again(fault):
    machine = engaged()
    verdict = machine.step(replace(HELD, fault=fault))
    assert (verdict.engaged, verdict.reason) == (False, fault)
    assert verdict.change is Change.LOST
    assert machine.step(replace(HELD, fault=fault)).change is Change.NONE
    for seen in (HELD, WELL, HELD):
        assert not machine.step(seen).engaged
    assert machine.step(PLUS_HELD).engaged


def test_plus_during_a_fault_does_not_arm():
    machine = EngageMachine()
    machine.step(replace(PLUS_HELD, fault=Reason.LEADER_FAULT))
    assert not machine.step(HELD).engaged


def test_a_stuck_dead_man_is_a_fault_with_its_own_name():
    machine = engaged()
    verdict = machine.step(replace(WELL, stuck=True))
    assert (verdict.engaged, verdict.reason) == (False, Reason.STUCK_BUTTON)


def test_arming_and_refusal_are_told_once():
    machine = EngageMachine()
    assert machine.step(PLUS).change is Change.ARMED
    assert machine.step(WELL).change is Change.NONE


inputs = st.builds(
    EngageInput,
    fault=st.sampled_from([Reason.NONE, Reason.NONE, Reason.NONE, Reason.LEADER_FAULT]),
    toggled=st.booleans(),
    deadman=st.booleans(),
    stuck=st.booleans(),
    gate=st.sampled_from([Reason.NONE, Reason.POSE_MISMATCH]),
)


@settings(max_examples=100)
@given(st.lists(inputs, max_size=40))
def test_engaged_only_if_well_armed_and_held(steps):
    machine = EngageMachine()
    was = None
    for seen in steps:
        verdict = machine.step(seen)
        assert verdict.engaged == (verdict.reason is Reason.NONE)
        if verdict.engaged:
            assert not seen.fault
            assert seen.deadman
            assert verdict.armed
            if not (was and was.engaged):
                assert not seen.gate
        if was is not None and not was.armed and verdict.armed:
            assert seen.toggled
        was = verdict
