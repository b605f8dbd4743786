# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The writer: bounded, never in the caller's way, and honest about what the disk did not take."""

from dataclasses import replace
import errno
import os
from pathlib import Path
import threading
import time

import pytest

from hvd_ros.core.bag import file as bag
from hvd_ros.core.episodes.meta import EpisodeMeta, body_fields, stream_fields
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.repair import repair
from hvd_ros.core.episodes.streams import streams_for
from hvd_ros.core.episodes.verify import verify
from hvd_ros.core.episodes.writer import EpisodeWriter, WriterConfig
from hvd_ros.core.errors import EpisodeError
from test import episode_maker as maker

STREAMS = streams_for((), False)
META = EpisodeMeta('e1', 'pen_insert', streams=stream_fields(STREAMS), **body_fields(maker.body()))
FAST = WriterConfig(free_floor_gb=0.0, flush_period_s=0.01)


def open_writer(root, config=FAST, **changes):
    return EpisodeWriter(root / 'pen_insert' / 'e1', META, config, **changes)


def fill(writer, frames=5):
    maker.write_frames(writer, STREAMS, frames, (), (64, 48))


def wait_for(condition, seconds=5.0):
    """Wait for the writer's thread; a bound, not a measure."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def sealed(writer, frames=5):
    return writer.seal(replace(META, frames=frames))


def test_a_running_episode_is_partial_and_a_sealed_one_is_not(tmp_path):
    writer = open_writer(tmp_path)
    fill(writer)
    assert writer.folder == tmp_path / 'pen_insert' / 'e1.partial'
    assert writer.folder.is_dir()
    folder = sealed(writer)
    assert folder == tmp_path / 'pen_insert' / 'e1'
    assert [p.name for p in folder.parent.iterdir()] == ['e1']
    assert verify(folder) == []
    assert writer.status.messages == sum(Episode.open(folder).bag.counts.values())


def test_what_came_is_on_disk_within_a_flush_period(tmp_path):
    writer = open_writer(tmp_path)
    fill(writer)
    wait_for(lambda: writer.status.messages == 5 * 31)
    size = bag_file(writer).stat().st_size
    assert size == writer.status.bytes_written > 1000
    writer.discard()


def bag_file(writer):
    return next(writer.folder.glob('*.mcap'))


def test_every_flush_reaches_the_disk_and_not_only_the_cache(tmp_path, monkeypatch):
    synced = []
    real = os.fsync
    monkeypatch.setattr(bag.os, 'fsync', lambda fd: synced.append(os.fstat(fd).st_ino) or real(fd))
    writer = open_writer(tmp_path)
    fill(writer, 1)
    wait_for(lambda: writer.status.messages > 0)
    assert bag_file(writer).stat().st_ino in synced
    writer.discard()


def test_discard_leaves_nothing(tmp_path):
    writer = open_writer(tmp_path)
    fill(writer)
    writer.discard()
    assert list((tmp_path / 'pen_insert').iterdir()) == []


def test_an_id_is_never_used_twice(tmp_path):
    writer = open_writer(tmp_path)
    with pytest.raises(EpisodeError, match='exists already'):
        open_writer(tmp_path)
    fill(writer)
    before = sealed(writer)
    content = {p.name: p.read_bytes() for p in before.iterdir()}
    with pytest.raises(EpisodeError, match='exists already'):
        open_writer(tmp_path)
    assert {p.name: p.read_bytes() for p in before.iterdir()} == content


def test_the_folder_carries_the_id(tmp_path):
    with pytest.raises(EpisodeError, match='does not end in the episode id e1'):
        EpisodeWriter(tmp_path / 'x' / 'e2', META, FAST)


def test_a_full_queue_drops_and_counts_and_never_blocks(tmp_path, monkeypatch):
    gate = threading.Event()
    real = bag.BagFile.append
    monkeypatch.setattr(bag.BagFile, 'append', lambda s, m: gate.wait(10) and real(s, m))
    writer = open_writer(tmp_path, replace(FAST, queue_mb=0.01))
    taken = [writer.write('/a', 'std_msgs/msg/String', i, i, bytes(1000)) for i in range(50)]
    assert not all(taken)
    assert writer.status.queued_bytes <= 10_000
    assert writer.status.dropped == taken.count(False)
    gate.set()
    folder = sealed(writer, 0)
    meta = Episode.open(folder).meta
    assert (meta.healthy, meta.drops) == (False, taken.count(False))
    assert 'could not be written' in meta.notes[-1]
    assert Episode.open(folder).bag.counts['/a'] == taken.count(True)


class Disk:
    """A disk whose free space can be set."""

    free = 10**12

    def __call__(self, folder: Path) -> int:
        return self.free


def test_recording_ends_above_a_floor_of_free_space(tmp_path):
    disk = Disk()
    writer = open_writer(tmp_path, replace(FAST, free_floor_gb=1.0), free=disk)
    fill(writer)
    wait_for(lambda: writer.status.messages == 5 * 31)
    disk.free = 999_000_000
    wait_for(lambda: writer.status.error)
    assert 'disk full: 1.00 GB free, the floor is 1.00 GB' in writer.status.error
    assert writer.status.free_gb == pytest.approx(0.999)
    size = bag_file(writer).stat().st_size
    assert not writer.write('/a', 'std_msgs/msg/String', 1, 1, b'x')
    folder = sealed(writer)
    assert bag_file_of(folder).stat().st_size >= size
    meta = Episode.open(folder).meta
    assert not meta.healthy
    assert 'disk full' in meta.notes[0]
    assert verify(folder) == []


def bag_file_of(folder):
    return next(folder.glob('*.mcap'))


def test_a_full_disk_refuses_the_start(tmp_path):
    disk = Disk()
    disk.free = 0
    with pytest.raises(EpisodeError, match='disk full'):
        open_writer(tmp_path, replace(FAST, free_floor_gb=1.0), free=disk)
    assert list((tmp_path / 'pen_insert').iterdir()) == []


def break_disk(monkeypatch, after_bytes, code=errno.ENOSPC):
    """Let the disk take so much and then refuse, in the middle of a write as disks do."""
    real, left = os.write, [after_bytes]

    def write(fd, data):
        if left[0] <= 0:
            raise OSError(code, os.strerror(code))
        taken = real(fd, data[: left[0]])
        left[0] -= taken
        return taken

    monkeypatch.setattr(bag.os, 'write', write)
    return left


@pytest.mark.parametrize('after_bytes', [9, 2000, 20_000])
@pytest.mark.parametrize('code', [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_failing_write_is_said_and_what_was_whole_is_sealed(
    tmp_path, monkeypatch, after_bytes, code
):
    writer = open_writer(tmp_path)
    break_disk(monkeypatch, after_bytes, code)
    for _ in range(50):  # enough batches
        fill(writer, 3)
        if writer.status.error:
            break
        time.sleep(0.01)
    wait_for(lambda: writer.status.error)
    assert os.strerror(code) in writer.status.error
    fill(writer, 2)  # the tick goes on and meets nothing
    assert writer.status.dropped > 0
    wait_for(lambda: writer.status.queued_bytes == 0)
    folder = sealed(writer)
    episode = Episode.open(folder)
    assert not episode.meta.healthy
    assert os.strerror(code) in ' '.join(episode.meta.notes)
    assert sum(1 for _ in episode.messages()) == sum(episode.bag.counts.values())


def test_a_disk_that_takes_nothing_at_all_keeps_the_partial_folder_for_repair(
    tmp_path, monkeypatch
):
    writer = open_writer(tmp_path)
    fill(writer)
    wait_for(lambda: writer.status.messages == 5 * 31)
    with monkeypatch.context() as broken:
        break_disk(broken, 0)
        broken.setattr('hvd_ros.core.bag.salvage.os.fsync', _refuse)
        broken.setattr('hvd_ros.core.durable.os.fsync', _refuse)
        with pytest.raises(EpisodeError, match='run `hvd episodes repair`'):
            sealed(writer)
    assert writer.folder.is_dir()
    done = repair(writer.folder)
    assert done.rescued
    assert Episode.open(done.folder).meta.frames == 5


def _refuse(fd):
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_folder_that_nobody_may_write_is_said():
    with pytest.raises(EpisodeError, match='can not be written: .*; choose another root'):
        open_writer(Path('/proc'))


def test_a_root_that_is_a_file_is_said(tmp_path):
    (tmp_path / 'pen_insert').write_text('')
    with pytest.raises(EpisodeError, match='choose another root'):
        open_writer(tmp_path)


def test_a_message_of_unknown_kind_is_refused_alone(tmp_path):
    writer = open_writer(tmp_path)
    fill(writer, 2)
    assert not writer.write('/odd', 'no_such/msg/Kind', 1, 1, b'x')
    fill(writer, 2)
    folder = sealed(writer, 4)
    assert Episode.open(folder).bag.counts['/recorded/frames'] == 4
    assert Episode.open(folder).meta.drops == 1


def test_a_stamp_from_before_1970_does_not_end_the_episode(tmp_path):
    writer = open_writer(tmp_path)
    writer.write('/a', 'std_msgs/msg/String', 5, -1, b'\x00\x01\x00\x00\x01\x00\x00\x00\x00')
    folder = sealed(writer, 0)
    assert [m.publish_ns for m in Episode.open(folder).messages()] == [0]


def test_an_empty_episode_is_sealed_and_readable(tmp_path):
    folder = sealed(open_writer(tmp_path), 0)
    assert Episode.open(folder).table().frames == 0
    assert any('no frames' in problem for problem in verify(folder))
