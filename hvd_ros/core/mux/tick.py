# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The command mux: who has authority, and what may be sent, as a pure function of time and inputs.

step() is the whole of it. The order of a tick: take what arrived (inbox), change the mode by
the one table (modes), form the target of whoever has authority, then limit it against what was
sent last. Time is handed in, the state is frozen, the same inputs give the same outputs.
"""

from dataclasses import dataclass, replace

import numpy as np

from hvd_ros.core.mux.chunks import aim
from hvd_ros.core.mux.clutch import engage, follow
from hvd_ros.core.mux.command import Clip, Mode, Source
from hvd_ros.core.mux.home import advance, depart
from hvd_ros.core.mux.inbox import judge, listen
from hvd_ros.core.mux.keepout import allowed, measure, speed_share
from hvd_ros.core.mux.limiter import Bools, Bytes, Motion
from hvd_ros.core.mux.state import Decision, Inputs, MuxState, Setup
from hvd_ros.core.mux.transitions import change_mode, measured, settle
from hvd_ros.core.reasons import Reason
from hvd_ros.core.robot.body import Array


@dataclass(frozen=True, eq=False)
class _Wish:
    """What whoever has authority wants in this tick; no target means: come to rest."""

    source: Source = Source.HOLD
    target: Array | None = None
    pace: Array | None = None  # how fast the target moves, where that is known
    asked: Array | None = None
    seq: int = 0
    refusal: Reason = Reason.NONE
    chunk_seq: int = 0
    chunk_step: int = 0


def step(state: MuxState, now_ns: int, inputs: Inputs, setup: Setup) -> tuple[MuxState, Decision]:
    """Decide one tick; now_ns is the steady clock and never goes back."""
    state, refused = listen(state, now_ns, inputs, setup)
    state = state.changed(verdicts=judge(state, now_ns, setup))
    state = settle(change_mode(state, now_ns, setup))
    if state.mode is Mode.ESTOP:
        return _stopped(state, setup, refused)
    state, wish = _wish(state, now_ns, setup)
    return _send(state, wish, refused, setup)


def _wish(state: MuxState, now_ns: int, setup: Setup) -> tuple[MuxState, _Wish]:
    if state.mode is Mode.TELEOP:
        return _wish_teleop(state, setup)
    if state.mode is Mode.POLICY:
        return state, _wish_policy(state, now_ns, setup)
    if state.mode is Mode.REPLAY and state.replay_frame is not None:
        frame = state.replay_frame
        wish = _Wish(Source.REPLAY, frame.values, None, frame.values, frame.seq)
        return state, _while_held(state, wish, setup.config.require_deadman)
    if state.mode is Mode.HOME:
        return _wish_home(state, setup)
    return state, _Wish(Source.NONE if state.mode is Mode.IDLE else Source.HOLD)


def _wish_teleop(state: MuxState, setup: Setup) -> tuple[MuxState, _Wish]:
    frame = state.teleop_frame
    if frame is None or state.motion is None:
        return state, _Wish()
    clutch, before = state.clutch, state.leader
    if clutch is None or before is None:
        # A robot that is still braking is taken over where it comes to rest.
        rest = setup.limiter.rest(state.motion)
        clutch, before = engage(rest, frame.values, setup.body), frame.values
    clutch, target = follow(clutch, before, frame.values, setup.body, setup.period_s)
    state = state.changed(clutch=clutch, leader=frame.values)
    return state, _Wish(Source.TELEOP, target, None, frame.values, frame.seq)


def _wish_policy(state: MuxState, now_ns: int, setup: Setup) -> _Wish:
    found = None if state.plan is None else aim(state.plan, now_ns)
    if found is None or state.plan is None:
        return _Wish()
    wish = _Wish(
        source=Source.POLICY,
        target=found.target,
        pace=found.pace,
        asked=found.target,
        seq=state.plan.seq,
        chunk_seq=state.plan.seq,
        chunk_step=found.step,
    )
    return _while_held(state, wish, setup.config.require_deadman)


def _wish_home(state: MuxState, setup: Setup) -> tuple[MuxState, _Wish]:
    held = _while_held(state, _Wish(Source.HOME), setup.config.home_deadman)
    if held.refusal or state.motion is None:
        return state.changed(travel=None), held
    travel = state.travel
    if travel is None:
        # Start from where the joints come to rest, so that a new run never turns back.
        goal = setup.body.pose(state.pose)
        rest = setup.limiter.rest(state.motion)
        travel = depart(rest, goal, setup.body, setup.config.home_speed)
    travel, target = advance(travel, setup.period_s)
    return state.changed(travel=travel), _Wish(Source.HOME, target, asked=target)


def _while_held(state: MuxState, wish: _Wish, required: bool) -> _Wish:
    if not required or not state.verdicts.deadman:
        return wish
    return _Wish(asked=wish.asked, refusal=state.verdicts.deadman)


def _send(
    state: MuxState, wish: _Wish, refused: Reason, setup: Setup
) -> tuple[MuxState, Decision]:
    last = state.motion if state.driven and state.motion is not None else measured(state, setup)
    base_gate = state.verdicts.guardian or state.verdicts.base
    target = last.values if wish.target is None else wish.target
    halt = setup.base if base_gate else np.zeros_like(setup.base)
    halt = np.ones_like(setup.base) if wish.target is None else halt
    state, motion, clip = _limit(state, last, target, halt, wish.pace, setup)
    cut = setup.base & (target != 0.0) if base_gate and wish.target is not None else None
    if cut is not None and cut.any():
        clip = clip | cut * np.uint8(Clip.BASE_GATE)
        refused = refused or base_gate
    moving = wish.target is not None
    state = state.changed(motion=motion, moving=moving, active=wish.source)
    refusal = refused or wish.refusal or state.verdicts.collision
    return state, Decision(
        mode=state.mode,
        values=motion.values,
        engaged=state.driven,
        source=wish.source,
        source_seq=wish.seq,
        asked=wish.asked,
        clip=clip,
        refusal=refusal,
        chunk_seq=wish.chunk_seq,
        chunk_step=wish.chunk_step,
    )


def _limit(
    state: MuxState,
    last: Motion,
    target: Array,
    halt: Bools,
    pace: Array | None,
    setup: Setup,
) -> tuple[MuxState, Motion, Bytes]:
    limiter, distance = setup.limiter, setup.distance
    if distance is None or not state.driven:
        motion, clip = limiter.step(last, target, halt, pace=pace)
        return state.changed(nearness=None), motion, clip
    before = state.nearness or measure(distance, limiter.rest(last))
    share = speed_share(before)
    motion, clip = limiter.step(last, target, halt, share, pace)
    rest = limiter.rest(motion)
    near = before if np.array_equal(rest, limiter.rest(last)) else measure(distance, rest)
    reason = Reason.NONE
    if not allowed(before, near):
        motion, clip = limiter.step(last, target, halt | setup.joints)
        clip = clip | setup.joints * np.uint8(Clip.COLLISION)
        near, reason = before, Reason.SELF_COLLISION
    elif share < 1.0:
        clip = clip | (setup.joints & ((clip & Clip.VELOCITY) > 0)) * np.uint8(Clip.COLLISION)
    verdicts = replace(state.verdicts, collision=reason)
    return state.changed(nearness=near, verdicts=verdicts), motion, clip


def _stopped(state: MuxState, setup: Setup, refused: Reason) -> tuple[MuxState, Decision]:
    last = state.motion if state.driven and state.motion is not None else measured(state, setup)
    values = np.where(setup.base, 0.0, last.values)
    motion = Motion(values, np.zeros(setup.body.size))
    state = state.changed(motion=motion, moving=False, active=Source.HOLD, nearness=None)
    nothing = np.zeros(setup.body.size, dtype=np.uint8)
    return state, Decision(
        mode=Mode.ESTOP,
        values=values,
        engaged=state.driven,
        source=Source.HOLD,
        source_seq=0,
        asked=None,
        clip=nothing,
        refusal=state.latch.reason or refused,
    )
