# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A limit of time around something long that keeps what it has done so far."""

from collections.abc import Iterator
from contextlib import contextmanager
import signal
import threading
from types import FrameType

from hvd_ros.core.errors import HvdError


class OutOfTime(HvdError):
    """It took longer than it may; what is done is kept."""


@contextmanager
def within(limit_s: float | None, what: str) -> Iterator[None]:
    """
    Raise OutOfTime inside when the limit is over; None: no limit.

    By the alarm of the process, so only in its main thread; elsewhere there is no limit.
    """
    if limit_s is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise OutOfTime(f'{what}: not done within {limit_s:.0f} s; run it again to go on')

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
