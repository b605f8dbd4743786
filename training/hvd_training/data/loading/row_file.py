# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A large array on disk, one row a frame, filled episode by episode and read through a map.

It has its name only once it is whole. What an interrupted process has made stays and is gone on
with; of several processes one fills it and the others wait.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
import fcntl
import os
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import DTypeLike, NDArray

from hvd_ros.core.durable import sync_folder
from hvd_ros.core.errors import ConfigError
from hvd_training.data.source import Column

Fill = Callable[[int], Iterable[NDArray[np.generic]]]  # episode -> its rows in order
Tell = Callable[[int, int], None]  # episodes that are done, and of how many


@dataclass(frozen=True)
class RowFile:
    """Where it lies and what it holds; episode e is rows starts[e] to starts[e + 1]."""

    path: Path
    shape: tuple[int, ...]  # of one row
    dtype: DTypeLike
    starts: NDArray[np.int64]

    def open(self, fill: Fill, threads: int, tell: Tell) -> Column:
        """Map it, having filled what is missing of it; raises ConfigError when it can not be."""
        if not self.path.is_file():
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with _alone(self.path.parent):
                    if not self.path.is_file():
                        self._make(fill, threads, tell)
            except OSError as error:
                raise ConfigError(
                    f'{self.path} can not be written ({error.strerror}); free some room, or '
                    'decode images at every look: --data.image_cache no'
                ) from None
        mapped: Column = np.load(self.path, mmap_mode='r')
        return mapped

    @property
    def _partial(self) -> Path:
        return self.path.with_suffix('.partial')

    @property
    def _marks(self) -> Path:
        return self.path.with_suffix('.done')

    def _make(self, fill: Fill, threads: int, tell: Tell) -> None:
        count, done = len(self.starts) - 1, self._begun()
        pool = ThreadPoolExecutor(threads, 'rows')
        try:
            todo = [pool.submit(self._episode, e, fill) for e in range(count) if e not in done]
            with self._marks.open('a', encoding='ascii') as marks:
                for number, future in enumerate(as_completed(todo), len(done) + 1):
                    marks.write(f'{future.result()}\n')
                    marks.flush()
                    tell(number, count)
        finally:
            pool.shutdown(cancel_futures=True)
        self._partial.rename(self.path)
        sync_folder(self.path.parent)
        self._marks.unlink()

    def _begun(self) -> set[int]:
        """Return the episodes that are there already; begins a file if there is none."""
        if self._partial.is_file() and self._marks.is_file():
            lines = self._marks.read_text(encoding='ascii').splitlines(keepends=True)
            # Of a line that was torn nobody knows which number it should have been.
            if lines and not lines[-1].endswith('\n'):
                self._marks.write_text(''.join(lines[:-1]), encoding='ascii')
            return {int(line) for line in lines if line.endswith('\n')}
        self._marks.unlink(missing_ok=True)
        rows = int(self.starts[-1])
        open_memmap(self._partial, 'w+', np.dtype(self.dtype), (rows, *self.shape)).flush()
        return set()

    def _episode(self, episode: int, fill: Fill) -> int:
        file: NDArray[np.generic] = np.load(self._partial, mmap_mode='r+')
        first, stop = (int(row) for row in self.starts[episode : episode + 2])
        for row, values in zip(range(first, stop), fill(episode), strict=True):
            file[row] = values
        with self._partial.open('rb') as handle:
            os.fsync(handle.fileno())
        return episode


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process in at a time."""
    with (folder / '.lock').open('w') as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
