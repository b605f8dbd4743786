# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
An episode as labelling and training see it: a table of numbers, and images by frame.

The table is decoded once and in one go; images are fetched one by one when somebody asks.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.bag import cdr
from hvd_ros.core.bag.columns import Columns
from hvd_ros.core.bag.file import Recorded
from hvd_ros.core.bag.index import NOTHING, Bag, Times
from hvd_ros.core.episodes.meta import FILE, EpisodeMeta, load_meta
from hvd_ros.core.episodes.seal import COPYING, PARTIAL, bag_path
from hvd_ros.core.episodes.streams import FRAMES_TOPIC, SIM_STATE
from hvd_ros.core.errors import EpisodeError, did_you_mean
from hvd_ros.core.labels.file import load_labels
from hvd_ros.core.labels.labels import Labels, empty_labels
from hvd_ros.core.robot.body import Array
from hvd_ros.core.vision.codec import decode_depth

_TRACE = '/recorded/mux/trace'
_IMAGE = 'sensor_msgs/msg/CompressedImage'
_CLOUD = 'sensor_msgs/msg/PointCloud2'
# Receive delays vary by less; more than this and the clock of the stamps was set meanwhile.
_CLOCK_SET_NS = 500_000_000


@dataclass(frozen=True, eq=False)
class FrameTable:
    """
    The numbers of every frame (T) and every trace (M) of an episode; arrays can not be written to.

    Units and order as in the body; NaN where nothing was measured, asked or sent.
    """

    stamp_ns: Times  # (T,) the ticks, on the bag's time line
    position: Array  # (T, D)
    velocity: Array  # (T, D)
    asked: Array  # (T, D)
    sent: Array  # (T, D)
    clip: NDArray[np.uint8]  # (T, D)
    source: NDArray[np.uint8]  # (T,)
    mode: NDArray[np.uint8]  # (T,)
    intervention: NDArray[np.bool_]  # (T,)
    refused: NDArray[np.uint32]  # (T,) refusals since the frame before
    ages: dict[str, Array]  # stream -> (T,) [s], infinite where nothing had arrived
    stamps: dict[str, Times]  # stream -> (T,) capture time, 0 where nothing had arrived
    received: dict[str, Times]  # stream -> (T,) log time in the bag, 0 where nothing had arrived
    trace_ns: Times  # (M,) the tick of the mux, on its own clock
    trace_asked: Array  # (M, D)
    trace_sent: Array  # (M, D)
    trace_received_ns: Times  # (M,) log time in the bag
    ahead_ns: int = 0  # by how much a trace is before its command is reached

    @property
    def frames(self) -> int:
        """Number of frames T."""
        return len(self.stamp_ns)

    @cached_property
    def trace_times(self) -> Times:
        """
        When each trace was made (M,), on the bag's time line.

        The stamps of the mux are even where receiving is not, so they are shifted by the shortest
        delay. If the clock was set meanwhile they say nothing, and the receive times count.
        """
        delays = self.trace_received_ns - self.trace_ns
        if not len(delays) or delays.max() - delays.min() > _CLOCK_SET_NS:
            return self.trace_received_ns
        return np.maximum.accumulate(self.trace_ns + delays.min())


class Episode:
    """A sealed episode on disk."""

    def __init__(self, folder: Path, meta: EpisodeMeta, bag: Bag) -> None:
        self.folder, self.meta = folder, meta
        self.bag = bag

    @classmethod
    def open(cls, folder: Path) -> 'Episode':
        """Open a sealed episode; raises EpisodeError when it is not one."""
        folder = Path(folder)
        if folder.name.endswith(PARTIAL):
            raise EpisodeError(f'{folder} was never sealed; run `hvd episodes repair` first')
        if not folder.is_dir():
            raise EpisodeError(f'{folder} is not a folder; `hvd episodes list` names all episodes')
        meta = load_meta(folder)
        if meta.episode_id != folder.name:
            raise EpisodeError(
                f'{folder}: episode.json is of episode {meta.episode_id}; rename the folder back'
            )
        path = bag_path(folder)
        if not path.exists():
            raise EpisodeError(f'{folder}: {path.name} is missing; copy the episode again')
        return cls(folder, meta, Bag(path))

    def __enter__(self) -> 'Episode':
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        self.bag.close()

    @property
    def labels(self) -> Labels:
        """What annotators said; empty labels where nobody has. Read anew each time."""
        meta = self.meta
        found = load_labels(self.folder, episode_id=meta.episode_id, frames=meta.frames)
        return found or empty_labels(meta.episode_id, meta.task, meta.frames)

    def table(self) -> FrameTable:
        """Return all numbers; decoded at the first call."""
        return self._table

    def color(self, camera: str, index: int) -> bytes | None:
        """Return the JPEG of a camera that frame `index` names, None if it names none."""
        return self._image(camera, 'color', index)

    def depth(self, camera: str, index: int) -> NDArray[np.uint16] | None:
        """Return the depth (H, W) in millimetres that frame `index` names, None if none."""
        data = self._image(camera, 'depth', index)
        return None if data is None else decode_depth(data)

    def cloud(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]] | None:
        """Return points (N, 3) in the base frame and their colours (N, 3) RGB, None if none."""
        found = self.sampled('cloud', index)
        return None if found is None else _points(cdr.decode(_CLOUD, found.cdr))

    def sim_state(self) -> tuple[tuple[str, ...], Array] | None:
        """
        Return what only a simulation knows, by name, at every frame (T, P); None if not recorded.

        NaN where nothing had arrived.
        """
        column = self.bag.column(SIM_STATE.recorded_topic)
        if column is None or not len(column.log_ns):
            return None
        columns = Columns(column)
        names = columns.names('name')
        if names is None:
            raise EpisodeError(
                f'{self.meta.episode_id}: {SIM_STATE.recorded_topic} changes what it names; '
                'it was not written by us'
            )
        values = columns.vector('position', len(names))
        received = self.table().received[SIM_STATE.name]
        place = np.searchsorted(column.log_ns, received, side='right') - 1
        rows: Array = np.where((place >= 0)[:, None], values[np.maximum(place, 0)], np.nan)
        return tuple(names), rows

    def sampled(self, stream: str, index: int) -> Recorded | None:
        """Return the message of a stream that frame `index` names, None if it names none."""
        received, stamps = self._column_of(stream)
        if not 0 <= index < len(received):
            raise EpisodeError(
                f'{self.meta.episode_id}: no frame {index}; valid: 0..{len(received) - 1}'
            )
        log_ns, row = int(received[index]), self.meta.streams[stream]
        if not log_ns:
            return None
        data = self.bag.at(row['topic'], log_ns)
        if data is None:
            raise EpisodeError(
                f'{self.folder}: frame {index} names a message of {row["topic"]} at {log_ns} that '
                'is not in the bag; `hvd episodes verify` says what else is missing'
            )
        return Recorded(row['topic'], row['kind'], log_ns, int(stamps[index]), data)

    def messages(self, topics: Collection[str] | None = None) -> Iterator[Recorded]:
        """Return the messages of some topics, or of all, by log time."""
        return self.bag.messages(topics)

    def _image(self, camera: str, what: str, index: int) -> bytes | None:
        if f'{camera}_{what}' not in self.meta.streams:
            raise EpisodeError(
                f"{self.meta.episode_id}: no camera '{camera}'; "
                f'{did_you_mean(camera, self.meta.cameras)}'
            )
        found = self.sampled(f'{camera}_{what}', index)
        return None if found is None else bytes(cdr.decode(_IMAGE, found.cdr).data.data)

    def _column_of(self, stream: str) -> tuple[Times, Times]:
        table = self.table()
        if stream not in table.received or stream not in self.meta.streams:
            raise EpisodeError(
                f"{self.meta.episode_id}: no stream '{stream}'; "
                f'{did_you_mean(stream, table.received)}'
            )
        return table.received[stream], table.stamps[stream]

    @cached_property
    def _table(self) -> FrameTable:
        ahead_ns = round(self.meta.command_ahead_s * cdr.NS)
        return replace(read_table(self.bag, len(self.meta.dimensions)), ahead_ns=ahead_ns)


def read_table(bag: Bag, size: int) -> FrameTable:
    """Return the table of a bag for a body of `size` dimensions."""
    trace = bag.column(_TRACE) or NOTHING
    frames, traces = Columns(bag.column(FRAMES_TOPIC) or NOTHING), Columns(trace)
    samples = _samples(frames, bag)
    columns: dict[str, Any] = {
        'stamp_ns': _stamps(frames, 'header.stamp'),
        'ages': {name: frames.scalar(f'{path}.age_s') for name, path in samples.items()},
        'stamps': {name: _stamps(frames, f'{path}.stamp') for name, path in samples.items()},
        'received': {name: frames.scalar(f'{path}.received_ns') for name, path in samples.items()},
        'trace_ns': _stamps(traces, 'header.stamp'),
        'trace_asked': traces.vector('asked', size),
        'trace_sent': traces.vector('sent', size),
        'trace_received_ns': trace.log_ns,
    }
    for name in ('position', 'velocity', 'asked', 'sent', 'clip'):
        columns[name] = frames.vector(name, size)
    for name in ('source', 'mode', 'intervention', 'refused'):
        columns[name] = frames.scalar(name)
    return FrameTable(**{name: _frozen(value) for name, value in columns.items()})


def _samples(frames: Columns, bag: Bag) -> dict[str, str]:
    """Return stream -> path of its sample; every frame lists the same streams in one order."""
    names = frames.names('samples', 'stream')
    if names is None:
        raise EpisodeError(
            f'{bag.path}: its frames list different streams; it was not written by us'
        )
    return {name: f'samples.{i}' for i, name in enumerate(names)}


def _stamps(columns: Columns, path: str) -> Times:
    seconds = columns.scalar(f'{path}.sec').astype(np.int64)
    return seconds * cdr.NS + columns.scalar(f'{path}.nanosec').astype(np.int64)


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    value.flags.writeable = False
    return value


def _points(message: Any) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    points = message.data.reshape(-1, message.point_step)
    offsets = {f.name: f.offset for f in message.fields}
    xyz = [
        np.ascontiguousarray(points[:, offsets[name] : offsets[name] + 4]).view('<f4')
        for name in 'xyz'
    ]
    # Packed as a float whose bytes are blue, green, red, nothing.
    bgr = points[:, offsets['rgb'] : offsets['rgb'] + 3]
    return np.concatenate(xyz, axis=1), np.ascontiguousarray(bgr[:, ::-1])


def list_episodes(root: Path) -> list[Path]:
    """Return the folders of all sealed episodes below <root>/<task>, by name."""
    if not root.is_dir():
        raise EpisodeError(
            f'{root} is not a folder; pass --root, or set HVD_DATA_DIR to where episodes are'
        )
    found = (path.parent for path in root.glob(f'*/*/{FILE}'))
    return sorted(folder for folder in found if not folder.name.endswith((PARTIAL, COPYING)))
