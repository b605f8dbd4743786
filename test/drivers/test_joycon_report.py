# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Golden bytes are those that the public reverse-engineering notes print.

They are dekuNukem/Nintendo_Switch_Reverse_Engineering: bluetooth_hid_notes.md (report samples)
and spi_flash_dump_notes.md (a flash dump and a decoded calibration).
"""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from hvd_ros.core.errors import DeviceError
from hvd_ros.core.leader.buttons import BUTTONS, LEFT_BUTTONS, RIGHT_BUTTONS
from hvd_ros.drivers.joycon.report import (
    FULL,
    NOMINAL,
    STILL,
    Report,
    StickCalibration,
    deadzone,
    decode,
    encode,
    rumble_bytes,
)

REALISTIC = StickCalibration((0x79F, 0x8A0), (0x510, 0x479), (0x4F7, 0x424))
# The flash of the notes at 0x801B: magic B2 A1, then a right stick calibrated by its user.
DUMP = bytes.fromhex('c6f871 688442 a35442')


def report_bytes(tail: str) -> bytes:
    return bytes.fromhex('30' + tail).ljust(49, b'\0')


def test_the_buttons_of_the_printed_report():
    # Bytes 2-4 of the notes: 41 00 82 = R, Y on the right and ZL, Up on the left.
    seen = decode(report_bytes('00 8e 41 00 82 000880 000880 00'), 'left')
    assert seen.pressed == {'R', 'Y', 'ZL', 'Up'}
    assert seen.battery == 1.0
    assert not seen.charging


@pytest.mark.parametrize(
    ('at', 'bits'),
    [
        (3, ('Y', 'X', 'B', 'A', 'RSR', 'RSL', 'R', 'ZR')),
        (4, ('Minus', 'Plus', 'RStick', 'LStick', 'Home', 'Capture')),
        (5, ('Down', 'Up', 'Right', 'Left', 'LSR', 'LSL', 'L', 'ZL')),
    ],
)
def test_every_bit_of_the_printed_table(at, bits):
    for i, name in enumerate(bits):
        data = bytearray(49)
        data[0], data[at] = FULL, 1 << i
        assert decode(bytes(data), 'left').pressed == {name}


def test_battery_levels_of_the_notes():
    levels = {0x8E: 1.0, 0x6E: 0.75, 0x4E: 0.5, 0x2E: 0.25, 0x0E: 0.0}
    for byte, level in levels.items():
        data = bytes((FULL, 0, byte)).ljust(49, b'\0')
        assert decode(data, 'left').battery == level
    charging = decode(bytes((FULL, 0, 0x9E)).ljust(49, b'\0'), 'left')
    assert charging.charging
    assert charging.battery == 1.0


def test_stick_bytes_by_the_printed_formula():
    data = report_bytes('00 8e 00 00 00 abcdef 123456 00')
    assert decode(data, 'left').raw == (0xAB | 0xD << 8, 0xC | 0xEF << 4)
    assert decode(data, 'right').raw == (0x12 | 0x4 << 8, 0x3 | 0x56 << 4)


def test_the_calibration_of_the_printed_dump():
    found = StickCalibration.from_bytes(DUMP, 'right')
    assert found == StickCalibration((0x8C6, 0x71F), (0x468, 0x428), (0x4A3, 0x425))


def test_the_two_orders_of_the_printed_sample():
    # Left: above, centre, below. Right: centre, below, above. Same stick, same numbers.
    left = bytes.fromhex('f74442 9f078a 109547')
    right = bytes.fromhex('9f078a 109547 f74442')
    assert StickCalibration.from_bytes(left, 'left') == REALISTIC
    assert StickCalibration.from_bytes(right, 'right') == REALISTIC
    assert REALISTIC.to_bytes('left') == left
    assert REALISTIC.to_bytes('right') == right


@pytest.mark.parametrize('blank', [b'\xff' * 9, b'\0' * 9])
def test_a_blank_flash_is_no_calibration(blank):
    assert StickCalibration.from_bytes(blank, 'left') is None


def test_ends_and_centre_of_the_calibration():
    assert REALISTIC.apply((0x79F, 0x8A0)) == (0.0, 0.0)
    assert REALISTIC.apply((0x79F - 0x510, 0x8A0 + 0x424)) == (-1.0, 1.0)
    assert REALISTIC.apply((0, 4095)) == (-1.0, 1.0)


sticks = st.tuples(st.floats(-1, 1), st.floats(-1, 1))


@settings(max_examples=100)
@given(sticks, st.sampled_from([REALISTIC, NOMINAL]))
def test_calibration_inverts_to_one_count(stick, calibration):
    back = calibration.apply(calibration.invert(stick))
    assert back == pytest.approx(stick, abs=1 / 1000)


@settings(max_examples=100)
@given(
    timer=st.integers(0, 255),
    battery=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]),
    charging=st.booleans(),
    side=st.sampled_from(['left', 'right']),
    pressed=st.frozensets(st.sampled_from(BUTTONS)),
    raw=st.tuples(st.integers(0, 4095), st.integers(0, 4095)),
)
def test_encode_inverts_decode(timer, battery, charging, side, pressed, raw):
    report = Report(timer, battery, charging, pressed, raw)
    assert decode(encode(report, side), side) == report


def test_the_pads_of_the_table_are_the_bytes_of_the_report():
    every = Report(0, 1.0, False, frozenset(BUTTONS), (0, 0))
    data = bytearray(encode(every, 'left'))
    data[3] = 0  # a left Joy-Con never sets the right byte
    left = decode(bytes(data), 'left').pressed
    assert set(LEFT_BUTTONS) <= left
    assert not left & {'A', 'B', 'X', 'Y', 'R', 'ZR', 'RSL', 'RSR'}
    assert set(RIGHT_BUTTONS) - left == {'A', 'B', 'X', 'Y', 'R', 'ZR', 'RSL', 'RSR'}


@pytest.mark.parametrize('data', [b'', b'\x3f' * 12, b'\x31' * 49, b'\x30' * 5])
def test_another_report_is_refused(data):
    with pytest.raises(DeviceError, match='left Joy-Con'):
        decode(data, 'left')


def test_neutral_rumble_is_the_printed_one():
    assert rumble_bytes(0.0) == STILL == bytes.fromhex('0001404000014040')


def test_rumble_stays_below_the_safe_top():
    assert rumble_bytes(1.0) == bytes.fromhex('00c94072' * 2)
    assert rumble_bytes(7.0) == rumble_bytes(1.0)


@settings(max_examples=200)
@given(sticks, sticks, st.floats(0.01, 0.3), st.floats(0.0, 0.2))
def test_the_deadzone_never_jumps(a, b, radial, axial):
    # Lipschitz: a small step of the hand is a small step of the output, everywhere.
    before, after = deadzone(a, radial, axial), deadzone(b, radial, axial)
    slope = 2.5 / ((1 - radial) * (1 - axial))
    assert math.dist(before, after) <= slope * math.dist(a, b) + 1e-9


@given(st.floats(0, 2 * math.pi), st.floats(0, 1))
def test_inside_the_deadzone_is_rest(angle, share):
    stick = (0.1 * share * math.cos(angle), 0.1 * share * math.sin(angle))
    assert deadzone(stick, 0.1, 0.08) == (0.0, 0.0)


def test_full_deflection_stays_full():
    for stick in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)]:
        assert deadzone(stick, 0.1, 0.08) == pytest.approx(stick)


def test_a_nearly_straight_push_is_straight():
    assert deadzone((0.05, 0.9), 0.1, 0.08)[0] == 0.0
