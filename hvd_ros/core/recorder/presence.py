# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which streams live: heard lately, with a stamp of their own, and not frozen.

A camera that was unplugged goes silent, one that hangs repeats itself. Both must be known within a
second, before an episode starts and while it runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import math

from hvd_ros.core.bag.cdr import Buffer
from hvd_ros.core.episodes.streams import BULK_KINDS, Stream

SILENT_NS = 600_000_000
# Camera intrinsics and the like never change; somebody who repeats them seldom is well.
SELDOM_NS = 3_000_000_000
_STAMP_END = 12  # CDR header, then the stamp that every message begins with

_CURES = {
    'joints': 'start the robot and the r1 node: hvd launch teleop',
    'odom': 'start the robot and the r1 node: hvd launch teleop',
    'trace': 'start the mux: hvd launch teleop',
    'status': 'start the mux: hvd launch teleop',
    'cloud': 'start the cloud node: hvd launch cameras',
}


@dataclass
class _Heard:
    at_ns: int = 0
    stamp_ns: int = -1
    data: Buffer = b''
    same_since_ns: int = 0


class Presence:
    """Hears of every message; says who is missing (steady clock throughout)."""

    def __init__(self, streams: Sequence[Stream], frozen_s: float = 0.0) -> None:
        """Also call an image frozen when its content stays the same so long; 0: never."""
        self._streams = {stream.name: stream for stream in streams}
        self._heard = {name: _Heard() for name in self._streams}
        self._frozen_ns = round(frozen_s * 1e9)

    def heard(self, stream: str, stamp_ns: int, at_ns: int, data: Buffer) -> bool:
        """Take a message; False when it only repeats the stamp of the one before."""
        last = self._heard[stream]
        if stamp_ns == last.stamp_ns:
            return False
        if self._streams[stream].kind in BULK_KINDS and self._frozen_ns:
            # A sensor never gives the same image twice; lengths nearly always differ already.
            same = len(data) == len(last.data) and data[_STAMP_END:] == last.data[_STAMP_END:]
            last.same_since_ns = last.same_since_ns if same else at_ns
            last.data = data
        last.at_ns, last.stamp_ns = at_ns, stamp_ns
        return True

    def missing(self, now_ns: int) -> dict[str, str]:
        """Return what is wrong with each required stream that does not live."""
        found = {}
        for name, stream in self._streams.items():
            if stream.required and (text := self._trouble(stream, now_ns)):
                found[name] = f'{name} {text}'
        return found

    def _trouble(self, stream: Stream, now_ns: int) -> str:
        heard = self._heard[stream.name]
        if heard.stamp_ns < 0:
            return 'was never heard'
        age_ns = now_ns - heard.at_ns
        if age_ns > (SILENT_NS if stream.floor_hz > 0 else SELDOM_NS):
            return f'is silent for {_seconds(age_ns)}'
        if self._frozen_ns and now_ns - heard.same_since_ns > self._frozen_ns and heard.data:
            return f'is frozen for {_seconds(now_ns - heard.same_since_ns)}'
        return ''


def cure(missing: Sequence[str]) -> str:
    """Return what brings these streams back."""
    cures = dict.fromkeys(_CURES.get(name, _camera_cure(name)) for name in missing)
    return '; '.join(cures)


def _camera_cure(stream: str) -> str:
    camera = stream.rpartition('_')[0]
    return f'look at the {camera} camera and its cable: hvd doctor'


def _seconds(ns: int) -> str:
    # Whole tenths, rounded down, so that a status does not change with every look.
    return f'{math.floor(ns / 1e8) / 10:.1f} s'
