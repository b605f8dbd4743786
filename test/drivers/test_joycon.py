# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pinned: a pad that is dead, frozen or gone is never "still pushed"; it comes back by itself."""

from collections.abc import Callable
import sys
import time
import types

import pytest

from hvd_ros.core.errors import ConfigError, DeviceError
from hvd_ros.drivers.joycon import report as wire
from hvd_ros.drivers.joycon.pad import JoyCon
from hvd_ros.drivers.joycon.report import StickCalibration
from hvd_ros.drivers.joycon.transport import HidApiTransport, SocketTransport
from hvd_ros.drivers.joycon.twin import CALIBRATION, JoyConTwin

pytestmark = pytest.mark.timeout(30)


def until(true: Callable[[], bool], seconds: float = 5.0) -> float:
    """Wait for something to become true; return how long it took."""
    begin = time.monotonic()
    while not true():
        assert time.monotonic() - begin < seconds, 'it never became true'
        time.sleep(0.001)
    return time.monotonic() - begin


def healthy(pad: JoyCon) -> bool:
    try:
        pad.read()
    except DeviceError:
        return False
    return True


@pytest.fixture(params=['left', 'right'])
def twin(request, tmp_path):
    twin = JoyConTwin(tmp_path / 'pad', request.param)
    twin.start()
    yield twin
    twin.stop()


@pytest.fixture
def pad(twin, tmp_path):
    pad = JoyCon(twin.side, lambda: SocketTransport(tmp_path / 'pad'))
    pad.open()
    until(lambda: healthy(pad))
    yield pad
    pad.close()


def test_buttons_and_stick_arrive(twin, pad):
    twin.set_pads(frozenset({'Home', 'Plus'}), (1.0, -1.0))
    until(lambda: pad.read().pressed == {'Home', 'Plus'})
    assert pad.read().stick == pytest.approx((1.0, -1.0), abs=1e-9)
    assert pad.read().battery == 1.0


def test_the_stick_is_read_through_the_factory_calibration(twin, pad):
    assert pad.calibrated_by == 'factory'
    assert pad.calibration == CALIBRATION
    until(lambda: pad.read().stick == (0.0, 0.0))


def test_reports_come_at_the_rate_of_a_joy_con(pad):
    stamps = set()
    until(lambda: stamps.add(pad.read().stamp_ns) or len(stamps) > 30)
    rate_hz = (len(stamps) - 1) / (max(stamps) - min(stamps)) * 1e9
    assert 50 < rate_hz < 70


@pytest.mark.parametrize('fault', ['freeze', 'drop', 'disconnect', 'delay'])
def test_a_pushed_stick_is_stale_within_100_ms_of_a_fault(twin, pad, fault):
    twin.set_pads(frozenset({'L'}), (0.0, 1.0))
    until(lambda: pad.read().stick[1] == 1.0)
    twin.inject(fault, 1.0)
    # The reports that were under way before the fault count as heard.
    assert until(lambda: not healthy(pad)) < 0.1 + 0.015
    with pytest.raises(DeviceError, match='Joy-Con: last fresh report'):
        pad.read()


@pytest.mark.parametrize('fault', ['freeze', 'drop', 'disconnect'])
def test_it_comes_back_by_itself(twin, pad, fault):
    twin.inject(fault, 1.0)
    until(lambda: not healthy(pad))
    twin.set_pads(frozenset(), (0.0, 0.0))
    twin.inject('none')
    until(lambda: healthy(pad), 10.0)
    assert pad.read().pressed == frozenset()


def test_a_disconnected_pad_is_connected_anew(twin, pad):
    twin.inject('disconnect', seconds=0.2)
    until(lambda: not healthy(pad))
    until(lambda: healthy(pad), 10.0)
    assert pad.connections == 2


def test_a_low_battery_is_told(twin, pad):
    twin.inject('battery', 0.25)
    until(lambda: pad.read().battery == 0.25)


def test_rumble_starts_and_ends(twin, pad):
    twin.rumbles.clear()
    pad.rumble(0.5, 0.05)
    until(lambda: len(twin.rumbles) >= 2)
    assert list(twin.rumbles) == [wire.rumble_bytes(0.5), wire.STILL]


def test_lamps(twin, pad):
    until(lambda: twin.lamps == 1)
    pad.lamps(0b1010)
    until(lambda: twin.lamps == 0b1010)


def test_a_lamp_does_not_end_the_rumble(twin, pad):
    pad.rumble(0.5, 60.0)
    pad.lamps(0b1111)
    until(lambda: twin.lamps == 0b1111)
    assert twin.rumbles[-1] == wire.rumble_bytes(0.5)


def test_closing_leaves_the_pad_still_and_may_be_repeated(twin, pad):
    pad.rumble(1.0, 60.0)
    until(lambda: twin.rumbles[-1] != wire.STILL)
    pad.close()
    pad.close()
    until(lambda: twin.rumbles[-1] == wire.STILL)
    with pytest.raises(DeviceError, match='no report yet'):
        pad.read()


def test_an_unknown_fault_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'freeze'"):
        JoyConTwin(tmp_path / 'pad', 'left').inject('frezze')


def test_no_twin_is_one_clear_message(tmp_path):
    with pytest.raises(DeviceError, match='does not answer.*start sim_joylo'):
        JoyCon('left', lambda: SocketTransport(tmp_path / 'nobody')).open()


def test_a_patient_open_waits_for_the_pad_to_appear(tmp_path):
    pad = JoyCon('left', lambda: SocketTransport(tmp_path / 'pad'))
    pad.open(patient=True)
    twin = JoyConTwin(tmp_path / 'pad', 'left')
    twin.start()
    until(lambda: healthy(pad))
    pad.close()
    twin.stop()


class Scripted:
    """A HID device that answers from a flash image, as the notes describe it."""

    def __init__(self, flash: dict[int, bytes], mute: bool = False) -> None:
        self.flash, self.mute, self.replies = flash, mute, []
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)
        if self.mute or data[0] != 0x01:
            return
        tail = b''
        if data[10] == 0x10:
            address = int.from_bytes(data[11:15], 'little')
            # First a late answer about somewhere else, as after a lost one.
            self.replies.append(self._reply(0x90, data[10], b'\x80\x60\0\0\x18' + b'\1' * 24))
            tail = data[11:16] + self.flash.get(address, b'\xff' * data[15])
        self.replies.append(self._reply(0x90 if tail else 0x80, data[10], tail))

    def read(self, size: int, timeout_ms: int) -> bytes:
        return self.replies.pop(0) if self.replies else b''

    def close(self) -> None:
        self.closed = True

    @staticmethod
    def _reply(ack: int, command: int, tail: bytes) -> bytes:
        return (b'\x21\x07\x8e' + bytes(10) + bytes((ack, command)) + tail).ljust(49, b'\0')


def test_the_flash_is_asked_as_the_notes_say():
    device = Scripted({0x603D: CALIBRATION.to_bytes('left')})
    pad = JoyCon('left', lambda: device)
    pad.open()
    pad.close()
    ask = device.written[0]
    # [01 counter, 8 rumble bytes, 10, address little endian, length]
    assert ask[0] == 0x01
    assert ask[2:10] == bytes.fromhex('0001404000014040')
    assert ask[10:16] == bytes.fromhex('10 10800000 0b')
    assert [data[1] for data in device.written[:5]] == [1, 2, 3, 4, 5]
    subcommands = [data[10:12] for data in device.written[2:5]]
    assert subcommands == [b'\x48\x01', b'\x30\x01', b'\x03\x30']


def test_the_calibration_of_the_user_comes_first():
    # The dump printed in the notes, at 0x801B.
    user = bytes.fromhex('b2a1 c6f871 688442 a35442')
    device = Scripted({0x6046: CALIBRATION.to_bytes('right'), 0x801B: user})
    pad = JoyCon('right', lambda: device)
    pad.open()
    pad.close()
    assert pad.calibrated_by == 'user'
    assert pad.calibration.centre == (0x8C6, 0x71F)


def test_a_blank_flash_leaves_nominal_values_and_says_so():
    pad = JoyCon('left', lambda: Scripted({}))
    pad.open()
    pad.close()
    assert pad.calibrated_by == 'nobody'
    assert isinstance(pad.calibration, StickCalibration)


def test_a_mute_device_is_an_error_and_let_go():
    device = Scripted({}, mute=True)
    with pytest.raises(DeviceError, match='left Joy-Con: no answer to subcommand 0x10'):
        JoyCon('left', lambda: device).open()
    assert device.closed


def fake_hid(monkeypatch, **parts):
    monkeypatch.setitem(sys.modules, 'hid', types.SimpleNamespace(**parts))


def test_hidapi_missing_names_the_install(monkeypatch):
    monkeypatch.setitem(sys.modules, 'hid', None)
    with pytest.raises(DeviceError, match='pip install hidapi'):
        HidApiTransport('left')


def test_the_impostor_package_is_named(monkeypatch):
    fake_hid(monkeypatch)
    with pytest.raises(DeviceError, match='pip uninstall hid'):
        HidApiTransport('left')


def test_no_joy_con_says_how_to_pair(monkeypatch):
    fake_hid(monkeypatch, device=object, enumerate=lambda vendor, product: [])
    with pytest.raises(DeviceError, match='057e:2007.*pair it'):
        HidApiTransport('right')


def test_no_permission_names_the_udev_rule(monkeypatch):
    class Locked:
        def open_path(self, path):
            raise OSError('open failed')

    found = [{'path': b'/dev/hidraw3'}]
    fake_hid(monkeypatch, device=Locked, enumerate=lambda vendor, product: found)
    with pytest.raises(DeviceError, match='hidraw3.*udev'):
        HidApiTransport('left')
