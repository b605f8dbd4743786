# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What arrives at the mux passes here: through the guard into the state, or not at all.

Nothing in this file decides about motion; it only keeps what was accepted and says, source by
source and gate by gate, what stands in the way.
"""

from dataclasses import replace

from hvd_ros.core.mux.chunks import over, plan
from hvd_ros.core.mux.command import Command, Source
from hvd_ros.core.mux.guard import Track, admit, standing
from hvd_ros.core.mux.state import NS, Inputs, MuxState, Setup, Verdicts
from hvd_ros.core.reasons import Reason
from hvd_ros.core.safety.estop import mux_hear, mux_trigger
from hvd_ros.core.safety.vitals import (
    base_reason,
    feedback_reason,
    health_reason,
    hear_feedback,
    watch_life,
)

_POLICY_PERIODS = 2.5


def listen(state: MuxState, now_ns: int, inputs: Inputs, setup: Setup) -> tuple[MuxState, Reason]:
    """Take what arrived; return the state and why the newest refused frame was refused."""
    state = state.changed(
        writers=inputs.writers or state.writers,
        keepalive_ns=inputs.keepalive_ns or state.keepalive_ns,
        pads=inputs.pads or state.pads,
    )
    state, refused = _frames(state, now_ns, inputs, setup)
    state, spoiled = _chunks(state, now_ns, inputs, setup)
    state = _robot(state, now_ns, inputs)
    if inputs.guardian is not None:
        latch = mux_hear(state.latch, inputs.guardian)
        state = state.changed(guardian_ns=inputs.guardian.received_ns, latch=latch)
    if inputs.pads is not None and inputs.pads.estop:
        state = state.changed(latch=mux_trigger(state.latch, Reason.ESTOP_BUTTON))
    return state, refused or spoiled


def judge(state: MuxState, now_ns: int, setup: Setup) -> Verdicts:
    """Say what stands in the way of motion at this moment."""
    config = setup.config
    beat_age_ns = None if state.guardian_ns is None else now_ns - state.guardian_ns
    silent = beat_age_ns is None or beat_age_ns > config.guardian_timeout_s * NS
    two = any(count > 1 for count in state.writers.values())
    return Verdicts(
        teleop=_teleop(state, now_ns, setup),
        policy=_policy(state, now_ns, setup),
        replay=_replay(state, now_ns, setup),
        deadman=deadman_reason(state, now_ns, setup),
        feedback=_feedback(state, now_ns, setup),
        health=health_reason(state.vitals, setup.bounds),
        guardian=Reason.NO_GUARDIAN if silent else Reason.NONE,
        base=base_reason(state.vitals, now_ns, setup.bounds),
        collision=state.verdicts.collision,
        writers=Reason.TWO_WRITERS if two else Reason.NONE,
    )


def deadman_reason(state: MuxState, now_ns: int, setup: Setup) -> Reason:
    """Say why the dead-man does not count as held, or NONE."""
    if state.pads is None:
        return Reason.NEVER_HEARD
    if now_ns - state.pads.received_ns > setup.config.buttons_timeout_s * NS:
        return Reason.STALE_BUTTONS
    if state.pads.stuck:
        return Reason.STUCK_BUTTON
    return Reason.NONE if state.pads.deadman else Reason.DEADMAN_RELEASED


def _frames(state: MuxState, now_ns: int, inputs: Inputs, setup: Setup) -> tuple[MuxState, Reason]:
    worst = Reason.NONE
    for frame in inputs.teleop:
        track, reason = _check(state.teleop, frame, Source.TELEOP, state, now_ns, inputs, setup)
        state = state.changed(teleop=track)
        worst = reason or worst
        if not reason:
            release = state.must_release and frame.engaged
            state = state.changed(teleop_frame=frame, must_release=release)
    for frame in inputs.replay:
        track, reason = _check(state.replay, frame, Source.REPLAY, state, now_ns, inputs, setup)
        state = state.changed(replay=track)
        worst = reason or worst
        if not reason:
            state = state.changed(replay_frame=frame)
    return state, worst


def _check(
    track: Track,
    frame: Command,
    source: Source,
    state: MuxState,
    now_ns: int,
    inputs: Inputs,
    setup: Setup,
) -> tuple[Track, Reason]:
    oldest_ns = round(setup.config.stamp_age_s * NS)
    reason = setup.guard.command(frame, track, now_ns, inputs.ros_now_ns, oldest_ns)
    if state.writers.get(source, 0) > 1:
        reason = Reason.TWO_WRITERS
    return admit(track, frame.seq, frame.received_ns, reason), reason


def _chunks(state: MuxState, now_ns: int, inputs: Inputs, setup: Setup) -> tuple[MuxState, Reason]:
    worst = Reason.NONE
    oldest_ns = _policy_timeout_ns(setup)
    for chunk in inputs.chunks:
        reason = setup.guard.chunk(chunk, state.policy, now_ns, inputs.ros_now_ns, oldest_ns)
        if state.writers.get(Source.POLICY, 0) > 1:
            reason = Reason.TWO_WRITERS
        track = admit(state.policy, chunk.seq, chunk.received_ns, reason)
        state = state.changed(policy=track)
        worst = reason or worst
        if not reason:
            sent = state.motion.values if state.driven and state.motion is not None else None
            sent_ns = now_ns - round(setup.period_s * NS)
            made = plan(chunk, inputs.ros_now_ns, now_ns, setup.body, sent, sent_ns)
            state = state.changed(plan=made)
    return state, worst


def _robot(state: MuxState, now_ns: int, inputs: Inputs) -> MuxState:
    vitals = state.vitals
    sent = state.motion.values if state.driven and state.motion is not None else None
    if inputs.feedback is not None:
        vitals = hear_feedback(vitals, inputs.feedback, sent)
    if inputs.health is not None:
        vitals = replace(vitals, health=inputs.health)
    return state.changed(vitals=watch_life(vitals, now_ns, sent))


def _policy_timeout_ns(setup: Setup) -> int:
    return round(_POLICY_PERIODS * setup.config.policy_period_s * NS)


def _teleop(state: MuxState, now_ns: int, setup: Setup) -> Reason:
    if state.writers.get(Source.TELEOP, 0) > 1:
        return Reason.TWO_WRITERS
    timeout_ns = round(setup.config.teleop_timeout_s * NS)
    reason = standing(state.teleop, now_ns, timeout_ns, Reason.STALE_TELEOP)
    if reason or state.teleop_frame is None:
        return reason
    if not state.teleop_frame.engaged:
        return Reason.DISENGAGED
    if state.pads is not None and state.pads.stuck:
        return Reason.STUCK_BUTTON
    return Reason.RELEASE_FIRST if state.must_release else Reason.NONE


def _replay(state: MuxState, now_ns: int, setup: Setup) -> Reason:
    if state.writers.get(Source.REPLAY, 0) > 1:
        return Reason.TWO_WRITERS
    timeout_ns = round(setup.config.teleop_timeout_s * NS)
    reason = standing(state.replay, now_ns, timeout_ns, Reason.STALE_REPLAY)
    if reason or state.replay_frame is None:
        return reason
    return Reason.NONE if state.replay_frame.engaged else Reason.DISENGAGED


def _feedback(state: MuxState, now_ns: int, setup: Setup) -> Reason:
    feedback = state.vitals.feedback
    # The first command is the measured pose within the limits; far outside that would be a jump.
    if feedback is not None and not setup.guard.inside(feedback.values):
        return Reason.OUT_OF_RANGE
    return feedback_reason(state.vitals, now_ns, setup.bounds, setup.positions)


def _policy(state: MuxState, now_ns: int, setup: Setup) -> Reason:
    if state.writers.get(Source.POLICY, 0) > 1:
        return Reason.TWO_WRITERS
    reason = standing(state.policy, now_ns, _policy_timeout_ns(setup), Reason.STALE_POLICY)
    if reason or state.plan is None:
        return reason
    return Reason.CHUNK_EXPIRED if over(state.plan, now_ns) else Reason.NONE
