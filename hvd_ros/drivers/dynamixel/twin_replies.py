# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the emulated motors answer to each instruction."""

from hvd_ros.drivers.dynamixel.twin_faults import TwinFaults
from hvd_ros.drivers.dynamixel.twin_motor import LENGTH, OK, TwinMotor
from hvd_ros.drivers.dynamixel.wire import (
    ACTION,
    BROADCAST,
    FAST_SYNC_READ,
    PING,
    READ,
    REBOOT,
    REG_WRITE,
    SYNC_READ,
    SYNC_WRITE,
    WRITE,
    Instruction,
    fast_status,
    status,
)

RESULT_FAIL, UNKNOWN, DAMAGED = 1, 2, 3


class Replies:
    """Carries out instructions on the motors and collects the bytes of their replies."""

    def __init__(self, motors: dict[int, TwinMotor], faults: TwinFaults) -> None:
        self._motors = motors
        self._faults = faults
        self._registered: dict[int, tuple[int, bytes]] = {}

    def answer(self, asked: Instruction, now_ns: int) -> tuple[bytes, list[int]]:
        """Return all reply bytes and the motors that answered."""
        for motor in self._motors.values():
            motor.tick_watchdog(now_ns)
            if asked.intact:
                motor.feed_watchdog(now_ns)
        if asked.code in (SYNC_READ, FAST_SYNC_READ) and asked.intact:
            return self._sync_read(asked)
        if asked.code == SYNC_WRITE and asked.intact:
            self._sync_write(asked.parameters)
            return b'', []
        if asked.motor == BROADCAST:
            return self._broadcast(asked)
        if asked.motor not in self._motors:
            return b'', []
        error, data = self._single(asked)
        return self._reply(asked.motor, error, data), [asked.motor]

    def _broadcast(self, asked: Instruction) -> tuple[bytes, list[int]]:
        if not asked.intact:
            return b'', []
        out = b''
        for motor in self._motors:
            error, data = self._one(motor, asked.code, asked.parameters)
            if asked.code == PING:
                out += self._reply(motor, error, data)
        return out, list(self._motors) if out else []

    def _single(self, asked: Instruction) -> tuple[int, bytes]:
        if not asked.intact:
            return DAMAGED, b''
        return self._one(asked.motor, asked.code, asked.parameters)

    def _one(self, number: int, code: int, parameters: bytes) -> tuple[int, bytes]:
        if self._faults.missing(number):
            return OK, b''  # a motor that is not there does nothing; its reply is dropped later
        motor = self._motors[number]
        if code == PING:
            return OK, bytes(motor.table[0:2]) + bytes(motor.table[6:7])
        if code == READ:
            if len(parameters) != 4:
                return LENGTH, b''
            return motor.read(_word(parameters, 0), _word(parameters, 2))
        if code in (WRITE, REG_WRITE):
            if len(parameters) < 3:
                return LENGTH, b''
            if code == WRITE:
                return motor.write(_word(parameters, 0), parameters[2:]), b''
            self._registered[number] = (_word(parameters, 0), parameters[2:])
            return OK, b''
        if code == ACTION:
            registered = self._registered.pop(number, None)
            return (motor.write(*registered) if registered else RESULT_FAIL), b''
        if code == REBOOT:
            motor.reboot()
            return OK, b''
        return UNKNOWN, b''

    def _sync_read(self, asked: Instruction) -> tuple[bytes, list[int]]:
        if len(asked.parameters) < 5:
            return b'', []
        address, length = _word(asked.parameters, 0), _word(asked.parameters, 2)
        wanted = [motor for motor in asked.parameters[4:] if motor in self._motors]
        rows = [(motor, *self._motors[motor].read(address, length)) for motor in wanted]
        if asked.code == SYNC_READ:
            return b''.join(self._reply(*row) for row in rows), wanted
        fast = [
            (motor, error | self._error(motor), data)
            for motor, error, data in rows
            if not self._faults.silent(motor)
        ]
        out = fast_status(fast)
        # Fewer motors than asked leave the reply short of the length that its head announces.
        if len(fast) < len(asked.parameters) - 4:
            out = out[:-1]
        return self._spoil(out, any(self._faults.damaged(motor) for motor in wanted)), wanted

    def _sync_write(self, parameters: bytes) -> None:
        if len(parameters) < 5:
            return
        address, length = _word(parameters, 0), _word(parameters, 2)
        for at in range(4, len(parameters) - length, length + 1):
            number = parameters[at]
            if number in self._motors and not self._faults.missing(number):
                self._motors[number].write(address, parameters[at + 1 : at + 1 + length])

    def _reply(self, number: int, error: int, data: bytes) -> bytes:
        if self._faults.silent(number):
            return b''
        out = status(number, error | self._error(number), data)
        return self._spoil(out, self._faults.damaged(number))

    def _error(self, number: int) -> int:
        return self._faults.status_error(number) | self._motors[number].alert

    @staticmethod
    def _spoil(out: bytes, damaged: bool) -> bytes:
        return out[:-1] + bytes([out[-1] ^ 0x5A]) if damaged and out else out


def _word(data: bytes, at: int) -> int:
    return data[at] | data[at + 1] << 8
