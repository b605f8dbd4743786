# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the operator's hands feel of the recorder: one rhythm for each thing that can happen to it.

Somebody who holds two arms looks at no screen, so start and stop, saved and discarded, and above
all a fault must be told apart without looking.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hvd_ros.core.recorder.session import Phase

NAG_NS = 5_000_000_000  # a fault is felt again so often, until it is over


class Signal(StrEnum):
    """What happened."""

    STARTED = 'started'
    PAUSED = 'paused'
    WENT_ON = 'went on'
    STOPPED = 'stopped'
    SAVED = 'saved'
    DISCARDED = 'discarded'
    REFUSED = 'refused'
    FAULT = 'fault'


@dataclass(frozen=True)
class Beat:
    """One shake: strength 0..1, and how long it lasts and is silent after [s]."""

    strength: float
    on_s: float
    off_s: float = 0.12


_SHORT, _LONG = Beat(0.6, 0.1), Beat(0.6, 0.5)
RHYTHMS: dict[Signal, tuple[Beat, ...]] = {
    Signal.STARTED: (_LONG,),
    Signal.PAUSED: (_SHORT,),
    Signal.WENT_ON: (_SHORT, _LONG),
    Signal.STOPPED: (_SHORT, _SHORT),
    Signal.SAVED: (_SHORT, _SHORT, _LONG),
    Signal.DISCARDED: (_LONG, _LONG),
    Signal.REFUSED: (Beat(0.9, 0.2), Beat(0.9, 0.2)),
    Signal.FAULT: (Beat(1.0, 0.3),) * 4,
}


@dataclass(frozen=True)
class Told:
    """What of RecorderStatus can be felt."""

    phase: Phase
    episode_id: str
    healthy: bool
    fix: str


_CHANGES = {
    (Phase.IDLE, Phase.RECORDING): Signal.STARTED,
    (Phase.RECORDING, Phase.PAUSED): Signal.PAUSED,
    (Phase.PAUSED, Phase.RECORDING): Signal.WENT_ON,
    (Phase.RECORDING, Phase.STOPPED): Signal.STOPPED,
    (Phase.PAUSED, Phase.STOPPED): Signal.STOPPED,
}


def signal(before: Told | None, now: Told) -> Signal | None:
    """Return what a change of status means to the hands; None for nothing."""
    if before is None:
        return None
    if before.healthy and not now.healthy:
        return Signal.FAULT
    if before.phase is Phase.STOPPED and now.phase is Phase.IDLE:
        return Signal.SAVED if now.episode_id else Signal.DISCARDED
    if before.phase is not now.phase:
        return _CHANGES.get((before.phase, now.phase))
    # A refusal shows what to do instead; everything else that changes the fix changes the phase.
    return Signal.REFUSED if now.fix and now.fix != before.fix and now.healthy else None


class Rhythm:
    """Plays one rhythm after the other; asked once a tick whether a shake begins."""

    def __init__(self) -> None:
        self._beats: list[tuple[int, Beat]] = []

    def play(self, beats: Sequence[Beat], now_ns: int) -> None:
        """Begin this rhythm now, in the place of whatever was playing."""
        self._beats = []
        for beat in beats:
            self._beats.append((now_ns, beat))
            now_ns += round((beat.on_s + beat.off_s) * 1e9)

    def due(self, now_ns: int) -> Beat | None:
        """Return the shake that begins now, if one does."""
        if not self._beats or self._beats[0][0] > now_ns:
            return None
        return self._beats.pop(0)[1]


class Feel:
    """From the statuses of the recorder to shakes, fault rhythms repeated until all is well."""

    def __init__(self) -> None:
        self._told: Told | None = None
        self._rhythm = Rhythm()
        self._nag_ns: int | None = None

    def hear(self, told: Told, now_ns: int) -> Signal | None:
        """Take a status; return what it signals."""
        found = signal(self._told, told)
        self._told = told
        if told.healthy or told.phase is Phase.IDLE:
            self._nag_ns = None
        if found is not None:
            self._rhythm.play(RHYTHMS[found], now_ns)
        if found is Signal.FAULT:
            self._nag_ns = now_ns + NAG_NS
        return found

    def due(self, now_ns: int) -> Beat | None:
        """Return the shake that begins now, if one does."""
        if self._nag_ns is not None and now_ns >= self._nag_ns:
            self._nag_ns = now_ns + NAG_NS
            self._rhythm.play(RHYTHMS[Signal.FAULT], now_ns)
        return self._rhythm.due(now_ns)
