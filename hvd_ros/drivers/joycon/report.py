# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The bytes of a Joy-Con: reports, stick calibration, rumble.

Layouts as in the public reverse-engineering notes (dekuNukem/Nintendo_Switch_Reverse_Engineering).
Driver and twin share this file, so the tests pin it to bytes that those notes print.
"""

from dataclasses import dataclass
import math
from typing import Literal

from hvd_ros.core.errors import DeviceError

Side = Literal['left', 'right']
Stick = tuple[float, float]  # -1..1, right and up are positive

VENDOR = 0x057E
PRODUCT: dict[Side, int] = {'left': 0x2006, 'right': 0x2007}
REPORT_BYTES = 49
OUTPUT_BYTES = 49
FULL, REPLY = 0x30, 0x21  # ids of input reports
COMMAND, RUMBLE = 0x01, 0x10  # ids of output reports
READ_SPI, SET_MODE, SET_LEDS, ENABLE_RUMBLE = 0x10, 0x03, 0x30, 0x48  # subcommands
USER_MAGIC = b'\xb2\xa1'
USER_STICK: dict[Side, int] = {'left': 0x8010, 'right': 0x801B}  # magic, then nine bytes
FACTORY_STICK: dict[Side, int] = {'left': 0x603D, 'right': 0x6046}
STICK_BYTES = 9
STILL = bytes((0x00, 0x01, 0x40, 0x40, 0x00, 0x01, 0x40, 0x40))

# Per byte of the report, the names of its bits from the lowest; empty bits mean nothing to us.
_RIGHT = ('Y', 'X', 'B', 'A', 'RSR', 'RSL', 'R', 'ZR')
_SHARED = ('Minus', 'Plus', 'RStick', 'LStick', 'Home', 'Capture', '', '')
_LEFT = ('Down', 'Up', 'Right', 'Left', 'LSR', 'LSL', 'L', 'ZL')
_BITS = {3: _RIGHT, 4: _SHARED, 5: _LEFT}
_STICK_AT: dict[Side, int] = {'left': 6, 'right': 9}


@dataclass(frozen=True)
class Report:
    """One input report, before calibration."""

    timer: int  # 0..255, advances with every report of a living pad
    battery: float  # 0 empty .. 1 full
    charging: bool
    pressed: frozenset[str]
    raw: tuple[int, int]  # stick, 12 bits each


def decode(report: bytes, side: Side) -> Report:
    """Read a full report or a subcommand reply; both begin with the same thirteen bytes."""
    if len(report) < 13 or report[0] not in (FULL, REPLY):
        raise DeviceError(
            f'{side} Joy-Con: report of {len(report)} bytes, id '
            f'{report[0] if report else 0:#04x}, is not 0x30 or 0x21; pair the Joy-Con again'
        )
    names = [
        name
        for at, bits in _BITS.items()
        for i, name in enumerate(bits)
        if name and report[at] >> i & 1
    ]
    level = report[2] >> 4
    at = _STICK_AT[side]
    return Report(
        timer=report[1],
        battery=min((level & 0xE) / 8, 1.0),
        charging=bool(level & 1),
        pressed=frozenset(names),
        raw=_unpack(report[at : at + 3]),
    )


def encode(report: Report, side: Side, kind: int = FULL, tail: bytes = b'') -> bytes:
    """Write the report that decode() reads; the inverse of it."""
    data = bytearray(REPORT_BYTES)
    data[0], data[1] = kind, report.timer
    data[2] = (round(report.battery * 4) * 2 + report.charging) << 4 | 0xE
    for at, bits in _BITS.items():
        data[at] = sum(1 << i for i, name in enumerate(bits) if name in report.pressed)
    at = _STICK_AT[side]
    data[at : at + 3] = _pack(report.raw)
    data[13 : 13 + len(tail)] = tail
    return bytes(data)


@dataclass(frozen=True)
class StickCalibration:
    """Where one stick rests and how far it goes, in raw counts."""

    centre: tuple[int, int]
    below: tuple[int, int]  # from the centre to the left and lower end
    above: tuple[int, int]  # from the centre to the right and upper end

    @classmethod
    def from_bytes(cls, data: bytes, side: Side) -> 'StickCalibration | None':
        """Read the nine bytes of the flash; None when they are blank or cannot be true."""
        first, second, third = (_unpack(data[i : i + 3]) for i in (0, 3, 6))
        found = cls(second, third, first) if side == 'left' else cls(first, second, third)
        return found if found._plausible() else None

    def to_bytes(self, side: Side) -> bytes:
        """Write the nine bytes as the flash holds them."""
        left = (self.above, self.centre, self.below)
        right = (self.centre, self.below, self.above)
        return b''.join(_pack(pair) for pair in (left if side == 'left' else right))

    def apply(self, raw: tuple[int, int]) -> Stick:
        """Return the stick in -1..1, without any deadzone."""
        return self._axis(raw, 0), self._axis(raw, 1)

    def invert(self, stick: Stick) -> tuple[int, int]:
        """Return the raw counts of a stick position."""
        x, y = (
            round(self.centre[i] + v * (self.above[i] if v > 0 else self.below[i]))
            for i, v in enumerate(stick)
        )
        return x, y

    def _axis(self, raw: tuple[int, int], i: int) -> float:
        offset = raw[i] - self.centre[i]
        reach = self.above[i] if offset > 0 else self.below[i]
        return max(-1.0, min(1.0, offset / reach))

    def _plausible(self) -> bool:
        return all(
            400 <= below <= centre and 400 <= above <= 4095 - centre
            for centre, below, above in zip(self.centre, self.below, self.above, strict=True)
        )


# What a Joy-Con without any calibration in its flash gets: the middle, and a cautious reach.
NOMINAL = StickCalibration((2048, 2048), (1400, 1400), (1400, 1400))


def deadzone(stick: Stick, radial: float, axial: float) -> Stick:
    """
    Quiet a stick near rest, then near each axis; both rescaled, so nothing jumps at an edge.

    The axial part lets a push forward stay a push straight forward.
    """
    x, y = stick
    radius = math.hypot(x, y)
    if radius <= radial:
        return 0.0, 0.0
    # A square corner may lie beyond one; it stays where it is on its ray.
    gain = min(radius, (radius - radial) / (1.0 - radial)) / radius
    return _shrink(x * gain, axial), _shrink(y * gain, axial)


def rumble_bytes(strength: float) -> bytes:
    """Return the eight actuator bytes (320 and 160 Hz); strength 1 is the highest safe one."""
    strength = max(0.0, min(1.0, strength))
    if strength == 0.0:
        return STILL
    high, low = 2 * round(100 * strength), 0x40 + round(0x32 * strength)
    return bytes((0x00, 0x01 | high, 0x40, low)) * 2


def _shrink(value: float, axial: float) -> float:
    return math.copysign(max(0.0, abs(value) - axial) / (1.0 - axial), value)


def _unpack(three: bytes) -> tuple[int, int]:
    return three[0] | (three[1] & 0xF) << 8, three[1] >> 4 | three[2] << 4


def _pack(pair: tuple[int, int]) -> bytes:
    x, y = pair
    return bytes((x & 0xFF, x >> 8 | (y & 0xF) << 4, y >> 4))
