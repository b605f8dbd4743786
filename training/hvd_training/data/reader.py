# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a training loop reads: any frame, any chunk, any image, by row number.

Numbers are mapped from files that are made once, so a worker holds only the pages it touches.
Images are decoded when asked for; a bounded number of open videos is kept. A reader may be handed
to a worker process: it travels as a path.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
import shutil
import tempfile
from typing import Any

import av
from av.video.reformatter import VideoReformatter
import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from hvd_ros.core.errors import ConfigError, ContractMismatch, did_you_mean
from hvd_training.data.dataset import Dataset
from hvd_training.data.lerobot.foreign import open_dataset
from hvd_training.data.source import Cloud, Column

_OPEN_VIDEOS = 64


class DatasetReader:
    """Random access to a dataset in either format."""

    def __init__(
        self, root: Path, cache: Path | None = None, open_videos: int = _OPEN_VIDEOS
    ) -> None:
        """Map the numbers, unpacking them first into `cache` (by default inside the dataset)."""
        self.root, self._cache, self._open_videos = Path(root), cache, open_videos
        self.data = open_dataset(self.root)
        self.starts: NDArray[np.int64] = np.array(self.data.starts, dtype=np.int64)
        # What is unpacked and decoded, under the hash of what it came from.
        self.folder = (cache or self.root / 'cache') / self.data.content_sha256[:16]
        if not self.folder.is_dir():
            _unpack(self.data, self.folder)
        self.columns: dict[str, Column] = {
            name: np.load(self.folder / f'{name}.npy', mmap_mode='r')
            for name in self.data.features
        }
        self._videos = lru_cache(maxsize=open_videos)(_Video)
        self._clouds = lru_cache(maxsize=open_videos)(self._map_clouds)

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.data.frames

    def __getstate__(self) -> tuple[Path, Path | None, int]:
        return self.root, self._cache, self._open_videos

    def __setstate__(self, state: tuple[Path, Path | None, int]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def episode_of(self, rows: NDArray[np.int64] | int) -> NDArray[np.int64]:
        """Return the episode of each row."""
        found: NDArray[np.int64] = np.searchsorted(self.starts, rows, side='right') - 1
        return found

    def chunk(
        self, rows: Sequence[int] | NDArray[np.int64], name: str, horizon: int
    ) -> tuple[Column, NDArray[np.bool_]]:
        """
        Return windows (B, horizon, ...) from each row on, and which of their steps are padding.

        A window never leaves its run of frames: behind the end of the episode, or before a pause,
        the last value repeats and is_pad (B, horizon) says so. Sum rewards where it is false.
        """
        column = self._column(name)
        first = self._checked(rows)[:, None]
        left = np.asarray(self.columns['steps_left'])[first]
        steps = np.arange(horizon)[None]
        is_pad: NDArray[np.bool_] = steps >= left
        return np.asarray(column[first + np.minimum(steps, left - 1)]), is_pad

    def rows(self, rows: Sequence[int] | NDArray[np.int64], names: Sequence[str]) -> Any:
        """Return name -> values (B, ...) of single rows."""
        checked = self._checked(rows)
        return {name: np.asarray(self._column(name)[checked]) for name in names}

    def image(self, row: int, camera: str) -> NDArray[np.uint8]:
        """Return the image (H, W, 3) RGB of a row."""
        if camera not in self.data.videos:
            raise ConfigError(
                f"{self.root}: no camera '{camera}'; {did_you_mean(camera, self.data.videos)}"
            )
        episode = int(self.episode_of(int(self._checked([row])[0])))
        clip = self.data.clip(episode, camera)
        frame = clip.first + row - int(self.starts[episode])
        found: NDArray[np.uint8] = self._videos(clip.path, self.data.fps).frame(frame)
        return found

    def pictures(self, episode: int, camera: str) -> Iterator[NDArray[np.uint8]]:
        """Give the images of an episode in order; what it opens is its own, so threads may."""
        clip = self.data.clip(episode, camera)
        video = _Video(clip.path, self.data.fps)
        for frame in range(int(self.starts[episode + 1] - self.starts[episode])):
            yield video.frame(clip.first + frame)

    def cloud(self, row: int) -> Cloud:
        """Return points (N, 3) and colours (N, 3) of a row."""
        episode = int(self.episode_of(int(self._checked([row])[0])))
        xyz, rgb = self._clouds(episode)
        at = row - int(self.starts[episode])
        return np.asarray(xyz[at], dtype=np.float32), np.asarray(rgb[at])

    def close(self) -> None:
        """Close every video."""
        self._videos.cache_clear()

    def _map_clouds(self, episode: int) -> tuple[Column, Column]:
        files = self.data.clouds(episode)
        if files is None:
            raise ConfigError(f'{self.root} has no clouds; convert again without --cloud off')
        return np.load(files[0], mmap_mode='r'), np.load(files[1], mmap_mode='r')

    def _column(self, name: str) -> Column:
        if name not in self.columns:
            raise ConfigError(
                f"{self.root}: no column '{name}'; {did_you_mean(name, self.columns)}"
            )
        return self.columns[name]

    def _checked(self, rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        checked = np.asarray(rows, dtype=np.int64)
        if len(checked) and not (checked.min() >= 0 and checked.max() < len(self)):
            raise ConfigError(f'{self.root}: rows go from 0 to {len(self) - 1}')
        return checked


class _Video:
    """One open video; frames that follow each other are decoded without seeking."""

    def __init__(self, path: Path, fps: int) -> None:
        try:
            self._container = av.open(str(path))
        except (av.FFmpegError, OSError) as error:
            raise ContractMismatch(f'{path} can not be opened: {error}') from None
        self._path, self._fps = path, fps
        self._stream: Any = self._container.streams.video[0]
        self._stream.thread_type = 'NONE'  # a frame must not wait for the ones behind it
        self._frames: Any = None
        self._scaler: Any = VideoReformatter()
        self._next = -1

    def __del__(self) -> None:
        container = getattr(self, '_container', None)
        if container is not None:
            container.close()

    def frame(self, index: int) -> NDArray[np.uint8]:
        if index != self._next:
            time = round(index / self._fps / self._stream.time_base)
            self._container.seek(time, stream=self._stream, backward=True)
            self._frames = self._container.decode(self._stream)
        for frame in self._frames:
            seen = round(frame.pts * self._stream.time_base * self._fps)
            if seen == index:
                self._next = index + 1
                image: NDArray[np.uint8] = self._scaler.reformat(
                    frame, format='rgb24'
                ).to_ndarray()
                return image
            if seen > index:
                break
        self._next = -1
        raise ContractMismatch(f'{self._path} has no frame {index}; run `hvd dataset check`')


def _unpack(data: Dataset, folder: Path) -> None:
    """Write every column into a file of its own; the folder appears when all are whole."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=folder.name, dir=folder.parent))
    except OSError as error:
        raise ConfigError(
            f'{folder.parent} can not be written ({error.strerror}); name a folder for the '
            'unpacked numbers: DatasetReader(root, cache=...)'
        ) from None
    try:
        files = {
            name: open_memmap(
                work / f'{name}.npy',
                mode='w+',
                dtype=np.dtype(feature.dtype),
                shape=(data.frames, *(() if feature.shape == (1,) else feature.shape)),
            )
            for name, feature in data.features.items()
        }
        for episode, columns in enumerate(data.each(list(files))):
            place = slice(data.starts[episode], data.starts[episode + 1])
            for name, file in files.items():
                file[place] = columns[name]
        for file in files.values():
            file.flush()
        work.rename(folder)
    except OSError:
        # Somebody else was faster, with the same content.
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
