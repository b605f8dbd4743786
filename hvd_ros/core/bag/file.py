# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Writing the MCAP file of an episode, chunk by chunk.

Images and numbers get chunks of their own, so that a table of an hour is read without touching a
single image. Within a batch the images come first: a frame never names one that is not on disk.
"""

from collections.abc import Iterable
from dataclasses import dataclass
import fcntl
import os
from pathlib import Path

from mcap.writer import CompressionType, Writer

from hvd_ros.core.bag import cdr, rosbag2
from hvd_ros.core.episodes.streams import BULK_KINDS

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Recorded:
    """One message of a bag."""

    topic: str
    kind: str
    log_ns: int  # when it was received, on the bag's time line
    publish_ns: int  # its header stamp
    cdr: cdr.Buffer


class BagFile:
    """An MCAP file that grows; after every append() what came is in the file, not in memory."""

    def __init__(self, path: Path, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._file = _Unbuffered(path)
        self._channels: dict[str, int] = {}
        self._schemas: dict[str, int] = {}
        self._count: dict[int, int] = {}
        self._writer = Writer(self._file, chunk_bytes, CompressionType.ZSTD)  # type: ignore[arg-type]
        self._writer.start(profile='ros2', library='hvd_ros')

    @property
    def bytes_written(self) -> int:
        """Size of the file."""
        return self._file.tell()

    def append(self, messages: Iterable[Recorded]) -> None:
        """Write a batch and close its chunks; raises OSError when the disk refuses."""
        numbers = []
        for message in messages:
            if message.kind in BULK_KINDS:
                self._add(message)
            else:
                numbers.append(message)
        self._writer.flush()
        for message in numbers:
            self._add(message)
        self._writer.flush()

    def sync(self) -> None:
        """Wait until the file is on the disk."""
        self._file.sync()

    def finish(self) -> None:
        """Write index and summary, and close."""
        self._writer.finish()
        self.sync()
        self.close()

    def close(self) -> None:
        """Close the file as it is; without finish() it needs a repair."""
        self._file.close()

    def _add(self, message: Recorded) -> None:
        channel = self._channel(message.topic, message.kind)
        self._count[channel] += 1
        # A stamp before 1970 comes from a device without a clock; MCAP has no negative times.
        publish_ns = max(0, message.publish_ns)
        self._writer.add_message(
            channel, message.log_ns, bytes(message.cdr), publish_ns, self._count[channel]
        )

    def _channel(self, topic: str, kind: str) -> int:
        if topic not in self._channels:
            if kind not in self._schemas:
                text = cdr.definition(kind).encode()
                self._schemas[kind] = self._writer.register_schema(kind, 'ros2msg', text)
            channel = self._writer.register_channel(
                topic, 'cdr', self._schemas[kind], rosbag2.channel_metadata(kind)
            )
            self._channels[topic], self._count[channel] = channel, 0
        return self._channels[topic]


class _Unbuffered:
    """A new file in which nothing waits in this process."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        # Tells `hvd episodes repair` that somebody is writing; ends with this process.
        fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._offset = 0

    def write(self, data: cdr.Buffer) -> int:
        rest = memoryview(data)
        while rest:
            written = os.write(self._fd, rest)
            self._offset += written
            rest = rest[written:]
        return len(data)

    def tell(self) -> int:
        return self._offset

    def flush(self) -> None:
        """Do nothing: there is no buffer."""

    def sync(self) -> None:
        os.fsync(self._fd)

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
