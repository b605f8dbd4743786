# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Reading an MCAP file by its index: one message of many, or one topic of all, and nothing else.

Reads go by position, so that forked data-loader workers share an open bag without disturbing one
another.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
import os
from pathlib import Path
from typing import Any

from mcap.data_stream import ReadDataStream
from mcap.reader import make_reader
from mcap.records import Chunk, ChunkIndex
from mcap.stream_reader import get_chunk_data_stream
from mcap.summary import Summary
import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.bag.file import Recorded
from hvd_ros.core.bag.salvage import BROKEN
from hvd_ros.core.errors import EpisodeError

Bytes = NDArray[np.uint8]
Times = NDArray[np.int64]
# A message record: opcode 1, length 8, channel 2, sequence 4, log time 8, publish time 8, data.
_HEAD = 31
_CACHED_CHUNKS = 4


@dataclass(frozen=True, eq=False)
class Rows:
    """Messages of one topic that have the same length."""

    order: NDArray[np.intp]  # (n,) place of each among the messages of the topic
    data: Bytes  # (n, length)


@dataclass(frozen=True, eq=False)
class Column:
    """All messages of one topic, in the order of their log times."""

    kind: str
    log_ns: Times  # (m,)
    publish_ns: Times  # (m,)
    rows: tuple[Rows, ...]

    def messages(self) -> list[bytes]:
        """Return every message as bytes."""
        found: list[bytes] = [b''] * len(self.log_ns)
        for rows in self.rows:
            for place, row in zip(rows.order, rows.data, strict=True):
                found[place] = row.tobytes()
        return found


NOTHING = Column('', np.zeros(0, np.int64), np.zeros(0, np.int64), ())


class Bag:
    """A finished MCAP file."""

    def __init__(self, path: Path) -> None:
        """Read the summary; raises EpisodeError when the file is torn or not an MCAP file."""
        self.path, self._fd = path, -1
        with self._whole(), path.open('rb') as file:
            self._hear(make_reader(file).get_summary())
        self._cached = lru_cache(maxsize=_CACHED_CHUNKS)(self._read_chunk)
        self._entries = lru_cache(maxsize=4096)(self._read_entries)
        self._spans = cache(self._read_spans)

    def _hear(self, summary: Summary | None) -> None:
        if summary is None or summary.statistics is None:
            raise ValueError('it has no summary')
        schemas, counts = summary.schemas, summary.statistics.channel_message_counts
        self.topics = {
            channel.topic: (number, schemas[channel.schema_id].name)
            for number, channel in sorted(summary.channels.items())
        }
        self.schemas = {s.name: s.data.decode(errors='replace') for s in schemas.values()}
        self.counts = {topic: counts.get(n, 0) for topic, (n, _) in self.topics.items()}
        self._chunks = sorted(summary.chunk_indexes, key=lambda c: c.chunk_start_offset)

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        fd, self._fd = getattr(self, '_fd', -1), -1
        if fd >= 0:
            os.close(fd)

    def column(self, topic: str) -> Column | None:
        """Return all messages of a topic; None if the bag has no such topic."""
        if topic not in self.topics:
            return None
        number, kind = self.topics[topic]
        with self._whole():
            return self._column(number, kind)

    def _column(self, number: int, kind: str) -> Column:
        parts = [self._of_chunk(i, number) for i in self._chunks_with(number)]
        if not parts:
            return NOTHING
        log_ns = np.concatenate([p[0] for p in parts])
        order = np.argsort(log_ns, kind='stable')
        place = np.empty(len(order), np.intp)
        place[order] = np.arange(len(order))
        publish_ns = np.concatenate([p[1] for p in parts])
        return Column(kind, log_ns[order], publish_ns[order], _rows(parts, place))

    def at(self, topic: str, log_ns: int) -> bytes | None:
        """Return the message of a topic with exactly this log time; the last of several."""
        if topic not in self.topics:
            return None
        number, _ = self.topics[topic]
        with self._whole():
            return self._find(number, log_ns)

    def _find(self, number: int, log_ns: int) -> bytes | None:
        ids, starts, ends = self._spans(number)
        for i in ids[(starts <= log_ns) & (log_ns <= ends)][::-1]:
            times, offsets = self._entries(int(i), number)
            hits = np.flatnonzero(times == log_ns)
            if len(hits):
                return _message(self._cached(int(i)), int(offsets[hits[-1]]))
        return None

    def log_times(self, topic: str) -> Times:
        """Return the log times of a topic from the index alone, in no order."""
        number = self.topics[topic][0] if topic in self.topics else -1
        with self._whole():
            parts = [self._entries(i, number)[0] for i in self._chunks_with(number)]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def messages(self, topics: Collection[str] | None = None) -> Iterator[Recorded]:
        """Return messages by log time, checking the checksum of each chunk on the way."""
        with self._whole(), self.path.open('rb') as file:
            reader = make_reader(file, validate_crcs=True)
            for schema, channel, message in reader.iter_messages(topics=topics):
                kind = '' if schema is None else schema.name
                yield Recorded(
                    channel.topic, kind, message.log_time, message.publish_time, message.data
                )

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Turn whatever damaged bytes cause into one clear error."""
        try:
            yield
        except BROKEN as error:
            raise EpisodeError(
                f'{self.path}: not a whole MCAP file ({error!r}); copy it again from where it is '
                'whole, or run `hvd episodes repair`'
            ) from None

    def _chunks_with(self, number: int) -> list[int]:
        return [i for i, c in enumerate(self._chunks) if number in c.message_index_offsets]

    def _read_spans(self, number: int) -> tuple[Times, Times, Times]:
        """Return the chunks that hold a channel, and the times between which each lies."""
        ids = self._chunks_with(number)
        rows = [
            (self._chunks[i].message_start_time, self._chunks[i].message_end_time) for i in ids
        ]
        spans = np.array(rows, np.int64).reshape(-1, 2)
        return np.array(ids, np.int64), spans[:, 0], spans[:, 1]

    def _of_chunk(self, i: int, number: int) -> tuple[Times, Times, Bytes, Times, Times]:
        """Return log times, publish times, the chunk, and where each message lies in it."""
        data = self._cached(i)
        times, offsets = self._entries(i, number)
        lengths = _numbers(data, offsets + 1) - (_HEAD - 9)
        return times, _numbers(data, offsets + 23), data, offsets + _HEAD, lengths

    def _read_entries(self, i: int, number: int) -> tuple[Times, Times]:
        start = self._chunks[i].message_index_offsets[number]
        head = self._read(start, 15)
        length = int.from_bytes(head[11:15], 'little')
        pairs = np.frombuffer(self._read(start + 15, length), '<i8').reshape(-1, 2)
        return pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64)

    def _read_chunk(self, i: int) -> Bytes:
        index: ChunkIndex = self._chunks[i]
        raw = self._read(index.chunk_start_offset, index.chunk_length)
        chunk = Chunk.read(ReadDataStream(BytesIO(raw[9:])))
        stream, length = get_chunk_data_stream(chunk, validate_crc=True)
        return np.frombuffer(stream.read(length), np.uint8)

    def _read(self, start: int, length: int) -> bytes:
        if self._fd < 0:
            self._fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        data = os.pread(self._fd, length, start)
        if len(data) != length:
            raise ValueError(f'{length} bytes at {start} are cut off')
        return data

    def __getstate__(self) -> dict[str, Any]:
        """Travel to a worker process as a path."""
        return {'path': self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Bag.__init__(self, state['path'])  # noqa: PLC2801


def _numbers(data: Bytes, offsets: Times) -> Times:
    """Return the 64-bit numbers at these offsets."""
    return np.ascontiguousarray(data[offsets[:, None] + np.arange(8)]).view('<i8').ravel()


def _message(data: Bytes, offset: int) -> bytes:
    length = int(_numbers(data, np.array([offset + 1]))[0]) - (_HEAD - 9)
    return data[offset + _HEAD : offset + _HEAD + length].tobytes()


def _rows(
    parts: list[tuple[Times, Times, Bytes, Times, Times]], place: NDArray[np.intp]
) -> tuple[Rows, ...]:
    """Stack messages of equal length."""
    found: dict[int, list[tuple[NDArray[np.intp], Bytes]]] = {}
    first = 0
    for _, _, data, starts, lengths in parts:
        places = place[first : first + len(starts)]
        first += len(starts)
        for length in np.unique(lengths):
            same = lengths == length
            rows = data[starts[same][:, None] + np.arange(length)]
            found.setdefault(int(length), []).append((places[same], rows))
    return tuple(
        Rows(np.concatenate([p for p, _ in blocks]), np.concatenate([r for _, r in blocks]))
        for blocks in found.values()
    )
