# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every reply is checked: what the bus makes of a twin that misbehaves."""

import os
from pathlib import Path
import select
import threading
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.errors import DeviceError
from hvd_ros.drivers.dynamixel import wire
from hvd_ros.drivers.dynamixel.bus import DynamixelBus, wire_time_s
from hvd_ros.drivers.dynamixel.serial_port import DeadlinePort
from hvd_ros.drivers.dynamixel.xl330 import (
    GOAL_CURRENT,
    HEALTH,
    PRESENT_POSITION,
    STATE,
    TORQUE_ENABLE,
)

IDS = tuple(range(16))


def positions(bus):
    raw = bus.sync_read(IDS, STATE)
    return raw[:, 6:10].copy().view('<i4')[:, 0]


def test_one_sync_read_brings_all_motors(bus, arms_twin):
    want = np.round(arms_twin.calibration.ticks_at(arms_twin.hand))
    assert np.array_equal(positions(bus), want)
    assert np.array_equal(bus.sync_read(IDS, STATE, fast=True), bus.sync_read(IDS, STATE))


@pytest.mark.parametrize('fast', [False, True])
@pytest.mark.parametrize(
    ('fault', 'amount', 'text'),
    [
        ('missing', 0, 'did not answer|answered instead|damaged'),
        ('drop', 1.0, 'did not answer|answered instead|damaged'),
        ('crc', 1.0, 'damaged'),
        ('status_error', 4, 'motor 6 reports status error 4: value out of range'),
        ('delay', 0.3, 'did not answer'),
    ],
)
def test_a_bad_reply_is_an_error_and_the_next_good_one_is_right(
    bus, arms_twin, fault, amount, text, fast
):
    arms_twin.inject(fault, '6', amount, 0)
    started = time.monotonic()
    with pytest.raises(DeviceError, match=text):
        bus.sync_read(IDS, STATE, fast)
    assert time.monotonic() - started < 0.5
    arms_twin.inject('none', '', 0, 0)
    drained = read_until_good(bus)
    assert np.array_equal(drained, np.round(arms_twin.calibration.ticks_at(arms_twin.hand)))


def read_until_good(bus, seconds=2.0):
    end = time.monotonic() + seconds
    while True:
        try:
            return positions(bus)
        except DeviceError:
            assert time.monotonic() < end


def test_a_late_reply_is_never_taken_for_the_next_answer(bus, arms_twin):
    # The reply to one question comes while another is asked: both would fit the motor.
    raised = 0
    for delay in (0.105, 0.112, 0.12, 0.25):
        arms_twin.inject('delay', '', delay, 0)
        try:
            bus.sync_read(IDS, HEALTH)
        except DeviceError:
            raised += 1
        arms_twin.inject('none', '', 0, 0)
        want = np.round(arms_twin.calibration.ticks_at(arms_twin.hand))
        for _ in range(6):
            try:
                assert np.array_equal(positions(bus), want)
            except DeviceError:
                continue
        assert np.array_equal(read_until_good(bus), want)
    assert raised


def test_negative_numbers_keep_their_sign_both_ways(bus, arms_twin):
    arms_twin.motors[4].put(PRESENT_POSITION, -5)
    arms_twin.motors[4].frozen = True
    arms_twin.inject('freeze', '4', 0, 0)
    assert positions(bus)[4] == -5
    bus.sync_write(IDS, GOAL_CURRENT, [-7] * 16)
    assert bus.read(4, GOAL_CURRENT) == 0x10000 - 7
    bus.write(4, GOAL_CURRENT, -9)
    assert bus.read(4, GOAL_CURRENT) == 0x10000 - 9


def test_a_refused_write_names_motor_and_reason(bus):
    with pytest.raises(DeviceError, match='motor 3 reports status error 4: value out of range'):
        bus.write(3, TORQUE_ENABLE, 2)


def test_pulling_the_cable_is_one_clear_error(bus, arms_twin):
    bus.sync_read(IDS, STATE)
    arms_twin.inject('disconnect', '', 0, 0)
    end = time.monotonic() + 2.0
    with pytest.raises(DeviceError, match='the port is gone'):
        while time.monotonic() < end:
            bus.sync_read(IDS, STATE)
    bus.close()
    bus.close()


def test_a_missing_port_lists_those_that_exist(tmp_path):
    with pytest.raises(DeviceError, match='no such port; check the U2D2 cable.*ports here:'):
        DynamixelBus(str(tmp_path / 'nothing')).open()


def test_a_taken_port_says_so(bus, arms_twin):
    with pytest.raises(DeviceError, match='another program has it open'):
        DynamixelBus(str(arms_twin.link)).open()


def test_no_permission_names_the_group(arms_twin, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr('serial.Serial', refuse)
    monkeypatch.setattr(os, 'access', lambda *_: False)
    with pytest.raises(DeviceError, match='no permission; add yourself to the group dialout'):
        DynamixelBus(str(arms_twin.link)).open()


def test_a_file_is_no_serial_port(tmp_path):
    path = tmp_path / 'file'
    path.write_text('no port')
    with pytest.raises(DeviceError, match='can not be opened as a serial port'):
        DynamixelBus(str(path)).open()


def test_an_impossible_baud_rate_is_refused(arms_twin):
    with pytest.raises(DeviceError, match='12345 baud is none of 57600'):
        DynamixelBus(str(arms_twin.link), baud=12345).open()


def test_waiting_for_a_reply_costs_no_processor_time(bus, arms_twin):
    arms_twin.inject('missing', '', 0, 0)
    wall, cpu = time.monotonic(), time.thread_time()
    for _ in range(5):
        assert not bus.answers(3)
    wall, cpu = time.monotonic() - wall, time.thread_time() - cpu
    assert wall > 0.1
    assert cpu < 0.3 * wall


def test_clearing_the_port_forgets_what_was_received(arms_twin):
    port = DeadlinePort(str(arms_twin.link), 0.05)
    port.setBaudRate(3_000_000)
    for _ in range(2):
        port.writePort(wire.packet(3, wire.PING))
        port.setPacketTimeoutMillis(500.0)
        assert port.readPort(4) == wire.HEADER
        port.clearPort()
        assert port.getBytesAvailable() == 0
    port.closePort()


@pytest.fixture(scope='module')
def raw_line(tmp_path_factory):
    """Give a bus whose far end is a bare pseudo-terminal, to answer with arbitrary bytes."""
    import tty

    master, slave = os.openpty()
    tty.setraw(slave)
    bus = DynamixelBus(os.ttyname(slave), reply_margin_s=0.02)
    bus.open()
    yield bus, master
    bus.close()
    os.close(master)
    os.close(slave)


GOOD = b''.join(wire.status(i, 0, bytes(10)) for i in range(3))
NOISE = st.binary(max_size=80) | st.lists(
    st.sampled_from([wire.HEADER, b'\xff', b'\xfd', b'\x01\x00\x00', b'\x55', b'\x00\x0e\x00U']),
    max_size=12,
).map(b''.join)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(noise=NOISE, cut=st.integers(0, len(GOOD)), flip=st.none() | st.integers(0, len(GOOD) - 1))
def test_any_bytes_give_a_reading_or_a_device_error_in_time(raw_line, noise, cut, flip):
    bus, master = raw_line
    spoiled = bytearray(GOOD)
    if flip is not None:
        spoiled[flip] ^= 0x41
    answer = bytes(spoiled[:cut]) + noise + bytes(spoiled[cut:])
    replier = threading.Thread(target=answer_once, args=(master, answer), daemon=True)
    replier.start()
    started = time.monotonic()
    try:
        raw = bus.sync_read((0, 1, 2), STATE)
        # A flipped bit never gets through the CRC; what does get through is the good packet.
        assert not raw.any()
    except DeviceError:
        pass
    assert time.monotonic() - started < 1.0
    replier.join()


def answer_once(master, answer):
    # The bus asks nothing while bytes of the last answer lie on the line.
    if select.select([master], [], [], 0.2)[0]:
        os.read(master, 4096)
        os.write(master, answer)


def test_motors_that_answer_in_another_order_are_not_believed(raw_line):
    bus, master = raw_line
    swapped = b''.join(wire.status(i, 0, bytes(10)) for i in (0, 2, 1))
    replier = threading.Thread(target=answer_once, args=(master, swapped), daemon=True)
    bus._wire.drain(0.001, 0.1)
    replier.start()
    with pytest.raises(DeviceError, match='motor 1 is damaged .motor 2 answered instead'):
        bus.sync_read((0, 1, 2), STATE)
    replier.join()


def test_an_endless_stream_of_noise_ends_at_the_deadline(raw_line):
    bus, master = raw_line
    stop = threading.Event()
    os.set_blocking(master, False)

    def babble():
        while not stop.is_set():
            try:
                os.write(master, b'\xff\xff\xfd\x00\x01\x0e' * 50)
            except BlockingIOError:
                time.sleep(0.001)

    thread = threading.Thread(target=babble, daemon=True)
    thread.start()
    started = time.monotonic()
    try:
        with pytest.raises(DeviceError):
            bus.sync_read((0, 1, 2), STATE)
        assert time.monotonic() - started < 1.0
    finally:
        stop.set()
        thread.join()
        os.set_blocking(master, True)


def test_wire_limit_is_the_closed_form():
    # 30 bytes asked, 16 * 21 answered, 10 bits each at 3 Mbaud.
    assert wire_time_s(16, 10) == pytest.approx(366 * 10 / 3e6)
    assert wire_time_s(16, 10, return_delay_s=500e-6) == pytest.approx(366 * 10 / 3e6 + 8e-3)
    assert wire_time_s(16, 10, fast=True) == pytest.approx((30 + 8 + 16 * 14) * 10 / 3e6)
    assert 1 / wire_time_s(16, 10) > 800


def test_the_twin_takes_at_least_wire_and_usb_time(bus, arms_twin):
    started = time.monotonic()
    bus.sync_read(IDS, STATE)
    assert time.monotonic() - started >= wire_time_s(16, 10) + 0.001


def test_no_file_of_the_package_reads_the_wall_clock():
    for path in (Path(wire.__file__).parent).glob('*.py'):
        assert 'time.time()' not in path.read_text(), path
