# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The newest record of one process, in memory that any other process of the same user may read.

The physics of the twin hands its state to the renderer this way, and the renderer its pictures to
the camera nodes. Nobody waits for anybody: the writer fills one of two places while readers copy
the other, and a copy that was overtaken is thrown away. A record is never seen half written.
"""

from collections.abc import Mapping
import fcntl
import json
import mmap
import os
from pathlib import Path
import struct
import threading
from typing import Any

import numpy as np

from hvd_ros.core.errors import DeviceError

# The page that says what follows: magic, newest sequence, length of a JSON text, that text.
_MAGIC = b'HVDREC01'
_HEAD = struct.Struct('<8sQI')
_NEWEST_AT = 8
_PAGE = 4096
# Before each record: the sequence that began to be written there.
_MARK = 64
_TRIES = 20


class RecordWriter:
    """Owns a record file: begin() gives a place to fill, commit() shows it to the readers."""

    def __init__(
        self, path: Path, dtype: np.dtype[Any], about: Mapping[str, Any] | None = None
    ) -> None:
        """Make the file anew; DeviceError if another process is writing it."""
        if not _abandoned(path):
            raise DeviceError(f'{path} is written by another process; stop that one first')
        self._path, self._dtype = path, dtype
        text = json.dumps({'dtype': _described(dtype), 'about': dict(about or {})}).encode()
        if len(text) > _PAGE - _HEAD.size:
            raise ValueError(f'{path}: {len(text)} bytes about a record, {_PAGE} is one page')
        stride = _stride(dtype)
        fresh = path.with_name(f'{path.name}.{os.getpid()}')
        self._file = fresh.open('w+b')
        self._file.truncate(_PAGE + 2 * stride)
        self._file.write(_HEAD.pack(_MAGIC, 0, len(text)) + text)
        self._file.flush()
        # The lock is the writer's life: the kernel drops it however the process ends.
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._memory = mmap.mmap(self._file.fileno(), 0)
        fresh.replace(path)
        self._newest = np.frombuffer(self._memory, '<u8', 1, _NEWEST_AT)
        self._places = [_Place(self._memory, _PAGE + i * stride, dtype) for i in (0, 1)]
        self._fence = _Fence()
        self.sequence = 0

    def begin(self) -> Any:
        """Return the record to fill, a structured scalar; what it holds is two records old."""
        place = self._places[(self.sequence + 1) % 2]
        place.begun[0] = self.sequence + 1
        self._fence()
        return place.record[0]

    def blank(self) -> Any:
        """Return a record outside of the file, to be put() some other time."""
        return np.zeros(1, self._dtype)[0]

    def put(self, record: Any) -> int:
        """Show a copy of a whole record to the readers."""
        self.begin()
        self._places[(self.sequence + 1) % 2].record[0] = record
        return self.commit()

    def commit(self) -> int:
        """Show the record to the readers, and return its sequence: 1, 2, 3..."""
        self.sequence += 1
        self._fence()
        self._newest[0] = self.sequence
        return self.sequence

    def close(self) -> None:
        """Take the file away, so that readers know; safe to call twice."""
        if self._file.closed:
            return
        try:
            if os.fstat(self._file.fileno()).st_ino == self._path.stat().st_ino:
                self._path.unlink()
        except FileNotFoundError:
            pass
        self._file.close()  # the mapping ends with the last view into it


class RecordReader:
    """Reads whole records from a file of a RecordWriter, never twice the same."""

    def __init__(self, path: Path) -> None:
        """Open the file; DeviceError if it is not there or not ours."""
        self._path = path
        try:
            with path.open('rb') as file:
                self._inode = os.fstat(file.fileno()).st_ino
                self._memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
            magic, _, length = _HEAD.unpack_from(self._memory)
            if magic != _MAGIC:
                raise ValueError(f'starts with {magic!r}')
            text = json.loads(self._memory[_HEAD.size : _HEAD.size + length])
            self.about: dict[str, Any] = text['about']
            dtype = np.dtype([tuple(_tuples(field)) for field in text['dtype']])
            stride = _stride(dtype)
            self._places = [_Place(self._memory, _PAGE + i * stride, dtype) for i in (0, 1)]
        except FileNotFoundError:
            raise DeviceError(f'{path} is not there: nobody writes it') from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DeviceError(f'{path} is no record file: {error}') from None
        self._newest = np.frombuffer(self._memory, '<u8', 1, _NEWEST_AT)
        self._fence = _Fence()
        self.sequence = 0  # of the record that was returned last

    def read(self) -> Any | None:
        """
        Return a copy of the newest record if it is a new one, else None.

        The copy is a structured scalar of its own; its fields are views, at no further cost.
        """
        for _ in range(_TRIES):
            newest = int(self._newest[0])
            if newest == self.sequence:
                return None
            self._fence()
            place = self._places[newest % 2]
            copy = place.record.copy()
            self._fence()
            # A writer that came round to this place said so before it touched the record.
            if int(place.begun[0]) == newest:
                self.sequence = newest
                return copy[0]
        return None  # a writer faster than our copying; later then

    def alive(self) -> bool:
        """Return whether the process that made the file still runs and still owns the path."""
        try:
            return self._path.stat().st_ino == self._inode and not _abandoned(self._path)
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Let the memory go; safe to call twice."""
        # Views into a mapping keep it open, so it goes when the last of them does.
        self._places = []


class _Place:
    """One of the two places of a record, and the mark before it."""

    def __init__(self, memory: mmap.mmap, at: int, dtype: np.dtype[Any]) -> None:
        self.begun = np.frombuffer(memory, '<u8', 1, at)
        self.record = np.frombuffer(memory, dtype, 1, at + _MARK)


class _Fence:
    """
    Keeps memory accesses before and after it apart.

    x86 does so by itself; Arm (a Jetson) may not. Python has no fence, but every lock is one: what
    came before the first release is seen by whoever sees what comes after the second acquire.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __call__(self) -> None:
        for _ in range(2):
            self._lock.acquire()
            self._lock.release()


def _abandoned(path: Path) -> bool:
    """Return whether no process holds the writer's lock on a file; a missing one has no writer."""
    try:
        with path.open('rb') as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True


def _stride(dtype: np.dtype[Any]) -> int:
    return -(-(_MARK + dtype.itemsize) // _MARK) * _MARK


def _described(dtype: np.dtype[Any]) -> list[Any]:
    return [list(field) for field in dtype.descr]


def _tuples(field: Any) -> Any:
    name, kind, *shape = field
    yield name
    yield kind
    if shape:
        yield tuple(shape[0])
