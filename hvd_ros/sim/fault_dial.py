# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The fault dial of the robot's twin: what can go wrong between the robot and us, on demand.

Pure and told the time, so that a fault is the same in a unit test and in the running graph.
"""

from collections import deque
from dataclasses import dataclass, field, replace
import math
import random

from hvd_ros.core.errors import ConfigError, did_you_mean

# What is done to the messages of a stream; some streams can only lose them.
LOSSES = ('drop', 'disconnect')
STREAM_FAULTS = (*LOSSES, 'delay', 'freeze', 'nan', 'jump')
# What the robot itself suffers; the vendor's status topics tell.
ROBOT_FAULTS = ('motor_fault', 'over_temperature', 'battery_low', 'controller_mode')
DEFAULTS = {
    'drop': 1.0,  # probability
    'delay': 0.2,  # [s]
    'jump': 1.0,  # [rad, mm]
    'motor_fault': 12.0,  # trouble code: overcurrent
    'over_temperature': 14.0,  # trouble code: winding
    'battery_low': 5.0,  # [%]
    'controller_mode': 3.0,  # remote control switched off
}


@dataclass(frozen=True)
class Sample:
    """One vendor message on its way."""

    stamp_ns: int
    position: tuple[float, ...]
    velocity: tuple[float, ...] = ()
    effort: tuple[float, ...] = ()


@dataclass
class _Fault:
    kind: str
    target: str
    amount: float
    until_ns: int | None
    held: dict[str, Sample] = field(default_factory=dict)  # what `freeze` repeats, by stream


class FaultDial:
    """The faults that are switched on, per stream; '' is every stream."""

    def __init__(
        self,
        streams: tuple[str, ...],
        lossy: tuple[str, ...] = (),
        extra: tuple[str, ...] = (),
        seed: int = 0,
        kinds: tuple[str, ...] = (*STREAM_FAULTS, *ROBOT_FAULTS),
    ) -> None:
        self._streams, self._lossy = streams, lossy
        self._kinds = (*kinds, *extra)
        self._faults: dict[tuple[str, str], _Fault] = {}
        self._late: dict[str, deque[tuple[int, Sample]]] = {}
        self._random = random.Random(seed)

    def set(self, kind: str, target: str, amount: float, seconds: float, now_ns: int) -> str:
        """Switch a fault on, or all faults of a target off with 'none'; return what is on."""
        known = (*self._streams, *self._lossy)
        if target and target not in known:
            raise ConfigError(
                f"fault target '{target}': {did_you_mean(target, known)}, or empty for all"
            )
        if target in self._lossy and kind not in (*LOSSES, 'none'):
            raise ConfigError(f"fault '{kind}' of '{target}'; valid there: {', '.join(LOSSES)}")
        if not (math.isfinite(amount) and amount >= 0 and math.isfinite(seconds) and seconds >= 0):
            raise ConfigError(f'fault amount {amount} and seconds {seconds} must not be negative')
        if kind == 'none':
            self._faults = {k: f for k, f in self._faults.items() if target and k[1] != target}
        elif kind in self._kinds:
            until_ns = now_ns + int(seconds * 1e9) if seconds else None
            amount = amount or DEFAULTS.get(kind, 0.0)
            self._faults[kind, target] = _Fault(kind, target, amount, until_ns)
        else:
            raise ConfigError(f"fault '{kind}': {did_you_mean(kind, (*self._kinds, 'none'))}")
        return ', '.join(f'{k} {t or "all"}' for k, t in self._faults) or 'no fault'

    def amount(self, kind: str, now_ns: int, target: str = '') -> float | None:
        """Return the amount of a fault that is on for a stream (or for all), else None."""
        fault = self._active(kind, target, now_ns)
        return fault.amount if fault else None

    def clear(self, kind: str) -> None:
        """Switch off every fault of a kind: one that happens once has happened."""
        self._faults = {k: f for k, f in self._faults.items() if f.kind != kind}

    def cut(self, stream: str, now_ns: int) -> bool:
        """Return whether one message of a stream is lost on the way to the robot."""
        if self._active('disconnect', stream, now_ns):
            return True
        drop = self._active('drop', stream, now_ns)
        return drop is not None and self._random.random() < drop.amount

    def carry(self, stream: str, sample: Sample, now_ns: int) -> list[Sample]:
        """Return what arrives instead of one message of a stream: none, it, an older one."""
        if not self._faults and not self._late.get(stream):
            return [sample]
        if self.cut(stream, now_ns):
            return []
        frozen = self._active('freeze', stream, now_ns)
        if frozen:
            sample = frozen.held.setdefault(stream, sample)
        if self._active('nan', stream, now_ns):
            sample = replace(sample, position=(math.nan, *sample.position[1:]))
        jump = self._active('jump', stream, now_ns)
        if jump:
            first, *rest = sample.position
            sample = replace(sample, position=(first + jump.amount, *rest))
        return self._delayed(stream, sample, now_ns)

    def _delayed(self, stream: str, sample: Sample, now_ns: int) -> list[Sample]:
        delay = self._active('delay', stream, now_ns)
        late = self._late.setdefault(stream, deque())
        late.append((now_ns + int(delay.amount * 1e9) if delay else now_ns, sample))
        due = []
        while late and late[0][0] <= now_ns:
            due.append(late.popleft()[1])
        return due

    def _active(self, kind: str, stream: str, now_ns: int) -> _Fault | None:
        for target in (stream, ''):
            fault = self._faults.get((kind, target))
            if fault is not None and _lasts(fault, now_ns):
                return fault
        return None


def _lasts(fault: _Fault, now_ns: int) -> bool:
    return fault.until_ns is None or now_ns < fault.until_ns
