# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A record that another process writes is seen whole, in order, or not at all."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from hvd_ros.core.errors import DeviceError
from hvd_ros.drivers.shared_record import RecordReader, RecordWriter

DTYPE = np.dtype([('stamp', '<i8'), ('grid', '<u2', (3, 5))])
# The record is big enough that a copy of it is often overtaken.
HAMMER = """
import sys
from pathlib import Path
import numpy as np
from hvd_ros.drivers.shared_record import RecordWriter
dtype = np.dtype([('first', '<i8'), ('bytes', 'u1', (640 * 480 * 5,)), ('last', '<i8')])
writer = RecordWriter(Path(sys.argv[1]), dtype)
print('ready', flush=True)
while True:
    record, n = writer.begin(), writer.sequence + 1
    record['first'], record['bytes'][:], record['last'] = n, n % 251, n
    writer.commit()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'record'


@pytest.fixture
def pair(path):
    writer = RecordWriter(path, DTYPE, {'robot': 'r1'})
    yield writer, RecordReader(path)
    writer.close()


@pytest.fixture
def hammer(path):
    process = subprocess.Popen(
        [sys.executable, '-c', HAMMER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == 'ready\n'
    yield process
    process.kill()
    process.wait()


def write(writer, value):
    record = writer.begin()
    record['stamp'], record['grid'][:] = value, value
    return writer.commit()


def test_no_record_of_a_hammering_writer_is_ever_torn(path, hammer):
    reader, seen, end = RecordReader(path), 0, time.monotonic() + 60.0
    before = 0
    while seen < 30:
        assert time.monotonic() < end
        record = reader.read()
        if record is None:
            continue
        n = reader.sequence
        assert record['first'] == record['last'] == n > before
        assert (record['bytes'] == n % 251).all()
        before, seen = n, seen + 1


class _Between:
    """Stands for the reader's fences, and lets something happen at one of them."""

    def __init__(self, at, act):
        self.calls, self.at, self.act = 0, at, act

    def __call__(self):
        self.calls += 1
        if self.calls == self.at:
            self.act()


@pytest.mark.parametrize('at', [1, 2])
def test_a_copy_that_the_writer_overtook_is_thrown_away(pair, at):
    writer, reader = pair
    write(writer, 1)

    def overtake():
        write(writer, 2)
        writer.begin()['grid'][:] = 999  # half of record 3, where record 1 was

    reader._fence = _Between(at, overtake)
    record = reader.read()
    assert reader._fence.calls > 2
    assert record['stamp'] == 2 and (record['grid'] == 2).all()


def test_a_record_that_is_not_committed_is_not_there(pair):
    writer, reader = pair
    assert reader.read() is None
    writer.begin()['stamp'] = 5
    assert reader.read() is None
    writer.commit()
    assert reader.read()['stamp'] == 5


def test_a_record_is_returned_once_and_stays_what_it_was(pair):
    writer, reader = pair
    write(writer, 7)
    record = reader.read()
    assert reader.read() is None
    for value in (8, 9, 10):
        write(writer, value)
    assert record['stamp'] == 7 and (record['grid'] == 7).all()
    assert reader.read()['stamp'] == 10 and reader.sequence == 4


def test_what_is_said_about_a_record_arrives_with_its_shape(pair):
    _, reader = pair
    assert reader.about == {'robot': 'r1'}
    assert reader.alive()


def test_a_second_writer_is_refused(pair, path):
    with pytest.raises(DeviceError, match='another process'):
        RecordWriter(path, DTYPE)


def test_a_writer_that_ended_takes_its_file_away(pair, path):
    writer, reader = pair
    writer.close()
    writer.close()
    assert not path.exists() and not reader.alive()
    assert list(path.parent.iterdir()) == []
    with pytest.raises(DeviceError, match='nobody writes it'):
        RecordReader(path)


def test_a_killed_writer_is_noticed_and_replaced(path, hammer):
    reader = RecordReader(path)
    assert reader.alive()
    hammer.send_signal(signal.SIGSTOP)
    assert reader.alive()  # stopped is not dead
    hammer.kill()
    hammer.wait()
    assert not reader.alive()
    successor = RecordWriter(path, DTYPE)
    assert RecordReader(path).alive() and not reader.alive()
    successor.close()


def test_a_writer_that_was_replaced_leaves_its_successors_file(path):
    writer = RecordWriter(path, DTYPE)
    path.unlink()  # somebody cleaned up
    successor = RecordWriter(path, DTYPE)
    writer.close()
    assert path.exists()
    successor.close()


@pytest.mark.parametrize('content', [b'', b'x' * 8192, b'HVDREC01' + bytes(5000)])
def test_a_file_of_somebody_else_is_named(path, content):
    path.write_bytes(content)
    with pytest.raises(DeviceError, match=f'{path} is no record file'):
        RecordReader(path)


def test_more_about_a_record_than_fits_is_refused(path):
    with pytest.raises(ValueError, match='one page'):
        RecordWriter(path, DTYPE, {'text': 'x' * 5000})


def test_the_file_is_as_documented(pair, path):
    """A reader in another language finds the same bytes."""
    writer, _ = pair
    write(writer, 3)
    data = path.read_bytes()
    length = int.from_bytes(data[16:20], 'little')
    about = json.loads(data[20 : 20 + length])
    assert about['about'] == {'robot': 'r1'}
    assert int.from_bytes(data[8:16], 'little') == 1
    at = 4096 + (64 + DTYPE.itemsize + 63) // 64 * 64  # odd records lie in the second place
    assert int.from_bytes(data[at : at + 8], 'little') == 1
    assert int.from_bytes(data[at + 64 : at + 72], 'little', signed=True) == 3
    assert path.stat().st_size == 4096 + 2 * 128
