# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One emulated XL330: its control table and the rules by which it is read and written."""

import struct
import time

from hvd_ros.core.leader.motors import TICKS_PER_TURN
from hvd_ros.drivers.dynamixel.xl330 import (
    BUS_WATCHDOG,
    CURRENT_LIMIT,
    DRIVE_MODE,
    EEPROM_END,
    GOAL_CURRENT,
    GOAL_POSITION,
    HARDWARE_ERROR,
    INPUT_VOLTAGE,
    MODE_CURRENT,
    MODE_POSITION,
    MODEL_NUMBER_XL330_M288,
    OPERATING_MODE,
    PRESENT_CURRENT,
    REALTIME_TICK,
    REALTIME_TICK_WRAP,
    STATUS_ALERT,
    TEMPERATURE,
    TORQUE_ENABLE,
    VELOCITY_RAD_S,
    WATCHDOG_BITTEN,
    WATCHDOG_UNIT_S,
    Register,
)

OK, RANGE, LENGTH, LIMIT, ACCESS = 0, 4, 5, 6, 7
SUPPLY_DV = 50  # [0.1 V]
_TABLE_SIZE = 256
_READ_ONLY = ((0, 7), (70, 71), (120, 147))
_GOALS = (100, 120)  # not writable once the watchdog has bitten
_MODES = (0, 3, 4, 5, 16)
_STATE = struct.Struct('<hii')


class TwinMotor:
    """A control table that behaves; positions are set from outside, see set_shaft()."""

    def __init__(self, motor: int, reverse: bool) -> None:
        self.motor = motor
        self.table = bytearray(_TABLE_SIZE)
        self.frozen = False
        self._tick = 0.0  # where the shaft stands
        self._turns = 0  # whole turns that the counter adds
        self._armed_ns = 0  # when the watchdog was last fed
        for address, size, value in (
            (0, 2, MODEL_NUMBER_XL330_M288),
            (6, 1, 48),  # firmware
            (7, 1, motor),
            (8, 1, 5),  # 3 Mbaud
            (DRIVE_MODE.address, 1, int(reverse)),
            (OPERATING_MODE.address, 1, MODE_CURRENT),
            (13, 1, 2),  # protocol
            (CURRENT_LIMIT.address, 2, 1750),
            (INPUT_VOLTAGE.address, 2, SUPPLY_DV),
            (TEMPERATURE.address, 1, 31),
        ):
            self.table[address : address + size] = value.to_bytes(size, 'little')

    def get(self, register: Register) -> int:
        """Return a register, unsigned, after the watchdog had its say."""
        self.tick_watchdog(time.monotonic_ns())
        at = register.address
        return int.from_bytes(self.table[at : at + register.size], 'little')

    def put(self, register: Register, value: int) -> None:
        """Set a register from inside, without asking whether a host may."""
        at = register.address
        data = value.to_bytes(register.size, 'little', signed=value < 0)
        self.table[at : at + register.size] = data

    @property
    def alert(self) -> int:
        """The bit that every status packet carries while register 70 is not zero."""
        return STATUS_ALERT if self.table[HARDWARE_ERROR.address] else 0

    def power_on(self, tick: float) -> None:
        """Start with the shaft somewhere: the turn counter is lost, RAM is cleared."""
        self.table[EEPROM_END:120] = bytes(120 - EEPROM_END)
        self._tick = tick
        self._turns = -int(tick // TICKS_PER_TURN)

    def reboot(self) -> None:
        """Restart as the reboot instruction does."""
        self.power_on(self._tick)

    def set_shaft(self, tick: float, rad_s: float, now_ns: int) -> None:
        """Move the shaft and refresh everything that a real motor measures."""
        if self.frozen:
            return
        self._tick = tick
        position = round(tick) + self._turns * TICKS_PER_TURN
        torque_on = self.table[TORQUE_ENABLE.address]
        goal = self.table[GOAL_CURRENT.address : GOAL_CURRENT.address + 2]
        current = int.from_bytes(goal, 'little', signed=True) if torque_on else 0
        at = PRESENT_CURRENT.address
        _STATE.pack_into(self.table, at, current, round(rad_s / VELOCITY_RAD_S), position)
        realtime = now_ns // 1_000_000 % REALTIME_TICK_WRAP
        struct.pack_into('<H', self.table, REALTIME_TICK.address, realtime)

    def feed_watchdog(self, now_ns: int) -> None:
        """Note that the bus carried an instruction."""
        self._armed_ns = now_ns

    def tick_watchdog(self, now_ns: int) -> None:
        """Stop the motor if the bus has been silent for longer than was agreed."""
        period = self.table[BUS_WATCHDOG.address]
        if not self.table[TORQUE_ENABLE.address] or not 1 <= period <= 127:
            return
        if now_ns - self._armed_ns > period * WATCHDOG_UNIT_S * 1e9:
            self.table[BUS_WATCHDOG.address] = WATCHDOG_BITTEN
            self.put(GOAL_CURRENT, 0)

    def read(self, address: int, length: int) -> tuple[int, bytes]:
        """Return (error, data)."""
        if length == 0 or address + length > _TABLE_SIZE:
            return LENGTH, b''
        return OK, bytes(self.table[address : address + length])

    def write(self, address: int, data: bytes) -> int:
        """Change the table as a host may; return the error."""
        error = self._refusal(address, data)
        if error == OK:
            self.table[address : address + len(data)] = data
            if address == TORQUE_ENABLE.address and data[0]:
                self._torque_on()
        return error

    def _refusal(self, address: int, data: bytes) -> int:
        end = address + len(data)
        if not data or end > _TABLE_SIZE:
            return LENGTH
        if any(address < high and low < end for low, high in _READ_ONLY):
            return ACCESS
        if address < EEPROM_END and self.table[TORQUE_ENABLE.address]:
            return ACCESS
        bitten = self.table[BUS_WATCHDOG.address] == WATCHDOG_BITTEN
        if bitten and _GOALS[0] <= address < _GOALS[1]:
            return RANGE
        return self._bad_value(address, data)

    def _bad_value(self, address: int, data: bytes) -> int:
        value = int.from_bytes(data, 'little', signed=True)
        if address == TORQUE_ENABLE.address and value not in (0, 1):
            return RANGE
        if address == OPERATING_MODE.address and value not in _MODES:
            return RANGE
        if address == GOAL_CURRENT.address and abs(value) > self.get(CURRENT_LIMIT):
            return LIMIT
        return OK

    def _torque_on(self) -> None:
        # Position mode forgets whole turns when it is switched on, and holds where it stands.
        if self.table[OPERATING_MODE.address] == MODE_POSITION:
            self._turns = -int(self._tick // TICKS_PER_TURN)
            self.put(GOAL_POSITION, round(self._tick) + self._turns * TICKS_PER_TURN)
