# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which recorded messages and which recorded target are due, on the episode's own time line."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from hvd_ros.core.bag.file import Recorded
from hvd_ros.core.errors import ConfigError

Array = npt.NDArray[np.float64]


class Playback:
    """Hands out messages in the order and at the distances in which they were recorded."""

    def __init__(self, messages: Iterable[Recorded], start_ns: int) -> None:
        """Start at a log time; what lies before is passed over."""
        self._messages = iter(messages)
        self._next = self._advance()
        while self._next is not None and self._next.log_ns < start_ns:
            self._next = self._advance()

    @property
    def ended(self) -> bool:
        """Tell whether everything was handed out."""
        return self._next is None

    def until(self, log_ns: int) -> Iterator[Recorded]:
        """Yield what is due up to and including a log time."""
        while self._next is not None and self._next.log_ns <= log_ns:
            yield self._next
            self._next = self._advance()

    def _advance(self) -> Recorded | None:
        return next(self._messages, None)


class Targets:
    """What was sent to the robot, as a function of time."""

    def __init__(self, stamp_ns: npt.NDArray[np.int64], sent: Array) -> None:
        """Take the traces (M,) and (M, D); a tick in which nothing was sent repeats the last."""
        told = np.isfinite(sent).all(axis=1)
        if not told.any():
            raise ConfigError('nothing was sent to the robot in this episode, so nothing to drive')
        self._stamp_ns, self._sent = stamp_ns[told], sent[told]

    def at(self, log_ns: int) -> Array:
        """Return the target in force at a log time; before the first one, the first (D,)."""
        i = int(np.searchsorted(self._stamp_ns, log_ns, side='right')) - 1
        target: Array = self._sent[max(i, 0)]
        return target
