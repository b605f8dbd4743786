# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What an episode saw into a unit's folder: a video a camera, points and colours of the clouds.

One pass over the recording feeds all of them, and nothing but the present frame is in memory.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from hvd_ros.core.errors import ContractMismatch
from hvd_training.data.lerobot import video
from hvd_training.data.lerobot.video import Encoder, VideoConfig
from hvd_training.data.pixels import PixelStats
from hvd_training.data.source import Cloud, EpisodeSource

Videos = dict[str, tuple[dict[str, Any], PixelStats]]


def write(
    source: EpisodeSource, config: VideoConfig, dtype: str, work: Path
) -> tuple[Videos, tuple[int, str] | None]:
    """Write videos and clouds; return what info.json says of each, and points and dtype."""
    facts = source.facts
    clouds = _Clouds(work, facts.episode_id, facts.frames, dtype)
    with ExitStack() as stack:
        encoders = {
            camera: Encoder(work / f'{camera}.mp4', size, facts.fps, config)
            for camera, size in source.cameras.items()
        }
        for encoder in encoders.values():
            stack.callback(encoder.close)
        for sight in source.sights():
            for camera, encoder in encoders.items():
                encoder.add(sight.images[camera])
            if dtype != 'off' and source.has_cloud:
                clouds.add(sight.cloud)
        for encoder in encoders.values():
            encoder.finish()
    videos: Videos = {
        camera: (config.info(*encoder.size, facts.fps), encoder.stats)
        for camera, encoder in encoders.items()
    }
    for encoder in encoders.values():
        _whole(encoder, facts.episode_id, facts.frames, facts.fps)
    return videos, clouds.finish() if dtype != 'off' and source.has_cloud else None


def _whole(encoder: Encoder, episode: str, frames: int, fps: int) -> None:
    """Refuse a video that lost or gained a frame; every later row would show another moment."""
    found = video.probe(encoder.path, fps)
    if not encoder.count == found.frames == frames or not found.exact:
        raise ContractMismatch(
            f'{episode}: {encoder.path.stem} has {encoder.count} images and {found.frames} in its '
            f'video for {frames} frames; all three must agree'
        )


class _Clouds:
    """Two files of known length, filled row by row."""

    def __init__(self, folder: Path, episode: str, frames: int, dtype: str) -> None:
        self._folder, self._episode = folder, episode
        self._frames, self._dtype = frames, dtype
        self._row = 0
        self._xyz: Any = None
        self._rgb: Any = None

    def add(self, cloud: Cloud | None) -> None:
        if cloud is None or self._row >= self._frames:
            raise ContractMismatch(
                f'{self._episode}: {self._frames} frames, but frame {self._row} has no cloud'
            )
        xyz, rgb = cloud
        if self._xyz is None:
            self._xyz = self._file('xyz', self._dtype, xyz.shape)
            self._rgb = self._file('rgb', 'uint8', xyz.shape)
        if self._xyz.shape[1:] != xyz.shape:
            raise ContractMismatch(
                f'{self._episode}: cloud {self._row} has {len(xyz)} points, those before it '
                f'{self._xyz.shape[1]}; a dataset has one number of points'
            )
        self._xyz[self._row], self._rgb[self._row] = xyz, rgb
        self._row += 1

    def finish(self) -> tuple[int, str]:
        if self._row != self._frames:
            raise ContractMismatch(
                f'{self._episode}: {self._row} clouds for {self._frames} frames'
            )
        self._xyz.flush()
        self._rgb.flush()
        return int(self._xyz.shape[1]), self._dtype

    def _file(self, name: str, dtype: str, shape: tuple[int, ...]) -> Any:
        path = self._folder / f'cloud_{name}.npy'
        return np.lib.format.open_memmap(
            path, mode='w+', dtype=np.dtype(dtype), shape=(self._frames, *shape)
        )
