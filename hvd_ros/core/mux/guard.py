# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The first thing that happens to a frame: it must be whole, for this body, and new.

Everything here runs before any clamp, because a clamp does not stop NaN. A refused frame leaves no
mark but a count and a reason: in particular it never feeds a watchdog.
"""

from dataclasses import dataclass, replace

import numpy as np

from hvd_ros.core.mux.command import Chunk, Command
from hvd_ros.core.reasons import Reason
from hvd_ros.core.robot.body import Array, Body, Kind

STRIKES = 3
_SEQUENCE_BITS = 32
_STEP_S = (0.005, 1.0)
_HORIZON = 1000
# How far beyond a limit a frame is wrong rather than a little over: [rad, m], [1], and for a
# velocity as a share of its limit. A leader arm reaches past a limit by some tenths of a radian.
_GROSS = {Kind.POSITION: 0.5, Kind.OPENING: 0.25, Kind.VELOCITY: 1.0}
_CONTENT = frozenset(
    {
        Reason.WRONG_LENGTH,
        Reason.WRONG_LAYOUT,
        Reason.NON_FINITE,
        Reason.OUT_OF_RANGE,
        Reason.WRONG_STEP,
    }
)


@dataclass(frozen=True)
class Track:
    """What is remembered of one source: its last accepted frame, and how often it was refused."""

    seq: int | None = None
    accepted_ns: int | None = None  # steady clock
    accepted: int = 0
    refused: int = 0
    strikes: int = 0
    reason: Reason = Reason.NONE  # why the newest frame was refused, if it was


class Guard:
    """The checks for one body."""

    def __init__(self, body: Body) -> None:
        limits = body.limits
        span = np.array(
            [
                _GROSS[d.kind] * (high if d.kind is Kind.VELOCITY else 1.0)
                for d, high in zip(body.dimensions, limits.high, strict=True)
            ]
        )
        self._low, self._high = limits.low - span, limits.high + span
        self._layout_id = body.layout_id
        self._size = body.size

    def command(
        self, frame: Command, track: Track, now_ns: int, ros_now_ns: int, oldest_ns: int
    ) -> Reason:
        """Say why a whole-body command must not be used, or NONE; oldest_ns bounds its age."""
        reason = self._content(frame.layout_id, frame.values, self._size)
        if reason:
            return reason
        if _repeats(frame.seq, track, now_ns, oldest_ns):
            return Reason.OLD_SEQUENCE
        # A stamp from the future is as wrong as an old one: some clock is off.
        if abs(ros_now_ns - frame.stamp_ns) > oldest_ns or now_ns - frame.received_ns > oldest_ns:
            return Reason.OLD_STAMP
        return Reason.NONE

    def chunk(
        self, chunk: Chunk, track: Track, now_ns: int, ros_now_ns: int, oldest_ns: int
    ) -> Reason:
        """Say why a chunk must not be used, or NONE; a chunk that is wholly past has expired."""
        if not _STEP_S[0] <= chunk.step_s <= _STEP_S[1] or not 1 <= chunk.horizon <= _HORIZON:
            return Reason.WRONG_STEP
        reason = self._content(chunk.layout_id, chunk.values, chunk.horizon * self._size)
        if reason:
            return reason
        if _repeats(chunk.seq, track, now_ns, oldest_ns):
            return Reason.OLD_SEQUENCE
        age_ns = ros_now_ns - chunk.observation_ns
        if age_ns < -oldest_ns or now_ns - chunk.received_ns > oldest_ns:
            return Reason.OLD_STAMP
        if age_ns >= chunk.horizon * chunk.step_s * 1e9:
            return Reason.CHUNK_EXPIRED
        return Reason.NONE

    def inside(self, values: Array) -> bool:
        """Tell whether finite values of shape (D,) lie within the gross bounds."""
        return bool((values >= self._low).all() and (values <= self._high).all())

    def _content(self, layout_id: int, values: Array, size: int) -> Reason:
        if values.shape != (size,):
            return Reason.WRONG_LENGTH
        if layout_id != self._layout_id:
            return Reason.WRONG_LAYOUT
        if not np.isfinite(values).all():
            return Reason.NON_FINITE
        rows = values.reshape(-1, self._size)
        if (rows < self._low).any() or (rows > self._high).any():
            return Reason.OUT_OF_RANGE
        return Reason.NONE


def admit(track: Track, seq: int, received_ns: int, reason: Reason) -> Track:
    """Return the track after one frame; three bad contents in a row are a strike-out."""
    if reason:
        strikes = track.strikes + (reason in _CONTENT)
        return replace(track, refused=track.refused + 1, strikes=strikes, reason=reason)
    return Track(seq, received_ns, track.accepted + 1, track.refused)


def standing(track: Track, now_ns: int, oldest_ns: int, stale: Reason) -> Reason:
    """Say why a source may not be listened to right now, or NONE."""
    if track.strikes >= STRIKES:
        return Reason.THREE_STRIKES
    if track.accepted_ns is None:
        return track.reason or Reason.NEVER_HEARD
    if now_ns - track.accepted_ns > oldest_ns:
        return stale
    return Reason.NONE


def _repeats(seq: int, track: Track, now_ns: int, oldest_ns: int) -> bool:
    if track.seq is None or track.accepted_ns is None:
        return False
    ahead = (seq - track.seq) % (1 << _SEQUENCE_BITS)
    if ahead == 0:
        return True
    # A sender that was restarted counts from the start again; it has been silent meanwhile.
    restarted = now_ns - track.accepted_ns > oldest_ns
    return ahead >= 1 << (_SEQUENCE_BITS - 1) and not restarted
