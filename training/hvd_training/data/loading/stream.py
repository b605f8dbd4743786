# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Batches made ahead by a thread, so that the device does not wait for data.

How long it had to wait all the same is counted: a share above a few per cent means that decoding
or the disk is what limits training.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
import queue
import threading
import time
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar('T')
_LOOK_S = 0.05


class Ahead(Generic[T], AbstractContextManager['Ahead[T]']):
    """Calls make(step) for step = first, first + 1, ... in a thread, `depth` results ahead."""

    def __init__(self, make: Callable[[int], T], first: int, stop: int, depth: int) -> None:
        self._make, self._first, self._stop = make, first, stop
        self._made: queue.Queue[T | BaseException] = queue.Queue(depth)
        self._closed = threading.Event()
        self.waited_s = 0.0
        self._thread = threading.Thread(target=self._run, name='batches', daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        """Give what was made, in order; an error in the thread is raised here."""
        for _ in range(self._first, self._stop):
            begun = time.perf_counter()
            made = self._made.get()
            self.waited_s += time.perf_counter() - begun
            if isinstance(made, BaseException):
                raise made
            yield made

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the thread and wait for it."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        for step in range(self._first, self._stop):
            try:
                made: T | BaseException = self._make(step)
            except BaseException as error:
                made = error
            if not self._put(made) or isinstance(made, BaseException):
                return

    def _put(self, made: T | BaseException) -> bool:
        while not self._closed.is_set():
            try:
                self._made.put(made, timeout=_LOOK_S)
                return True
            except queue.Full:
                continue
        return False
