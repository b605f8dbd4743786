# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Statistics of images, exact and small: how often each of 256 values occurred in each channel.

Mean, deviation and every quantile follow from these counts, and the counts of two episodes add up.
Images are made smaller first and only some are looked at, as LeRobot does.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
import numpy as np
from numpy.typing import NDArray
import pyarrow as pa
import pyarrow.parquet as pq

from hvd_training.data.statistics.summary import QUANTILES

_WIDTH = 160  # pixels across after shrinking
_VALUES = np.arange(256) / 255


class PixelStats:
    """Counts of values per channel, (3, 256), over images spread along an episode."""

    def __init__(self, most: int = 100) -> None:
        self.counts: NDArray[np.int64] = np.zeros((3, 256), dtype=np.int64)
        self.images = 0
        self._most, self._stride, self._seen = most, 1, 0
        self._kept: list[NDArray[np.int64]] = []
        self._scaler = VideoReformatter()

    def add(self, frame: VideoFrame) -> None:
        """Look at a frame if it is its turn; afterwards at most `most` of all have been kept."""
        if self._seen % self._stride == 0:
            self._kept.append(self._count(frame))
            if len(self._kept) > self._most:
                self._kept, self._stride = self._kept[::2], self._stride * 2
        self._seen += 1

    def merge(self, counts: NDArray[np.int64], images: int) -> None:
        """Add the counts of another episode."""
        self.counts, self.images = self.counts + counts, self.images + images

    def close(self) -> 'PixelStats':
        """Add up what was kept."""
        if self._kept:
            self.merge(np.sum(self._kept, axis=0), len(self._kept))
            self._kept = []
        return self

    def _count(self, frame: VideoFrame) -> NDArray[np.int64]:
        width = min(_WIDTH, frame.width)
        height = max(1, frame.height * width // frame.width)
        small = self._scaler.reformat(frame, width=width, height=height, format='rgb24')
        rgb = small.to_ndarray()
        return np.array([np.bincount(rgb[..., c].ravel(), minlength=256) for c in range(3)])

    def as_lerobot(self) -> dict[str, Any]:
        """Return the statistics in [0, 1], each of shape (3, 1, 1), and the number of images."""
        share = self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        mean = share @ _VALUES
        std = np.sqrt(np.maximum(share @ _VALUES**2 - mean**2, 0))
        found = {'mean': mean, 'std': std, **_edges(self.counts), **_quantiles(share)}
        shaped = {name: np.reshape(value, (3, 1, 1)).tolist() for name, value in found.items()}
        return {**shaped, 'count': [self.images]}


def write_pixels(path: Path, episodes: Sequence[Mapping[str, PixelStats]]) -> None:
    """Keep the counts of each episode, so that merged and split datasets have exact statistics."""
    rows = [(e, camera, p) for e, one in enumerate(episodes) for camera, p in one.items()]
    table = pa.table(
        {
            'episode_index': pa.array([e for e, _, _ in rows], pa.int64()),
            'camera': pa.array([camera for _, camera, _ in rows], pa.string()),
            'images': pa.array([p.images for _, _, p in rows], pa.int64()),
            'counts': pa.array([p.counts.ravel() for _, _, p in rows], pa.list_(pa.int64())),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


def read_pixels(path: Path, episode: int) -> dict[str, PixelStats]:
    """Read the counts of one episode, by camera."""
    found = {}
    for row in pq.read_table(path, filters=[('episode_index', '=', episode)]).to_pylist():
        found[row['camera']] = PixelStats()
        found[row['camera']].merge(np.reshape(row['counts'], (3, 256)), row['images'])
    return found


def _edges(counts: NDArray[np.int64]) -> Mapping[str, Any]:
    seen = [np.flatnonzero(channel) for channel in counts]
    some = [found if len(found) else np.array([0]) for found in seen]
    return {
        'min': [_VALUES[found[0]] for found in some],
        'max': [_VALUES[found[-1]] for found in some],
    }


def _quantiles(share: NDArray[np.float64]) -> Mapping[str, Any]:
    total = np.cumsum(share, axis=1)
    return {
        name: [_VALUES[min(int(np.searchsorted(channel, q)), 255)] for channel in total]
        for name, q in QUANTILES.items()
    }
