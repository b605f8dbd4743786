# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How regular an episode really was: its frames, its streams, what was lost.

Timestamps that say `index / rate` hide a slow loop; here the loop and every stream are measured
while they run, and an episode that falls below its floor says so in its own record.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
import math
from typing import Any

import numpy as np

FLOOR_SHARE = 0.95  # of the frames that were due
REAL_TIME_FLOOR = 0.98
LONGEST_FRAME_GAP_S = 0.5
LONGEST_STREAM_GAP_S = 1.0


@dataclass
class Pulse:
    """The arrivals of one stream."""

    count: int = 0
    last_ns: int | None = None
    worst_ns: int = 0  # longest time between two arrivals, or to the end

    def beat(self, at_ns: int) -> None:
        """Count one arrival."""
        self._look(at_ns)
        self.count += 1
        self.last_ns = at_ns

    def rest(self, at_ns: int) -> None:
        """Take the time since the last arrival as a gap, and begin anew."""
        self._look(at_ns)
        self.last_ns = None

    def begin(self, at_ns: int) -> None:
        """Measure the first gap from here."""
        self.last_ns = at_ns

    def _look(self, at_ns: int) -> None:
        if self.last_ns is not None:
            self.worst_ns = max(self.worst_ns, at_ns - self.last_ns)


@dataclass(frozen=True)
class Floor:
    """What one stream owes."""

    stream: str
    rate_hz: float  # 0: nothing
    required: bool


@dataclass
class Cadence:
    """Everything that is counted while one episode runs; pauses do not count."""

    period_ns: int
    floors: tuple[Floor, ...]
    streams: dict[str, Pulse] = field(default_factory=dict)
    frames: Pulse = field(default_factory=Pulse)
    late: int = 0  # frames that came more than half a period after their time
    dropped: int = 0  # frames and messages that could not be written
    interventions: int = 0  # how often a person took over from a policy
    intervened: int = 0  # frames of that
    real_time_factor: float = math.nan  # the lowest one that was told
    real_time_floor: float = REAL_TIME_FLOOR  # 0 where nothing waits for the clock
    _errors_ms: 'array[float]' = field(default_factory=lambda: array('f'))
    _active_ns: int = 0
    _since_ns: int | None = None
    _taken: bool = False

    def begin(self, at_ns: int) -> None:
        """Start, or go on after a pause."""
        self._since_ns = at_ns
        self.frames.begin(at_ns)
        for floor in self.floors:
            self.streams.setdefault(floor.stream, Pulse()).begin(at_ns)

    def rest(self, at_ns: int) -> None:
        """Pause, or stop."""
        if self._since_ns is None:
            return
        self._active_ns += at_ns - self._since_ns
        self._since_ns = None
        for pulse in (self.frames, *self.streams.values()):
            pulse.rest(at_ns)

    def frame(self, due_ns: int, at_ns: int, intervention: bool) -> None:
        """Count one frame: when it was due, when it was made."""
        error_ns = abs(at_ns - due_ns)
        self._errors_ms.append(error_ns / 1e6)
        self.late += error_ns > self.period_ns // 2
        self.frames.beat(at_ns)
        self.interventions += intervention and not self._taken
        self.intervened += intervention
        self._taken = intervention

    def heard(self, stream: str, at_ns: int) -> None:
        """Count one message of a stream."""
        if self._since_ns is not None:
            self.streams[stream].beat(at_ns)

    def real_time(self, factor: float) -> None:
        """Note what the simulator says of itself."""
        if self._since_ns is not None:
            self.real_time_factor = float(np.fmin(self.real_time_factor, factor))

    def seconds(self, now_ns: int) -> float:
        """Return the time that counted so far."""
        running = 0 if self._since_ns is None else now_ns - self._since_ns
        return (self._active_ns + running) / 1e9

    def rate_hz(self, now_ns: int) -> float:
        """Return the frames a second that were reached so far."""
        return _rate(self.frames.count, self.seconds(now_ns))

    def report(self, now_ns: int) -> dict[str, Any]:
        """Return the figures as they go into episode.json."""
        seconds = self.seconds(now_ns)
        errors = np.asarray(self._errors_ms)
        streams = {
            name: {
                'count': pulse.count,
                'rate_hz': round(_rate(pulse.count, seconds), 3),
                'worst_gap_s': round(pulse.worst_ns / 1e9, 4),
            }
            for name, pulse in self.streams.items()
        }
        return {
            'rate_hz': round(self.rate_hz(now_ns), 3),
            'worst_gap_s': round(self.frames.worst_ns / 1e9, 4),
            'tick_error_ms_p50': _percentile(errors, 50),
            'tick_error_ms_p99': _percentile(errors, 99),
            'late_ticks': self.late,
            'dropped': self.dropped,
            'interventions': self.interventions,
            'intervention_frames': self.intervened,
            'real_time_factor': _or_none(self.real_time_factor),
            'streams': streams,
        }

    def faults(self, now_ns: int) -> tuple[str, ...]:
        """Name every floor that this episode is below."""
        return tuple(self._faults(now_ns))

    def _faults(self, now_ns: int) -> Iterable[str]:
        seconds = self.seconds(now_ns)
        if not self.frames.count:
            yield 'no frame was written'
            return
        # One more than counted: the last period is not over.
        floor_hz = FLOOR_SHARE * 1e9 / self.period_ns
        if _rate(self.frames.count + 1, seconds) < floor_hz:
            yield f'{self.rate_hz(now_ns):.2f} frames a second, floor {floor_hz:g}'
        if self.frames.worst_ns > LONGEST_FRAME_GAP_S * 1e9:
            yield f'no frame for {self.frames.worst_ns / 1e9:.2f} s'
        if self.dropped:
            yield f'{self.dropped} messages or frames were lost'
        if self.real_time_factor < self.real_time_floor:
            yield f'real-time factor {self.real_time_factor:.3f}, floor {self.real_time_floor:g}'
        for floor in self.floors:
            yield from _stream_faults(floor, self.streams[floor.stream], seconds)


def _stream_faults(floor: Floor, pulse: Pulse, seconds: float) -> Iterable[str]:
    owes = floor.rate_hz > 0 and (floor.required or pulse.count > 0)
    if owes and _rate(pulse.count + 1, seconds) < floor.rate_hz:
        rate_hz = _rate(pulse.count, seconds)
        yield f'{floor.stream}: {rate_hz:.1f} messages a second, floor {floor.rate_hz:g}'
    if owes and pulse.worst_ns > LONGEST_STREAM_GAP_S * 1e9:
        yield f'{floor.stream}: silent for {pulse.worst_ns / 1e9:.2f} s'


def summary(report: dict[str, Any], faults: Iterable[str]) -> str:
    """Return the lines that a person reads at the end of an episode."""
    lines = [
        f'{report["rate_hz"]:.2f} frames a second, worst gap {report["worst_gap_s"]:.3f} s, '
        f'tick error p99 {report["tick_error_ms_p99"] or 0.0:.1f} ms, '
        f'{report["late_ticks"]} late, {report["dropped"]} lost'
    ]
    lines += [
        f'  {name:<18} {row["rate_hz"]:>7.2f} Hz, {row["count"]} messages, '
        f'worst gap {row["worst_gap_s"]:.3f} s'
        for name, row in report['streams'].items()
        if row['count']
    ]
    if report['interventions']:
        lines.append(f'  a person took over {report["interventions"]} times')
    return '\n'.join([*lines, *(f'  BELOW ITS FLOOR: {fault}' for fault in faults)])


def _rate(count: int, seconds: float) -> float:
    return count / seconds if seconds > 0 else 0.0


def _percentile(values: Any, percent: float) -> float | None:
    return round(float(np.percentile(values, percent)), 3) if len(values) else None


def _or_none(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
