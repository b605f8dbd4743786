# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One thread for work that is longer than a tick, with room for one job.

A job that waits while a newer one comes is thrown away: a cloud of old pictures helps nobody.
"""

from collections.abc import Callable
import threading
from typing import Generic, TypeVar

J = TypeVar('J')


class Worker(Generic[J]):
    """Does the newest job; remembers what it died of."""

    def __init__(self, name: str, work: Callable[[J], None]) -> None:
        self._work = work
        self._wake = threading.Condition()
        self._job: J | None = None
        self._ended = False
        self.crash: Exception | None = None
        self.dropped = 0  # jobs that a newer one replaced
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, job: J) -> None:
        """Hand over a job; never waits for one in work."""
        with self._wake:
            self.dropped += self._job is not None
            self._job = job
            self._wake.notify()

    def close(self, timeout_s: float = 2.0) -> None:
        """Finish the job in work and end; safe to call twice."""
        with self._wake:
            self._ended = True
            self._wake.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._ended or self._job is not None)
                if self._ended:
                    return
                job, self._job = self._job, None
            assert job is not None
            try:
                self._work(job)
            except Exception as error:
                self.crash = error
                return
