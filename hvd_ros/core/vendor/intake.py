# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What of the robot's feedback may be believed, and for how long.

A joint state is published only from checked, fresh readings of every stream: one silent arm must
look like silence to the mux, not like an arm that stands still.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
import math

from hvd_ros.core.errors import DeviceError
from hvd_ros.core.vendor.streams import JOINT_STREAMS, Joints, Reading, Wiring


@dataclass(frozen=True, eq=False)
class _Kept:
    reading: Reading
    stamp_ns: int
    received_ns: int


class Intake:
    """The newest good reading of every stream."""

    def __init__(self, wiring: Wiring, timeout_ns: int) -> None:
        self._wiring, self._timeout_ns = wiring, timeout_ns
        self._kept: dict[str, _Kept] = {}
        self.refused: Counter[str] = Counter()
        self.last_refusal = ''

    def offer(
        self,
        stream: str,
        stamp_ns: int,
        received_ns: int,
        position: Sequence[float],
        velocity: Sequence[float],
        effort: Sequence[float],
    ) -> Reading | None:
        """Take in one message; returns None when it is bad or only repeats the last one."""
        kept = self._kept.get(stream)
        # A frozen driver repeats its last message: same stamp, no news.
        if kept is not None and stamp_ns and stamp_ns == kept.stamp_ns:
            return None
        try:
            reading = self._wiring.read(stream, position, velocity, effort)
        except DeviceError as error:
            self.refused[stream] += 1
            self.last_refusal = str(error)
            return None
        self._kept[stream] = _Kept(reading, stamp_ns, received_ns)
        return reading

    def fresh(self, stream: str, now_ns: int) -> bool:
        """Return whether a stream may be acted on."""
        kept = self._kept.get(stream)
        return kept is not None and now_ns - kept.received_ns <= self._timeout_ns

    def silent(self, now_ns: int) -> list[str]:
        """Name the joint streams that keep the joint state from being published."""
        return [s for s in JOINT_STREAMS if not self.fresh(s, now_ns)]

    def age_s(self, now_ns: int) -> float:
        """Return the age of the oldest joint reading; infinite until all were heard."""
        if any(s not in self._kept for s in JOINT_STREAMS):
            return math.inf
        return (now_ns - min(self._kept[s].received_ns for s in JOINT_STREAMS)) / 1e9

    def joints(self, now_ns: int) -> Joints | None:
        """Return the joint state, or None while any stream is silent."""
        if self.silent(now_ns):
            return None
        return self._wiring.join({s: self._kept[s].reading for s in JOINT_STREAMS})
