# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A Joy-Con that does not exist, at the HID boundary: real report bytes over a local socket.

The driver of the real pad runs against it unchanged. It is also the fault dial of the pad.
"""

from collections import deque
from pathlib import Path
import random
import selectors
import socket
import threading
import time

from hvd_ros.core.errors import ConfigError, DeviceError, did_you_mean
from hvd_ros.drivers.joycon import report as wire
from hvd_ros.drivers.joycon.report import Report, Side, Stick, StickCalibration

PERIOD_NS = 15_000_000  # a Joy-Con reports every 15 ms
FAULTS = ('none', 'drop', 'freeze', 'disconnect', 'delay', 'battery')
# A stick that rests off centre and reaches differently far on each side, as they all do.
CALIBRATION = StickCalibration((0x79F, 0x8A0), (0x510, 0x479), (0x4F7, 0x424))


class JoyConTwin:
    """One pad: set_pads() moves it, inject() breaks it, `rumbles` is what it felt."""

    def __init__(
        self, path: Path, side: Side, calibration: StickCalibration = CALIBRATION
    ) -> None:
        self.side = side
        self.rumbles: deque[bytes] = deque(maxlen=100)  # eight actuator bytes each
        self.lamps = 0
        self._path = path
        self._calibration = calibration
        self._pressed: frozenset[str] = frozenset()
        self._stick: Stick = (0.0, 0.0)
        self._fault, self._amount, self._until_ns = 'none', 0.0, 0
        self._late: deque[tuple[int, bytes]] = deque()
        self._client: socket.socket | None = None
        self._full_mode = False
        self._timer = 0
        self._last = b''
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen on the socket; a dead socket of an earlier run is replaced."""
        self._path.unlink(missing_ok=True)
        server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            server.bind(str(self._path))
        except OSError as error:
            raise DeviceError(f'twin Joy-Con: {self._path}: {error.strerror}') from None
        server.listen(4)
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._serve, args=(server,), name=f'twin-{self.side}', daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Hang up and remove the socket; safe to call twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self._path.unlink(missing_ok=True)

    def set_pads(self, pressed: frozenset[str], stick: Stick) -> None:
        """Hold these buttons and this stick position (-1..1) from the next report on."""
        self._pressed, self._stick = pressed, stick

    def inject(self, fault: str, amount: float = 1.0, seconds: float = 0.0) -> None:
        """
        Break the pad: drop (probability), freeze, disconnect, delay (seconds), battery (0..1).

        It lasts for `seconds`, or until 'none' when that is 0.
        """
        if fault not in FAULTS:
            raise ConfigError(f"Joy-Con fault '{fault}'; {did_you_mean(fault, FAULTS)}")
        self._until_ns = time.monotonic_ns() + int(seconds * 1e9) if seconds > 0 else 0
        self._amount, self._fault = amount, fault

    def _serve(self, server: socket.socket) -> None:
        due_ns = time.monotonic_ns()
        with selectors.DefaultSelector() as waiting:
            waiting.register(server, selectors.EVENT_READ)
            while not self._stop.is_set():
                for key, _ in waiting.select(max(0.0, (due_ns - time.monotonic_ns()) / 1e9)):
                    if key.fileobj is server:
                        self._adopt(waiting, server.accept()[0])
                    elif self._client is not None and not self._hear(self._client):
                        self._hang_up(waiting)
                now_ns = time.monotonic_ns()
                if now_ns < due_ns:
                    continue
                # A late thread does not catch up with a burst; a pad would not either.
                due_ns = max(due_ns + PERIOD_NS, now_ns)
                if self._client is not None and not self._report(self._client, now_ns):
                    self._hang_up(waiting)
            self._hang_up(waiting)
        server.close()

    def _adopt(self, waiting: selectors.BaseSelector, newcomer: socket.socket) -> None:
        self._hang_up(waiting)
        if self._active() == 'disconnect':
            newcomer.close()
            return
        newcomer.setblocking(False)
        waiting.register(newcomer, selectors.EVENT_READ)
        self._client, self._full_mode = newcomer, False

    def _hang_up(self, waiting: selectors.BaseSelector) -> None:
        if self._client is not None:
            waiting.unregister(self._client)
            self._client.close()
            self._client = None
        self._late.clear()

    def _active(self) -> str:
        if self._until_ns and time.monotonic_ns() > self._until_ns:
            self._fault, self._until_ns = 'none', 0
        return self._fault

    def _report(self, client: socket.socket, now_ns: int) -> bool:
        fault = self._active()
        if fault == 'disconnect':
            return False
        if not self._full_mode:
            return True
        if fault == 'freeze' and self._last:
            return _send(client, self._last)
        if fault == 'drop' and random.random() < self._amount:
            return True
        self._last = self._bytes(wire.FULL, b'')
        hold_ns = int(self._amount * 1e9) if fault == 'delay' else 0
        self._late.append((now_ns + hold_ns, self._last))
        while self._late and self._late[0][0] <= now_ns:
            if not _send(client, self._late.popleft()[1]):
                return False
        return True

    def _bytes(self, kind: int, tail: bytes) -> bytes:
        self._timer = (self._timer + 3) & 0xFF
        battery = self._amount if self._active() == 'battery' else 1.0
        raw = self._calibration.invert(self._stick)
        report = Report(self._timer, battery, False, self._pressed, raw)
        return wire.encode(report, self.side, kind, tail)

    def _hear(self, client: socket.socket) -> bool:
        try:
            data = client.recv(wire.OUTPUT_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        if len(data) >= 10 and data[0] in (wire.COMMAND, wire.RUMBLE):
            self.rumbles.append(data[2:10])
        if len(data) >= 11 and data[0] == wire.COMMAND and self._active() != 'freeze':
            return _send(client, self._answer(data[10], data[11:]))
        return True

    def _answer(self, command: int, data: bytes) -> bytes:
        ack, tail = 0x80, b''
        if command == wire.READ_SPI:
            ack = 0x90
            address, size = int.from_bytes(data[:4], 'little'), data[4]
            tail = data[:5] + self._flash(address, size)
        elif command == wire.SET_MODE:
            self._full_mode = data[0] == wire.FULL
        elif command == wire.SET_LEDS:
            self.lamps = data[0] & 0xF
        return self._bytes(wire.REPLY, bytes((ack, command)) + tail)

    def _flash(self, address: int, size: int) -> bytes:
        memory = {wire.FACTORY_STICK[self.side]: self._calibration.to_bytes(self.side)}
        return memory.get(address, b'\xff' * size)[:size].ljust(size, b'\xff')


def _send(client: socket.socket, data: bytes) -> bool:
    try:
        client.send(data)
    except BlockingIOError:
        return True  # a reader that does not read loses reports, as over the air
    except OSError:
        return False
    return True
