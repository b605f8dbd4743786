# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Why does it move, or why not: one gate per condition, in words for the person in front of it.

Read from the state of the mux at 10 Hz; nothing here decides.
"""

from dataclasses import dataclass

import numpy as np

from hvd_ros.core.mux.command import Mode, Source
from hvd_ros.core.mux.guard import Track
from hvd_ros.core.mux.keepout import STOP_M, Nearness, measure
from hvd_ros.core.mux.state import NS, MuxState, Setup
from hvd_ros.core.reasons import EXPLANATION, Reason
from hvd_ros.core.vendor.health import base_fix

_STILL = (Mode.IDLE, Mode.HOLD)


@dataclass(frozen=True)
class GateReport:
    """One condition between a command and motion."""

    name: str
    reason: Reason
    detail: str
    advice: str = ''  # for this case, where the reason's own is too general

    @property
    def open(self) -> bool:
        """Whether the gate lets motion pass."""
        return not self.reason

    @property
    def fix(self) -> str:
        """What a person does next."""
        return self.advice or EXPLANATION[self.reason][1]


@dataclass(frozen=True)
class SourceReport:
    """What the mux knows of one source."""

    name: str
    age_s: float  # infinite when never heard
    fresh: bool
    engaged: bool
    reason: Reason
    accepted: int
    refused: int


@dataclass(frozen=True)
class Report:
    """The state of the mux for people."""

    mode: Mode
    active: Source
    moving: bool
    estop: bool
    reason: Reason
    text: str
    sources: tuple[SourceReport, ...]
    gates: tuple[GateReport, ...]
    self_distance_m: float  # NaN when nobody measures it


def report(state: MuxState, now_ns: int, setup: Setup) -> Report:
    """Describe the state as of the last tick; now_ns is the steady clock."""
    near = _nearness(state, setup)
    return Report(
        mode=state.mode,
        active=state.active,
        moving=state.moving,
        estop=state.mode is Mode.ESTOP,
        reason=state.reason,
        text=EXPLANATION[state.reason][0],
        sources=_sources(state, now_ns, setup),
        gates=_gates(state, now_ns, setup, near),
        self_distance_m=near.distance_m,
    )


def _nearness(state: MuxState, setup: Setup) -> Nearness:
    if setup.distance is None:
        return Nearness(float('nan'))
    if state.nearness is not None:
        return state.nearness
    if state.driven and state.motion is not None:
        return measure(setup.distance, state.motion.values)
    feedback = state.vitals.feedback
    return Nearness(float('nan')) if feedback is None else measure(setup.distance, feedback.values)


def _sources(state: MuxState, now_ns: int, setup: Setup) -> tuple[SourceReport, ...]:
    verdicts, frame, replay = state.verdicts, state.teleop_frame, state.replay_frame
    engaged = frame is not None and frame.engaged
    return (
        _source('teleop', state.teleop, now_ns, engaged, verdicts.teleop),
        _source('policy', state.policy, now_ns, state.mode is Mode.POLICY, verdicts.policy),
        _source(
            'replay', state.replay, now_ns, replay is not None and replay.engaged, verdicts.replay
        ),
    )


def _source(name: str, track: Track, now_ns: int, engaged: bool, reason: Reason) -> SourceReport:
    heard = track.accepted_ns is not None
    age_s = (now_ns - track.accepted_ns) / NS if track.accepted_ns is not None else float('inf')
    stale = reason in (Reason.STALE_TELEOP, Reason.STALE_POLICY, Reason.STALE_REPLAY)
    fresh = heard and not stale
    return SourceReport(name, age_s, fresh, engaged, reason, track.accepted, track.refused)


def _gates(state: MuxState, now_ns: int, setup: Setup, near: Nearness) -> tuple[GateReport, ...]:
    verdicts = state.verdicts
    latch = state.latch.reason if state.mode is Mode.ESTOP else Reason.NONE
    mode = (state.reason or Reason.NO_SOURCE) if state.mode in _STILL else Reason.NONE
    return (
        GateReport('estop', latch, f'epoch {state.latch.epoch}'),
        GateReport('mode', latch or mode, state.mode.name.lower()),
        GateReport('feedback', verdicts.feedback, _feedback_detail(state, now_ns, setup)),
        GateReport('source', _source_reason(state), state.active.name.lower()),
        GateReport('leader', verdicts.teleop, _leader_detail(state, now_ns)),
        GateReport('guardian', verdicts.guardian, _age('heartbeat', state.guardian_ns, now_ns)),
        _base_gate(state, now_ns),
        GateReport('health', verdicts.health, _health_detail(state, setup)),
        GateReport('collision', verdicts.collision, _collision_detail(near)),
        GateReport('writers', verdicts.writers, _writers_detail(state)),
    )


def _source_reason(state: MuxState) -> Reason:
    verdicts = state.verdicts
    if state.mode is Mode.TELEOP:
        return verdicts.teleop
    if state.mode is Mode.POLICY:
        return verdicts.policy or (Reason.NONE if state.moving else verdicts.deadman)
    if state.mode is Mode.REPLAY:
        return verdicts.replay or (Reason.NONE if state.moving else verdicts.deadman)
    if state.mode is Mode.HOME:
        return Reason.NONE if state.moving else verdicts.deadman
    return Reason.NO_SOURCE


def _age(what: str, then_ns: int | None, now_ns: int) -> str:
    return f'{what} never heard' if then_ns is None else f'{what} {_ms(now_ns - then_ns)} ago'


def _ms(span_ns: int) -> str:
    return f'{span_ns / 1e6:.0f} ms'


def _leader_detail(state: MuxState, now_ns: int) -> str:
    track = state.teleop
    last = f', last refusal {track.reason}' if track.reason else ''
    return f'{_age("command", track.accepted_ns, now_ns)}, {track.refused} refused{last}'


def _feedback_detail(state: MuxState, now_ns: int, setup: Setup) -> str:
    feedback, owing = state.vitals.feedback, state.vitals.owing_ns
    if feedback is None:
        return 'joint states never heard'
    detail = _age('joint states', feedback.received_ns, now_ns)
    if state.verdicts.feedback is Reason.OUT_OF_RANGE:
        limits = setup.body.limits
        beyond = np.maximum(feedback.values - limits.high, limits.low - feedback.values)
        worst = int(np.argmax(beyond))
        return f'measured {setup.body.names[worst]} is {beyond[worst]:.2f} beyond its limit'
    if state.verdicts.feedback is not Reason.FROZEN_FEEDBACK or owing is None:
        return detail
    worst = int(np.argmin(np.where(setup.positions, owing, now_ns)))
    return f'{setup.body.names[worst]} unchanged, {detail}'


def _base_gate(state: MuxState, now_ns: int) -> GateReport:
    health, verdicts = state.vitals.health, state.verdicts
    if verdicts.guardian:
        return GateReport('base', verdicts.guardian, _age('heartbeat', state.guardian_ns, now_ns))
    if health is None:
        return GateReport('base', verdicts.base, 'robot health never heard')
    if verdicts.base and health.base_ready:
        return GateReport('base', verdicts.base, _age('robot health', health.received_ns, now_ns))
    detail = health.base_reason or 'ready'
    return GateReport('base', verdicts.base, detail, base_fix(detail))


def _health_detail(state: MuxState, setup: Setup) -> str:
    health = state.vitals.health
    if health is None:
        return 'robot health never heard'
    if health.faults:
        return '; '.join(health.faults)
    config = setup.config
    battery = _number(health.battery_percent, '%')
    heat = _number(health.temperature_c, 'degC')
    return (
        f'battery {battery} (at least {config.battery_low_percent:.0f} %), '
        f'motors {heat} (at most {config.temperature_high_c:.0f} degC)'
    )


def _number(value: float, unit: str) -> str:
    return 'unknown' if np.isnan(value) else f'{value:.0f} {unit}'


def _collision_detail(near: Nearness) -> str:
    if np.isnan(near.distance_m):
        return 'not measured'
    links = f' between {near.link_a} and {near.link_b}' if near.link_a else ''
    return f'{near.distance_m * 1e3:.0f} mm{links} (at least {STOP_M * 1e3:.0f} mm)'


def _writers_detail(state: MuxState) -> str:
    many = [f'{source.name.lower()}: {n}' for source, n in state.writers.items() if n > 1]
    return ', '.join(many) or 'one or none for each input'
