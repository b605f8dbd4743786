# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Keys of a real terminal device: one at a time, none from before, none echoed."""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

import pytest

from hvd_ros.cli.trials.keys import Keys


@pytest.fixture
def desk(monkeypatch):
    person, terminal = pty.openpty()
    with os.fdopen(terminal, 'r+b', buffering=0) as device:
        monkeypatch.setattr('sys.stdin', device)
        yield person
    os.close(person)


def type_in(person, keys):
    """Type, and wait until the terminal has it; a pseudo-terminal hands over in its own time."""
    os.write(person, keys)
    end = time.monotonic() + 10.0
    while struct.unpack('i', fcntl.ioctl(sys.stdin, termios.FIONREAD, bytes(4)))[0] < len(keys):
        assert time.monotonic() < end
        time.sleep(0.001)


def test_one_key_at_a_time_and_nothing_when_none_is_pressed(desk):
    with Keys() as keys:
        assert keys.take() == ''
        type_in(desk, b'5u\r')
        assert [keys.take() for _ in range(4)] == ['5', 'u', '\n', '']
        assert not select.select([desk], [], [], 0.0)[0]  # no echo


def test_what_was_typed_ahead_starts_nothing(desk):
    type_in(desk, b'\r\r')
    with Keys() as keys:
        assert keys.take() == ''


def test_the_terminal_is_given_back_as_it_was(desk):
    def echoes():
        return bool(termios.tcgetattr(desk)[3] & termios.ECHO)

    assert echoes()
    with pytest.raises(KeyboardInterrupt), Keys():
        assert not echoes()
        raise KeyboardInterrupt
    assert echoes()
