# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Images of a camera by row: decoded once into a file that is mapped, or at every look.

A video is slow to look into at random, and every chunk is looked at many times. What is kept has
the size that is learnt from, so that it stays small; a device scales it further.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
import hashlib
import sys
import threading
from time import monotonic
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.policy.seen import seen_picture
from hvd_training.data.loading.config import DataConfig
from hvd_training.data.loading.row_file import RowFile
from hvd_training.data.reader import DatasetReader

Size = tuple[int, int]  # height, width
_EVERY_S = 1.0  # between two lines of progress


class Pictures(Protocol):
    """Images (N, H, W, 3) of one camera, by row."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (N, H, W, 3)."""
        ...

    def __getitem__(self, rows: Any, /) -> Any:
        """Return images of some rows, of any shape of rows."""
        ...


def open_pictures(reader: DatasetReader, camera: str, config: DataConfig) -> Pictures:
    """Return the images of a camera, in the size that the config asks for."""
    recorded = reader.image(0, camera).shape[:2]
    size = (config.image_height, config.image_width)
    wanted: Size = size if all(size) else (int(recorded[0]), int(recorded[1]))
    if not config.image_cache:
        return Decoded(reader, camera, wanted, config.readers)
    name = f'{camera}-{wanted[0]}x{wanted[1]}-{fingerprint(reader, camera)}.npy'
    path = reader.folder / 'images' / name
    file = RowFile(path, (*wanted, 3), np.uint8, reader.starts)
    return file.open(
        lambda episode: (seen_picture(one, wanted) for one in reader.pictures(episode, camera)),
        config.readers,
        Progress(f'decoding {reader.root.name}: {camera}, {wanted[1]}x{wanted[0]}'),
    )


def fingerprint(reader: DatasetReader, camera: str) -> str:
    """Return what changes when the videos of a camera do; the numbers' hash is in the folder."""
    clips = [reader.data.clip(e, camera) for e in range(len(reader.starts) - 1)]
    files = sorted({clip.path for clip in clips})
    said = [(str(f.relative_to(reader.root)), f.stat().st_size) for f in files]
    said += [('first', clip.first) for clip in clips]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:12]


class Decoded:
    """Implements Pictures without a file; each thread has a reader, since a video has a place."""

    def __init__(self, reader: DatasetReader, camera: str, size: Size, threads: int) -> None:
        self.shape = (len(reader), *size, 3)
        self._root, self._camera, self._size = reader.root, camera, size
        self._pool = ThreadPoolExecutor(threads, 'decoder')
        self._mine = threading.local()

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return images (..., H, W, 3) of rows (...)."""
        images = list(self._pool.map(self._image, rows.ravel().tolist()))
        return np.stack(images).reshape(*rows.shape, *self.shape[1:])

    def _image(self, row: int) -> NDArray[np.uint8]:
        reader = self._mine.__dict__.get('reader') or DatasetReader(self._root)
        self._mine.reader = reader
        return seen_picture(reader.image(row, self._camera), self._size)


class Progress:
    """One line that says how many episodes are done, now and then, and when all are."""

    def __init__(self, what: str, say: Callable[[str], None] | None = None) -> None:
        self._what, self._say, self._last = what, say or _print, monotonic()

    def __call__(self, done: int, count: int) -> None:
        """Take note of an episode."""
        now = monotonic()
        if done == count or now - self._last >= _EVERY_S:
            self._last = now
            self._say(f'{self._what}: {done} of {count} episodes')


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
