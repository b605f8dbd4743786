# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How fresh what a policy sees is, how long it thinks, and when it may begin to speak.

All times are on one steady time line; a clock that is set makes nothing older or younger.
"""

from collections import deque
from collections.abc import Collection
import math

import numpy as np

from hvd_ros.core.episodes.frame import Frame

_KEPT = 600  # answers that the figures are of: a minute at 10 Hz


class Freshness:
    """
    Ages of streams by when something *new* came.

    A sensor that repeats its last message arrives for ever and is as old as its stamp.
    """

    def __init__(self, streams: Collection[str]) -> None:
        self._streams = tuple(streams)
        self._since: dict[str, tuple[int, int]] = {}  # stream -> stamp, received first

    def look(self, frame: Frame) -> dict[str, float]:
        """Return the age [s] of every stream at the tick of a frame, infinite if never heard."""
        ages = {}
        for stream in self._streams:
            sample = frame.sample(stream)
            if not sample.present:
                ages[stream] = math.inf
                continue
            known = self._since.get(stream)
            if known is None or known[0] != sample.stamp_ns:
                known = self._since[stream] = (sample.stamp_ns, sample.received_ns)
            ages[stream] = (frame.stamp_ns - known[1]) / 1e9
        return ages


class Rhythm:
    """What an answering policy costs, over its last answers; the first ones only warm it up."""

    def __init__(self, warm_up: int) -> None:
        self._cold = warm_up
        self._latency: deque[float] = deque(maxlen=_KEPT)
        self._age: deque[float] = deque(maxlen=_KEPT)
        self._spoken: deque[int] = deque(maxlen=_KEPT)
        self.refused = 0

    @property
    def warm(self) -> bool:
        """Whether answers count yet."""
        return self._cold <= 0

    def chill(self, warm_up: int) -> None:
        """Begin again: so many answers are not spoken."""
        self._cold = warm_up

    def answered(self, latency_s: float) -> bool:
        """Count an answer; return whether it may be spoken: the first ones may not."""
        if not self.warm:
            self._cold -= 1
            return False
        self._latency.append(latency_s)
        return True

    def spoke(self, now_ns: int, age_s: float) -> None:
        """Count a chunk that went out, and how old its observation was then."""
        self._spoken.append(now_ns)
        self._age.append(age_s)

    def rate_hz(self, now_ns: int, over_s: float = 2.0) -> float:
        """Return how many chunks a second went out lately."""
        since_ns = now_ns - round(over_s * 1e9)
        return sum(at > since_ns for at in tuple(self._spoken)) / over_s

    def latency_s(self, percent: float) -> float:
        """Return a percentile of the time of an answer, NaN before the first."""
        return _percentile(self._latency, percent)

    def age_s(self, percent: float) -> float:
        """Return a percentile of the age of an observation when its chunk goes out."""
        return _percentile(self._age, percent)

    def delay_steps(self, step_s: float) -> int:
        """Return how many steps of a chunk are past when it goes out, as a rule."""
        worst = self.age_s(95.0)
        return math.ceil(worst / step_s) if math.isfinite(worst) else 0


def _percentile(values: Collection[float], percent: float) -> float:
    return float(np.percentile(tuple(values), percent)) if values else math.nan
