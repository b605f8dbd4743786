# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Reads the JoyLo arms at a steady rate in a thread of its own, and reopens them when they fail.

The bus blocks for as long as a lost reply may take; the leader must go on saying that it is not
well meanwhile. A consumer waits for the next sample, so that no second clock adds latency.
"""

from collections.abc import Callable
import threading
import time

from hvd_ros.core.errors import DeviceError
from hvd_ros.drivers.joylo.arms import JoyloArms, LeaderSample

_GIVE_UP_S = 0.5  # errors in a row for so long: close and open anew
_BACKOFF_S = (0.1, 0.3, 1.0, 2.0)


class LeaderReader:
    """A Device of LeaderSamples that arrive by themselves, every `period_s`."""

    def __init__(self, arms: JoyloArms, period_s: float) -> None:
        self.arms = arms
        # What the bus does with a sample once it was handed over: currents of a bilateral leader.
        self.on_sample: Callable[[LeaderSample], None] | None = None
        self.opened = 0  # how often the arms were opened
        self.errors = 0
        self.trouble = 'not opened yet'  # why there is no new sample, empty when all is well
        self.sample: LeaderSample | None = None
        self._period_ns = int(period_s * 1e9)
        self._news = threading.Condition()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self, patient: bool = False) -> None:
        """Open the arms and start reading; a patient open waits for them to appear."""
        self.close()
        if not patient:
            self._open_arms()
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._run, args=(not patient,), name='leader', daemon=True
        )
        self._thread.start()

    def wait(self, after: int, seconds: float) -> LeaderSample | None:
        """Return the newest sample, waiting a while for a sequence number other than `after`."""
        with self._news:
            self._news.wait_for(
                lambda: self.sample is not None and self.sample.sequence != after, seconds
            )
            return self.sample

    def close(self) -> None:
        """Stop reading; the arms go limp. Safe to call twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.arms.close()

    def _run(self, opened: bool) -> None:
        tries = 0
        while not self._stop.is_set():
            if not opened:
                if self._stop.wait(_BACKOFF_S[min(tries, len(_BACKOFF_S) - 1)]):
                    break
                tries += 1
                opened = self._reopened()
                continue
            tries, opened = 0, False
            self._read_until_it_fails()
            self.arms.close()

    def _reopened(self) -> bool:
        try:
            self._open_arms()
        except DeviceError as error:
            self.trouble = str(error)
            return False
        return True

    def _open_arms(self) -> None:
        self.arms.open()
        self.opened += 1

    def _read_until_it_fails(self) -> None:
        due_ns = good_ns = time.monotonic_ns()
        while good_ns > time.monotonic_ns() - _GIVE_UP_S * 1e9:
            wait_ns = due_ns - time.monotonic_ns()
            if self._stop.wait(max(0.0, wait_ns / 1e9)):
                return
            # After a stall the rhythm starts anew instead of catching up.
            due_ns = max(due_ns, time.monotonic_ns() - self._period_ns) + self._period_ns
            try:
                good_ns = self._read()
            except DeviceError as error:
                self.errors += 1
                self.trouble = str(error)

    def _read(self) -> int:
        """Read once and tell; what takes longer comes after the sample was handed over."""
        sample = self.arms.read(watch=False)
        self.trouble = ''
        with self._news:
            self.sample = sample
            self._news.notify_all()
        if self.on_sample is not None:
            self.on_sample(sample)
        self.arms.watch()
        return sample.stamp_ns
