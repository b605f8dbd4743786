# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One Dynamixel bus through the official SDK, every reply checked.

A reply counts only if it arrives in time, with a good CRC, from the motor that was asked, with
the length that was asked and without a status error. Anything else discards all input until the
line is quiet: a late reply must never be taken for the answer to the next question.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from dynamixel_sdk import COMM_RX_CORRUPT, COMM_RX_TIMEOUT, COMM_SUCCESS, Protocol2PacketHandler
import numpy as np
import numpy.typing as npt

from hvd_ros.core.errors import DeviceError
from hvd_ros.drivers.dynamixel.serial_port import DeadlinePort
from hvd_ros.drivers.dynamixel.wire import read_fast_reply
from hvd_ros.drivers.dynamixel.xl330 import BAUD, BAUD_CODES, STATUS_ALERT, STATUS_ERRORS, Register

T = TypeVar('T')
_BROADCAST = 0xFE
_OVERHEAD = 11  # bytes of a status packet around its data
_QUIET_S = 0.004  # longer than the gap between two USB packets of a running reply


@dataclass
class BusCounters:
    """What has gone well and badly since the port was opened."""

    replies: int = 0
    timeouts: int = 0
    corrupt: int = 0
    status_errors: int = 0


class DynamixelBus:
    """Reads and writes registers; raises DeviceError naming the port and the motor."""

    def __init__(self, port: str, baud: int = BAUD, reply_margin_s: float = 0.03) -> None:
        self.port = port
        self.counters = BusCounters()
        self.alerts: set[int] = (
            set()
        )  # motors that asked, in the last read, to look at register 70
        self.baud = baud
        self._margin_s = reply_margin_s
        self._wire = DeadlinePort(port, reply_margin_s)
        self._packets = Protocol2PacketHandler()

    def open(self) -> None:
        """Open and lock the port."""
        if self.baud not in BAUD_CODES:
            raise DeviceError(
                f'{self.port}: {self.baud} baud is none of {", ".join(map(str, BAUD_CODES))}'
            )
        self._wire.setBaudRate(self.baud)
        self._wire.ask_low_latency()

    def close(self) -> None:
        """Close the port; may be called twice."""
        self._wire.closePort()

    def answers(self, motor: int) -> bool:
        """Tell whether a motor answers a ping; raise only if the port itself fails."""
        _, result, _ = self._guarded(lambda: self._packets.ping(self._wire, motor))
        if result != COMM_SUCCESS:
            self._wire.drain(0.0, self._margin_s)
        return bool(result == COMM_SUCCESS)

    def find_baud(self, motors: Sequence[int]) -> int | None:
        """Return another baud rate at which one of the motors answers, and go back to ours."""
        try:
            for baud in BAUD_CODES:
                self._wire.setBaudRate(baud)
                if any(self.answers(motor) for motor in motors):
                    return baud
            return None
        finally:
            self._wire.setBaudRate(self.baud)

    def read(self, motor: int, register: Register) -> int:
        """Return one register of one motor, unsigned."""
        self._listen_first()
        result = self._guarded(
            lambda: self._packets.readTx(self._wire, motor, register.address, register.size)
        )
        self._sent(result, f'motor {motor}')
        self.alerts.clear()
        return int.from_bytes(self._reply(motor, register.size), 'little')

    def write(self, motor: int, register: Register, value: int) -> None:
        """Write one register of one motor and wait for its word that it did."""
        data = list(value.to_bytes(register.size, 'little', signed=value < 0))
        result, error = self._guarded(
            lambda: self._packets.writeTxRx(
                self._wire, motor, register.address, register.size, data
            )
        )
        if result != COMM_SUCCESS:
            raise self._failed(result, motor)
        self._check_status(error, motor)

    def reboot(self, motor: int) -> None:
        """Restart a motor, the only way to clear a hardware error."""
        result, error = self._guarded(lambda: self._packets.reboot(self._wire, motor))
        if result != COMM_SUCCESS:
            raise self._failed(result, motor)
        self._check_status(error & ~STATUS_ALERT, motor)

    def sync_read(
        self, motors: Sequence[int], register: Register, fast: bool = False
    ) -> npt.NDArray[np.uint8]:
        """Return the bytes of one register of all motors in one exchange, shape (M, size)."""
        self._listen_first()
        result = self._guarded(
            lambda: self._packets.syncReadTx(
                self._wire, register.address, register.size, list(motors), len(motors), fast
            )
        )
        self._sent(result, 'all motors')
        self.alerts.clear()
        if fast:
            data = self._fast_reply(motors, register.size)
        else:
            data = b''.join(self._reply(motor, register.size) for motor in motors)
        return np.frombuffer(data, np.uint8).reshape(len(motors), register.size)

    def sync_write(self, motors: Sequence[int], register: Register, values: Sequence[int]) -> None:
        """Write one register of all motors; nobody acknowledges, read back if it matters."""
        block = bytearray()
        for motor, value in zip(motors, values, strict=True):
            block.append(motor)
            block += int(value).to_bytes(register.size, 'little', signed=value < 0)
        result = self._guarded(
            lambda: self._packets.syncWriteTxOnly(
                self._wire, register.address, register.size, list(block), len(block)
            )
        )
        self._sent(result, 'all motors')

    def _listen_first(self) -> None:
        # Whatever lies here belongs to an older question, so that question's answer was not its
        # own; throw it away and say so rather than carry on one reply behind.
        if self._wire.getBytesAvailable():
            raise self._failed(COMM_RX_CORRUPT, _BROADCAST, 'bytes that nobody asked for')

    def _reply(self, motor: int, length: int) -> bytes:
        packet, result = self._guarded(lambda: self._packets.rxPacket(self._wire, False))
        if result != COMM_SUCCESS:
            raise self._failed(result, motor)
        # The SDK's readRx skips strangers and cuts long replies, which hides a shifted line.
        if packet[4] != motor:
            raise self._failed(COMM_RX_CORRUPT, motor, f'motor {packet[4]} answered instead')
        self._check_status(packet[8], motor)
        size = packet[5] + (packet[6] << 8) + 7 - _OVERHEAD
        if size != length:
            raise self._failed(COMM_RX_CORRUPT, motor, f'{size} bytes instead of {length}')
        self.counters.replies += 1
        return bytes(packet[9 : 9 + length])

    def _fast_reply(self, motors: Sequence[int], length: int) -> bytes:
        packet, result = self._guarded(lambda: self._packets.rxPacket(self._wire, True))
        if result != COMM_SUCCESS:
            raise self._failed(result, motors[-1], 'no complete fast sync reply')
        try:
            rows = read_fast_reply(bytes(packet), list(motors), length)
        except ValueError as error:
            raise self._failed(COMM_RX_CORRUPT, motors[-1], str(error)) from None
        for motor, (error_byte, _) in zip(motors, rows, strict=True):
            self._check_status(error_byte, motor)
        self.counters.replies += len(motors)
        return b''.join(data for _, data in rows)

    def _check_status(self, error: int, motor: int) -> None:
        if error & STATUS_ALERT:
            self.alerts.add(motor)
        code = error & ~STATUS_ALERT
        if code:
            self.counters.status_errors += 1
            self._wire.drain(_QUIET_S, self._margin_s + _QUIET_S)
            text = STATUS_ERRORS.get(code, 'unknown')
            raise DeviceError(f'{self.port}: motor {motor} reports status error {code}: {text}')

    def _failed(self, result: int, motor: int, detail: str = '') -> DeviceError:
        if result == COMM_RX_TIMEOUT:
            self.counters.timeouts += 1
            text = f'motor {motor} did not answer within {self._margin_s * 1000:.0f} ms'
        else:
            self.counters.corrupt += 1
            who = 'the bus' if motor == _BROADCAST else f'motor {motor}'
            text = f'the reply of {who} is damaged'
        self._wire.drain(_QUIET_S, self._margin_s + _QUIET_S)
        tail = f' ({detail})' if detail else ''
        return DeviceError(f'{self.port}: {text}{tail}; check its cable and the 5 V supply')

    def _sent(self, result: int, whom: str) -> None:
        if result != COMM_SUCCESS:
            text = self._packets.getTxRxResult(result)
            raise DeviceError(f'{self.port}: can not send to {whom}: {text}')

    def _guarded(self, exchange: Callable[[], T]) -> T:
        # The SDK forgets to give the port back when an exception passes through it.
        try:
            return exchange()
        finally:
            self._wire.is_using = False


def wire_time_s(
    motors: int,
    length: int,
    baud: int = BAUD,
    return_delay_s: float = 0.0,
    fast: bool = False,
) -> float:
    """Return the time that a sync read of so many bytes per motor takes on the wire alone."""
    asked = 14 + motors
    answered = 8 + motors * (length + 4) if fast else motors * (_OVERHEAD + length)
    delays = return_delay_s if fast else motors * return_delay_s
    return (asked + answered) * 10.0 / baud + delays
