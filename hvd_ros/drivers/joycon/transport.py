# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The HID boundary of a Joy-Con: hidapi for a real one, a local socket for its twin."""

from pathlib import Path
import socket
from typing import Any, Protocol

from hvd_ros.core.errors import DeviceError
from hvd_ros.drivers.joycon import report as wire
from hvd_ros.drivers.joycon.report import Side


class HidTransport(Protocol):
    """The HID boundary: what hidapi gives us, and what the twin plays."""

    def read(self, size: int, timeout_ms: int) -> bytes:
        """Return one input report, or nothing at the deadline; OSError when the pad is gone."""
        ...

    def write(self, data: bytes) -> None:
        """Send one output report, or raise OSError."""
        ...

    def close(self) -> None:
        """Let the device go."""
        ...


class HidApiTransport:
    """A paired Joy-Con through hidapi."""

    def __init__(self, side: Side) -> None:
        hid = _hidapi()
        found = hid.enumerate(wire.VENDOR, wire.PRODUCT[side])
        if not found:
            raise DeviceError(
                f'{side} Joy-Con: none is connected (USB id 057e:{wire.PRODUCT[side]:04x}); '
                'pair it: hold its sync button, then `bluetoothctl pair`'
            )
        self._device = hid.device()
        try:
            self._device.open_path(found[0]['path'])
        except OSError as error:
            raise DeviceError(
                f'{side} Joy-Con: {found[0]["path"].decode()} does not open ({error}); install '
                'config/udev/99-hvd-ros.rules for the permission, then pair it again'
            ) from None

    def read(self, size: int, timeout_ms: int) -> bytes:
        """Return one input report, or nothing at the deadline."""
        return bytes(self._device.read(size, timeout_ms))

    def write(self, data: bytes) -> None:
        """Send one output report."""
        if self._device.write(data) < 0:
            raise OSError(f'write failed: {self._device.error()}')

    def close(self) -> None:
        """Let the device go."""
        self._device.close()


class SocketTransport:
    """A twin Joy-Con: one datagram of the socket is one report."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise DeviceError(
                f'twin Joy-Con: {path} does not answer ({error.strerror}); start sim_joylo'
            ) from None

    def read(self, size: int, timeout_ms: int) -> bytes:
        """Return one input report, or nothing at the deadline."""
        self._socket.settimeout(timeout_ms / 1000)
        try:
            data = self._socket.recv(size)
        except TimeoutError:
            return b''
        if not data:
            raise OSError('the twin hung up')
        return data

    def write(self, data: bytes) -> None:
        """Send one output report."""
        self._socket.send(data)

    def close(self) -> None:
        """Let the device go."""
        self._socket.close()


def _hidapi() -> Any:
    try:
        import hid
    except ImportError:
        raise DeviceError('Joy-Cons need the package hidapi; pip install hidapi') from None
    if not hasattr(hid, 'device'):
        raise DeviceError(
            "the package 'hid' hides hidapi, which Joy-Cons need; "
            'pip uninstall hid && pip install --force-reinstall hidapi'
        )
    return hid
