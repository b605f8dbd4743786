# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Giving a torn MCAP file its end back.

A killed recorder leaves whole chunks, perhaps half a chunk, and no index. The file is cut behind
its last whole chunk and index and summary are written behind that, in place: it needs no room for
a copy, and if it is interrupted itself, it can simply be done again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
import os
from pathlib import Path
import struct
from typing import IO, Any
import zlib

from mcap.data_stream import ReadDataStream, RecordBuilder
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.reader import make_reader
from mcap.records import (
    Channel,
    Chunk,
    ChunkIndex,
    DataEnd,
    Footer,
    MessageIndex,
    Schema,
    Statistics,
    SummaryOffset,
)
from mcap.stream_reader import CRCValidationError, get_chunk_data_stream
from zstandard import ZstdError

from hvd_ros.core.errors import EpisodeError

MAGIC = b'\x89MCAP0\r\n'
# What the readers of broken bytes raise.
BROKEN = (
    McapError, CRCValidationError, ZstdError, struct.error, ValueError, LookupError, EOFError,
    OverflowError, MemoryError, OSError,
)  # fmt: skip
_PREFIX = 9  # opcode and length of a record


@dataclass(frozen=True)
class Mended:
    """What mend_bag() did."""

    changed: bool
    cut_bytes: int = 0
    messages: int = 0


@dataclass
class _Found:
    """What a scan has seen so far."""

    end: int = len(MAGIC)  # behind the last thing to keep
    schemas: dict[int, Schema] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    chunks: list[ChunkIndex] = field(default_factory=list)
    # (log time, offset) of each message of the last chunk, by channel
    last: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=lambda: defaultdict(int))


def is_whole(path: Path) -> bool:
    """Tell whether a file has its summary, so that every reader opens it."""
    try:
        with path.open('rb') as file:
            summary = make_reader(file).get_summary()
    except BROKEN:
        return False
    return summary is not None and summary.statistics is not None


def mend_bag(path: Path) -> Mended:
    """
    Make a torn file whole; a whole one is left alone, bit for bit.

    Raises EpisodeError when there is not even the beginning of an MCAP file.
    """
    if is_whole(path):
        return Mended(changed=False)
    with path.open('r+b') as file:
        size = os.fstat(file.fileno()).st_size
        if file.read(len(MAGIC)) != MAGIC:
            raise EpisodeError(f'{path}: not an MCAP file ({size} bytes); nothing can be rescued')
        found = _scan(file, size)
        cut = max(0, size - found.end)
        file.truncate(found.end)
        file.seek(found.end)
        file.write(_missing_index(found))
        file.write(_ending(found, file.tell()))
        file.flush()
        os.fsync(file.fileno())
    return Mended(changed=True, cut_bytes=cut, messages=sum(found.counts.values()))


def _scan(file: IO[bytes], size: int) -> _Found:
    found = _Found()
    for opcode, start, body in _records(file, size):
        if opcode == Opcode.CHUNK:
            try:
                _hear_chunk(found, start, body)
            except BROKEN:
                break
        elif opcode == Opcode.MESSAGE_INDEX and found.chunks:
            _hear_index(found, start, body)
        elif opcode != Opcode.HEADER:
            break
        found.end = start + _PREFIX + len(body)
    return found


def _records(file: IO[bytes], size: int) -> Iterator[tuple[int, int, bytes]]:
    start = len(MAGIC)
    while start + _PREFIX <= size:
        file.seek(start)
        opcode, length = struct.unpack('<BQ', file.read(_PREFIX))
        if start + _PREFIX + length > size:
            return
        yield opcode, start, file.read(length)
        start += _PREFIX + length


def _hear_chunk(found: _Found, start: int, body: bytes) -> None:
    chunk = Chunk.read(ReadDataStream(BytesIO(body)))
    stream, length = get_chunk_data_stream(chunk, validate_crc=True)
    last: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for opcode, offset, content in _inside(stream.read(length)):
        if opcode == Opcode.SCHEMA:
            schema = Schema.read(ReadDataStream(BytesIO(content)))
            found.schemas[schema.id] = schema
        elif opcode == Opcode.CHANNEL:
            channel = Channel.read(ReadDataStream(BytesIO(content)))
            found.channels[channel.id] = channel
        elif opcode == Opcode.MESSAGE:
            number, _, log_ns = struct.unpack_from('<HIQ', content)
            last[number].append((log_ns, offset))
    for number, entries in last.items():
        found.counts[number] += len(entries)
    found.last = dict(last)
    found.chunks.append(
        ChunkIndex(
            message_start_time=chunk.message_start_time,
            message_end_time=chunk.message_end_time,
            chunk_start_offset=start,
            chunk_length=_PREFIX + len(body),
            message_index_offsets={},
            message_index_length=0,
            compression=chunk.compression,
            compressed_size=len(chunk.data),
            uncompressed_size=chunk.uncompressed_size,
        )
    )


def _inside(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    offset = 0
    while offset < len(data):
        opcode, length = struct.unpack_from('<BQ', data, offset)
        start = offset + _PREFIX
        yield opcode, offset, data[start : start + length]
        offset = start + length


def _hear_index(found: _Found, start: int, body: bytes) -> None:
    (number,) = struct.unpack_from('<H', body)
    index = found.chunks[-1]
    index.message_index_offsets[number] = start
    index.message_index_length += _PREFIX + len(body)


def _missing_index(found: _Found) -> bytes:
    """Return the message indexes that the last chunk lacks."""
    builder = RecordBuilder()
    if not found.chunks:
        return bytes(builder.end())
    index = found.chunks[-1]
    for number, entries in found.last.items():
        if number not in index.message_index_offsets:
            index.message_index_offsets[number] = found.end + builder.count
            MessageIndex(channel_id=number, records=entries).write(builder)
    index.message_index_length += builder.count
    return bytes(builder.end())


def _ending(found: _Found, start: int) -> bytes:
    """Return everything from the end of the data on; `start` is where it will stand."""
    builder = RecordBuilder()
    DataEnd(0).write(builder)
    data_end = bytes(builder.end())
    summary_start = start + len(data_end)
    groups: tuple[tuple[Opcode, list[Any]], ...] = (
        (Opcode.SCHEMA, list(found.schemas.values())),
        (Opcode.CHANNEL, list(found.channels.values())),
        (Opcode.STATISTICS, [_statistics(found)]),
        (Opcode.CHUNK_INDEX, found.chunks),
    )
    offsets = [
        SummaryOffset(opcode, summary_start + before, builder.count - before)
        for opcode, before in _write_groups(groups, builder)
    ]
    offset_start = summary_start + builder.count
    for offset in offsets:
        offset.write(builder)
    summary = bytes(builder.end())
    crc = zlib.crc32(
        struct.pack('<BQQQ', Opcode.FOOTER, 20, summary_start, offset_start), zlib.crc32(summary)
    )
    Footer(summary_start, offset_start, crc).write(builder)
    return data_end + summary + bytes(builder.end()) + MAGIC


def _write_groups(
    groups: tuple[tuple[Opcode, list[Any]], ...], builder: RecordBuilder
) -> Iterator[tuple[Opcode, int]]:
    """Write group after group; yields each one's opcode and where it began."""
    for opcode, records in groups:
        before = builder.count
        for record in records:
            record.write(builder)
        yield opcode, before


def _statistics(found: _Found) -> Statistics:
    def bound(pick: Callable[[list[int]], int], name: str) -> int:
        return pick([getattr(c, name) for c in found.chunks]) if found.chunks else 0

    return Statistics(
        attachment_count=0,
        channel_count=len(found.channels),
        channel_message_counts=dict(found.counts),
        chunk_count=len(found.chunks),
        message_count=sum(found.counts.values()),
        metadata_count=0,
        message_start_time=bound(min, 'message_start_time'),
        message_end_time=bound(max, 'message_end_time'),
        schema_count=len(found.schemas),
    )
