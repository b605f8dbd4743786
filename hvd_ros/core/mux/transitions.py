# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How the mux changes its mode: what people ask for, and what happens by itself.

The table of modes says what is possible; here is when each event occurs and what it needs.
"""

import numpy as np

from hvd_ros.core.mux.command import Mode
from hvd_ros.core.mux.home import arrived
from hvd_ros.core.mux.limiter import Motion
from hvd_ros.core.mux.modes import Event, after
from hvd_ros.core.mux.state import NS, Answer, MuxState, Setup
from hvd_ros.core.reasons import Reason
from hvd_ros.core.safety.estop import mux_trigger


def ask(
    state: MuxState, now_ns: int, mode: Mode, pose: str, setup: Setup
) -> tuple[MuxState, Answer]:
    """Ask for a mode between two ticks; raises ConfigError when home names an unknown pose."""
    if mode is Mode.ESTOP:
        stopped = stop(state, Reason.ESTOP_SERVICE)
        return stopped, Answer(True, Mode.ESTOP, Reason.NONE)
    if mode is Mode.HOME:
        setup.body.pose(pose)
    reason = _refusal(state, now_ns, mode, setup)
    found = after(state.mode, Event(f'ask {mode.name.lower()}'))
    if reason or found is None:
        return state, Answer(False, state.mode, reason or Reason.MODE_REFUSED)
    if state.mode is Mode.TELEOP and found is not Mode.TELEOP:
        state = state.changed(must_release=True)
    state = _enter(state, found, Reason.ASKED, setup).changed(pose=pose)
    return state, Answer(True, found, Reason.NONE)


def stop(state: MuxState, reason: Reason) -> MuxState:
    """Latch an e-stop; the next tick sends it."""
    return state.changed(latch=mux_trigger(state.latch, reason))


def _refusal(state: MuxState, now_ns: int, mode: Mode, setup: Setup) -> Reason:
    verdicts = state.verdicts
    if state.latch.stopped:
        return state.latch.reason
    if mode in (Mode.IDLE, Mode.TELEOP):
        return Reason.NONE
    if mode is Mode.HOLD:
        return Reason.NONE if state.driven else verdicts.feedback
    if state.latch.epoch is None:
        return Reason.NO_GUARDIAN
    if mode is Mode.HOME:
        return _home_reason(state, now_ns, setup)
    source = verdicts.policy if mode is Mode.POLICY else verdicts.replay
    return verdicts.feedback or verdicts.health or source


def _home_reason(state: MuxState, now_ns: int, setup: Setup) -> Reason:
    health = state.verdicts.health
    # A low battery is the very reason to park.
    fault = state.verdicts.feedback or (Reason.NONE if health is Reason.BATTERY_LOW else health)
    oldest_ns = setup.config.keepalive_timeout_s * NS
    alone = state.keepalive_ns is None or now_ns - state.keepalive_ns > oldest_ns
    return fault or (Reason.KEEPALIVE_LOST if alone else Reason.NONE)


def change_mode(state: MuxState, now_ns: int, setup: Setup) -> MuxState:
    """Apply what has happened by itself: people engaging, sources lost, faults, stops."""
    event, reason = _event(state, now_ns, setup)
    found = None if event is None else after(state.mode, event)
    if found is None or found is state.mode:
        return state
    return _enter(state, found, reason, setup)


def _event(state: MuxState, now_ns: int, setup: Setup) -> tuple[Event | None, Reason]:
    verdicts, mode = state.verdicts, state.mode
    if state.latch.stopped:
        return Event.ESTOP, state.latch.reason
    if mode is Mode.ESTOP:
        return (Event.RESET_DRIVEN if state.driven else Event.RESET_UNDRIVEN), Reason.ASKED
    fault = verdicts.feedback or verdicts.health
    if mode is Mode.TELEOP:
        lost = verdicts.teleop
        gone = Event.RELEASED if lost is Reason.DISENGAGED else Event.SOURCE_LOST
        return _first((Event.ROBOT_FAULT, fault), (gone, lost))
    # An engaged operator comes first. A mux that never heard the guardian does not know whether
    # an e-stop is latched, so it lets nobody begin.
    if not (verdicts.teleop or fault or state.latch.epoch is None):
        return Event.ENGAGED, Reason.NONE
    if mode is Mode.POLICY:
        return _first((Event.ROBOT_FAULT, fault), (Event.SOURCE_LOST, verdicts.policy))
    if mode is Mode.REPLAY:
        return _first((Event.ROBOT_FAULT, fault), (Event.SOURCE_LOST, verdicts.replay))
    if mode is Mode.HOME:
        return _home_event(state, now_ns, setup)
    return None, Reason.NONE


def _home_event(state: MuxState, now_ns: int, setup: Setup) -> tuple[Event | None, Reason]:
    reason = _home_reason(state, now_ns, setup)
    if reason is Reason.KEEPALIVE_LOST:
        return Event.KEEPALIVE_LOST, reason
    if reason:
        return Event.ROBOT_FAULT, reason
    if state.travel is None or state.motion is None:
        return None, Reason.NONE
    there = arrived(state.travel, state.motion.values, setup.body)
    return (Event.ARRIVED, Reason.ARRIVED) if there else (None, Reason.NONE)


def _first(*found: tuple[Event, Reason]) -> tuple[Event | None, Reason]:
    return next(((event, reason) for event, reason in found if reason), (None, Reason.NONE))


def _enter(state: MuxState, mode: Mode, reason: Reason, setup: Setup) -> MuxState:
    if mode is not Mode.ESTOP and not state.driven and mode is not Mode.IDLE:
        # Nothing moves at the start: the first command is what the robot measures.
        state = state.changed(motion=measured(state, setup), driven=True)
    if mode is Mode.IDLE:
        state = state.changed(driven=False)
    return state.changed(mode=mode, reason=reason, clutch=None, leader=None, travel=None)


def settle(state: MuxState) -> MuxState:
    """
    Make an operator who is engaged while the way is not free let go first.

    Else the robot would start by itself when a fault goes away or a node comes back.
    """
    verdict = state.verdicts.teleop
    blocked = verdict not in (Reason.NONE, Reason.DISENGAGED)
    refused = verdict is Reason.NONE and state.mode is not Mode.TELEOP
    return state.changed(must_release=True) if blocked or refused else state


def measured(state: MuxState, setup: Setup) -> Motion:
    """Return the measured joints within the limits, the base as it was sent last."""
    limits, size = setup.body.limits, setup.body.size
    feedback = state.vitals.feedback
    values = np.zeros(size) if feedback is None else feedback.values
    values = np.minimum(np.maximum(values, limits.low), limits.high)
    base = 0.0 if state.motion is None else state.motion.values
    return Motion(np.where(setup.base, base, values), np.zeros(size))
