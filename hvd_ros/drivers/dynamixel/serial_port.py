# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The SDK's port with deadlines: reads block in select(), and nothing waits for ever.

The stock PortHandler polls (one core burnt per bus), takes its deadlines from the wall clock
(which may jump) and reports an unplugged cable as whatever exception comes up.
"""

import os
from pathlib import Path
import select
import time
from typing import Any

from dynamixel_sdk import PortHandler
import serial
from serial.tools import list_ports

from hvd_ros.core.errors import DeviceError

_WRITE_DEADLINE_S = 0.1
_CHUNK = 4096


class DeadlinePort(PortHandler):  # type: ignore[misc]
    """A PortHandler that sleeps until bytes or the deadline come; names as the SDK calls them."""

    def __init__(self, port_name: str, reply_margin_s: float) -> None:
        super().__init__(port_name)
        self.is_open: bool = False
        self._margin_ms = reply_margin_s * 1000.0
        self._input = bytearray()
        self._over = False  # the deadline of this packet has passed

    def setupPort(self, cflag_baud: int) -> bool:  # noqa: N802
        """Open and lock the port, or raise DeviceError with a guess why not."""
        if self.is_open:
            self.closePort()
        try:
            self.ser = serial.Serial(self.port_name, self.baudrate, timeout=0, exclusive=True)
        except (OSError, ValueError) as error:
            raise DeviceError(explain_port(self.port_name, error)) from None
        self.is_open = True
        self.tx_time_per_byte = 10_000.0 / self.baudrate
        self.clearPort()
        return True

    def ask_low_latency(self) -> None:
        """Ask the kernel not to hold bytes back; ports without that notion stay as they are."""
        try:
            self.ser.set_low_latency_mode(True)
        except (OSError, ValueError, NotImplementedError):
            return

    def closePort(self) -> None:  # noqa: N802
        """Close; may be called twice."""
        if self.is_open:
            self.is_open = False
            self.ser.close()

    def clearPort(self) -> None:  # noqa: N802
        """Forget what was received, in the kernel and here."""
        self._input.clear()
        try:
            self.ser.reset_input_buffer()
        except Exception as error:  # termios.error is no OSError
            raise self._gone(error) from None

    def getBytesAvailable(self) -> int:  # noqa: N802
        """Return how many bytes can be read without waiting."""
        self._fill(0.0)
        return len(self._input)

    def getCurrentTime(self) -> float:  # noqa: N802
        """Return the steady clock [ms]."""
        return time.monotonic_ns() * 1e-6

    def setPacketTimeout(self, packet_length: int) -> None:  # noqa: N802
        """Allow the wire time of so many bytes and the margin."""
        self.setPacketTimeoutMillis(self.tx_time_per_byte * packet_length + self._margin_ms)

    def setPacketTimeoutMillis(self, msec: float) -> None:  # noqa: N802
        """Start the clock of a reply."""
        self._over = False
        super().setPacketTimeoutMillis(msec)

    def readPort(self, length: int) -> bytes:  # noqa: N802
        """Return so many bytes, or fewer once the deadline has passed."""
        while len(self._input) < length and not self._over:
            left_ms = self.packet_timeout - self.getTimeSinceStart()
            # What has arrived by now still counts; after this look nothing more is read, so that
            # a line full of noise can not keep the SDK's parser busy for ever.
            self._over = left_ms <= 0.0
            self._fill(max(0.0, left_ms) / 1000.0)
        taken = bytes(self._input[: max(0, length)])
        del self._input[: len(taken)]
        return taken

    def writePort(self, packet: Any) -> int:  # noqa: N802
        """Write all bytes or raise DeviceError at the deadline."""
        data = memoryview(bytes(packet))
        written = 0
        deadline = time.monotonic() + _WRITE_DEADLINE_S
        while written < len(data):
            try:
                left = max(0.0, deadline - time.monotonic())
                if not select.select([], [self.ser.fd], [], left)[1]:
                    raise DeviceError(
                        f'{self.port_name}: takes no bytes for {_WRITE_DEADLINE_S} s; '
                        'unplug the USB cable and plug it in again'
                    )
                written += os.write(self.ser.fd, data[written:])
            except (OSError, TypeError, ValueError) as error:
                raise self._gone(error) from None
        return written

    def drain(self, quiet_s: float, limit_s: float) -> None:
        """Discard input until the line has been quiet for so long."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            self._input.clear()
            if not self._fill(quiet_s):
                break
        self.clearPort()

    def _fill(self, wait_s: float) -> bool:
        try:
            if not select.select([self.ser.fd], [], [], wait_s)[0]:
                return False
            data = os.read(self.ser.fd, _CHUNK)
        except BlockingIOError:
            return False
        except (OSError, TypeError, ValueError) as error:
            raise self._gone(error) from None
        if not data:
            raise self._gone('end of file')
        self._input += data
        return True

    def _gone(self, error: object) -> DeviceError:
        return DeviceError(f'{self.port_name}: the port is gone ({error}); check the USB cable')


def explain_port(port: str, error: object) -> str:
    """Say why a port does not open: it is missing, forbidden, taken, or no serial port."""
    present = sorted(p.device for p in list_ports.comports())
    listing = ', '.join(present) if present else 'none'
    if not Path(port).exists():
        return (
            f'{port}: no such port; check the U2D2 cable and the udev rule '
            f'(config/udev/99-hvd-ros.rules); serial ports here: {listing}'
        )
    if not os.access(port, os.R_OK | os.W_OK):
        return (
            f'{port}: no permission; add yourself to the group dialout '
            '(sudo usermod -aG dialout $USER, then log in again) or install the udev rule'
        )
    if 'lock' in str(error):
        return f'{port}: another program has it open; stop that one (fuser -v {port})'
    return f'{port}: can not be opened as a serial port ({error}); serial ports here: {listing}'
