# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Writing an episode while it happens, in a thread of its own.

The caller is a 10 Hz tick beside a robot: it is never blocked and never meets an exception. What
the disk does not take is counted and said in the status; what was written stays readable.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
import os
from pathlib import Path
import shutil
import threading
import time

from hvd_ros.core.bag import salvage
from hvd_ros.core.bag.cdr import typestore
from hvd_ros.core.bag.file import BagFile, Recorded
from hvd_ros.core.config import param
from hvd_ros.core.durable import sync_folder, write_whole
from hvd_ros.core.episodes import heap
from hvd_ros.core.episodes import meta as meta_file
from hvd_ros.core.episodes.meta import EpisodeMeta
from hvd_ros.core.episodes.seal import (
    bag_path,
    partial_folder,
    refuse_twice,
    seal,
)
from hvd_ros.core.errors import EpisodeError

_TIDY_S = 20.0


@dataclass(frozen=True)
class WriterConfig:
    """How much may wait, and how long."""

    queue_mb: float = param(96.0, 'Most that waits for the disk [MB].', low=0.001, high=4096.0)
    flush_period_s: float = param(
        0.5, 'What came since is written and flushed so often.', low=0.01, high=1.0
    )
    free_floor_gb: float = param(
        2.0, 'Recording ends when less is free on the disk [GB].', low=0.0, high=1000.0
    )


@dataclass(frozen=True)
class WriterStatus:
    """What a person must know while an episode is written."""

    messages: int = 0  # on disk
    bytes_written: int = 0
    dropped: int = 0  # messages that were not taken or not written
    queued_bytes: int = 0
    free_gb: float = 0.0
    error: str = ''  # why nothing is written any more; empty when all is well


def free_bytes(folder: Path) -> int:
    """Return what a user may still write on the disk of a folder."""
    return shutil.disk_usage(folder).free


@dataclass
class _Queue:
    """What waits for the thread."""

    messages: deque[Recorded] = field(default_factory=deque)
    size: int = 0
    dropped: int = 0


class EpisodeWriter:
    """One running episode; ends with seal() or discard()."""

    def __init__(
        self,
        folder: Path,
        meta: EpisodeMeta,
        config: WriterConfig | None = None,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        """
        Open the partial folder of <root>/<task>/<episode-id> and start the thread.

        `meta` is what is known at the start; it is what a repair goes by. Raises EpisodeError when
        the id exists, the disk is full or can not be written.
        """
        if meta.episode_id != folder.name:
            raise EpisodeError(f'{folder} does not end in the episode id {meta.episode_id}')
        typestore()  # takes a moment at first; not in the first tick
        self._config = config or WriterConfig()
        self._meta, self._free = meta, free
        self.folder = partial_folder(folder)
        self._bag = self._open(folder)
        self._queue, self._lock = _Queue(), threading.Lock()
        self._status = WriterStatus(free_gb=free(self.folder) / 1e9)
        self._wake, self._stopping = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name='episode_writer', daemon=True)
        self._thread.start()

    def write(self, topic: str, kind: str, log_ns: int, publish_ns: int, cdr: bytes) -> bool:
        """Take a message for writing; False: it was dropped and counted."""
        message = Recorded(topic, kind, log_ns, publish_ns, cdr)
        known = kind in typestore().fielddefs  # one message must not end the whole episode
        with self._lock:
            full = self._queue.size + len(cdr) > self._config.queue_mb * 1e6
            if full or not known or self._stopping or self._status.error:
                self._queue.dropped += 1
                return False
            self._queue.messages.append(message)
            self._queue.size += len(cdr)
        return True

    @property
    def status(self) -> WriterStatus:
        """What was written and what went wrong, at most a flush period old."""
        with self._lock:
            queue = self._queue
            return replace(self._status, dropped=queue.dropped, queued_bytes=queue.size)

    def seal(self, meta: EpisodeMeta) -> Path:
        """
        Write what waits, describe the episode with `meta`, rename it and return its folder.

        An episode that met an error or lost messages is sealed as not healthy, with the reason in
        its notes. Raises EpisodeError when the disk does not even take that; the partial folder
        stays then, for `hvd episodes repair`.
        """
        self._stop()
        status = self.status
        try:
            if status.error:
                self._bag.close()
                salvage.mend_bag(bag_path(self.folder))
            else:
                self._bag.finish()
            return seal(self.folder, _honest(meta, status))
        except OSError as error:
            self._bag.close()
            raise EpisodeError(
                f'{self.folder} could not be sealed ({error.strerror}); make room or mend the '
                'disk, then run `hvd episodes repair`'
            ) from None

    def discard(self) -> None:
        """Throw the episode away."""
        self._stop()
        self._bag.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _open(self, folder: Path) -> BagFile:
        refuse_twice(folder)
        try:
            self.folder.mkdir(parents=True)
            self._refuse_full()
            write_whole(self.folder / meta_file.FILE, meta_file.meta_to_json(self._meta))
            bag = BagFile(bag_path(self.folder))
            sync_folder(self.folder.parent)
        except OSError as error:
            raise EpisodeError(
                f'{self.folder} can not be written: {error.strerror}; choose another root'
            ) from None
        return bag

    def _refuse_full(self) -> None:
        complaint = self._full(self._free(self.folder))
        if complaint:
            self.folder.rmdir()
            raise EpisodeError(f'{self.folder}: {complaint}')

    def _full(self, free: int) -> str:
        floor_gb = self._config.free_floor_gb
        if free >= floor_gb * 1e9:
            return ''
        return (
            f'disk full: {free / 1e9:.2f} GB free, the floor is {floor_gb:.2f} GB; remove or copy '
            'episodes away (`hvd episodes copy`)'
        )

    def _stop(self) -> None:
        with self._lock:
            self._stopping = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        period_s, due_s = self._config.flush_period_s, time.monotonic()
        tidied_s = due_s
        while True:
            # From beat to beat: a disk that is slow to sync must not put off what came meanwhile.
            due_s = max(due_s + period_s, time.monotonic())
            stopping = self._wake.wait(max(0.0, due_s - time.monotonic()))
            self._flush()
            if stopping:
                return
            if due_s - tidied_s >= _TIDY_S:
                heap.give_back()
                tidied_s = due_s

    def _flush(self) -> None:
        with self._lock:
            batch, self._queue.messages = self._queue.messages, deque()
        error, free = self._status.error, 0
        try:
            free = self._free(self.folder)
            error = error or self._full(free)
            if batch and not error:
                self._bag.append(batch)
                self._bag.sync()
        except Exception as problem:  # a thread that dies in silence would lose the episode
            error = error or f'{_said(problem)}; recording has ended, what was written is kept'
        self._account(batch, error, free)

    def _account(self, batch: deque[Recorded], error: str, free: int) -> None:
        with self._lock:
            self._queue.size -= sum(len(m.cdr) for m in batch)
            if error:
                self._queue.dropped += len(batch)
            self._status = replace(
                self._status,
                messages=self._status.messages + (0 if error else len(batch)),
                bytes_written=self._bag.bytes_written,
                free_gb=free / 1e9,
                error=error,
            )


def _said(problem: Exception) -> str:
    if isinstance(problem, OSError) and problem.errno is not None:
        return f'write failed: {os.strerror(problem.errno)}'
    return f'write failed: {type(problem).__name__}: {problem}'


def _honest(meta: EpisodeMeta, status: WriterStatus) -> EpisodeMeta:
    notes = list(meta.notes)
    if status.error:
        notes.append(status.error)
    if status.dropped:
        notes.append(f'{status.dropped} messages could not be written')
    bad = bool(status.error or status.dropped)
    return replace(
        meta,
        healthy=meta.healthy and not bad,
        drops=max(meta.drops, status.dropped),
        notes=tuple(notes),
    )
