# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The parts of the XL330-M288-T's control table that we use: addresses, units, error bits.

Addresses below 64 are EEPROM: writable with torque off only, and worn by writing.
"""

from dataclasses import dataclass
import math

MODEL_NUMBER_XL330_M288 = 1200
BAUD = 3_000_000
BAUD_CODES = {
    57_600: 1,
    115_200: 2,
    1_000_000: 3,
    2_000_000: 4,
    3_000_000: 5,
    4_000_000: 6,
}
EEPROM_END = 64


@dataclass(frozen=True)
class Register:
    """A place in the control table."""

    address: int
    size: int  # bytes


IDENTITY = Register(0, 12)  # model number .. operating mode, in one read
RETURN_DELAY_TIME = Register(9, 1)  # [2 us]
DRIVE_MODE = Register(10, 1)
OPERATING_MODE = Register(11, 1)
CURRENT_LIMIT = Register(38, 2)  # [mA]
TORQUE_ENABLE = Register(64, 1)
HARDWARE_ERROR = Register(70, 1)
BUS_WATCHDOG = Register(98, 1)  # [20 ms], 255 once it has bitten
GOAL_CURRENT = Register(102, 2)  # [mA], signed
GOAL_POSITION = Register(116, 4)  # [tick]
REALTIME_TICK = Register(120, 2)  # [ms], wraps at 32767
STATE = Register(126, 10)  # present current, velocity, position, in one read
PRESENT_CURRENT = Register(126, 2)  # [mA], signed
PRESENT_VELOCITY = Register(128, 4)  # [0.229 rpm], signed
PRESENT_POSITION = Register(132, 4)  # [tick], signed
HEALTH = Register(120, 27)  # realtime tick .. temperature, in one read
INPUT_VOLTAGE = Register(144, 2)  # [0.1 V]
TEMPERATURE = Register(146, 1)  # [deg C]

MODE_CURRENT = 0
MODE_POSITION = 3
DRIVE_MODE_REVERSE = 0x01

VELOCITY_RAD_S = 0.229 * 2.0 * math.pi / 60.0
RETURN_DELAY_UNIT_S = 2e-6
WATCHDOG_UNIT_S = 0.02
WATCHDOG_BITTEN = 255
REALTIME_TICK_WRAP = 32768

HARDWARE_ERRORS = {
    0x01: 'input voltage out of range',
    0x04: 'overheating',
    0x10: 'electrical shock or not enough power',
    0x20: 'overload',
}

# The low seven bits of a status packet's error byte; the top bit says: read register 70.
STATUS_ALERT = 0x80
STATUS_ERRORS = {
    1: 'the instruction failed',
    2: 'unknown instruction',
    3: 'the instruction arrived damaged (CRC)',
    4: 'value out of range',
    5: 'wrong data length',
    6: 'value beyond a limit',
    7: 'no access: read-only, or EEPROM with torque on',
}


def hardware_error_text(bits: int) -> str:
    """Put register 70 into words."""
    known = [text for bit, text in HARDWARE_ERRORS.items() if bits & bit]
    return ', '.join(known) or f'unknown hardware error 0x{bits:02X}'
