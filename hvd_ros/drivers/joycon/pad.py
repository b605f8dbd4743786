# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One Joy-Con: newest sample out, rumble and lamps in, reconnected by itself.

A thread owns the HID device. A pad that goes silent, or that repeats itself, is refused after
`stale_s`: a stick must never be "still pushed" because nobody heard that it was let go.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import threading
import time

from hvd_ros.core.errors import DeviceError
from hvd_ros.drivers.joycon import report as wire
from hvd_ros.drivers.joycon.report import Side, Stick, StickCalibration
from hvd_ros.drivers.joycon.transport import HidTransport

_READ_MS = 20  # longest blocking read; also how late a rumble may start
_REPLY_S = 0.3  # longest wait for the answer to one subcommand
_TRIES = 3
_SILENT_S = 1.0  # without a fresh report for so long, the connection is made anew
_BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class PadSample:
    """What one Joy-Con said last."""

    pressed: frozenset[str]  # names of core/leader/buttons.py
    stick: Stick  # calibrated, deadzone taken out and rescaled
    battery: float  # 0 empty .. 1 full
    charging: bool
    stamp_ns: int  # steady clock at the arrival
    timer: int  # 0..255, the pad's own counter


@dataclass(frozen=True)
class JoyConConfig:
    """Fractions of the stick's reach, and the age of the oldest sample that counts."""

    stale_s: float = 0.08
    radial_deadzone: float = 0.10
    axial_deadzone: float = 0.08


class JoyCon:
    """A Device[PadSample] with rumble and lamps."""

    def __init__(
        self,
        side: Side,
        connect: Callable[[], HidTransport],
        config: JoyConConfig | None = None,
    ) -> None:
        self.side = side
        self.calibration = wire.NOMINAL
        self.calibrated_by = 'nobody'  # user | factory | nobody (nominal values)
        self.connections = 0
        self.reports = 0  # fresh ones since the start
        self._config = config or JoyConConfig()
        self._connect = connect
        self._sample: PadSample | None = None
        self._trouble = 'not opened yet'
        self._out: deque[tuple[int, bytes]] = deque(maxlen=8)
        self._shake = wire.STILL
        self._still_at_ns = 0
        self._counter = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self, patient: bool = False) -> None:
        """
        Connect, read the calibration, start listening; DeviceError when it is not there.

        A patient open returns at once and connects whenever the pad appears.
        """
        self.close()
        transport = None if patient else self._connected()
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._run, args=(transport,), name=f'joycon-{self.side}', daemon=True
        )
        self._thread.start()

    def read(self) -> PadSample:
        """Return the newest sample, or raise DeviceError when it is too old to act on."""
        sample = self._sample
        if sample is None:
            raise DeviceError(f'{self.side} Joy-Con: no report yet ({self._trouble})')
        age_s = (time.monotonic_ns() - sample.stamp_ns) / 1e9
        if age_s > self._config.stale_s:
            raise DeviceError(
                f'{self.side} Joy-Con: last fresh report {age_s:.3f} s ago, at most '
                f'{self._config.stale_s} s ({self._trouble}); press a button to wake it'
            )
        return sample

    def figures(self) -> dict[str, str]:
        """Return what a person wants to know about this pad, by name with unit."""
        sample = self._sample
        known = {'connections': str(self.connections), 'reports': str(self.reports)}
        known['calibrated_by'] = self.calibrated_by
        if sample is not None:
            known['age_s'] = f'{(time.monotonic_ns() - sample.stamp_ns) / 1e9:.3f}'
            known['battery_percent'] = f'{100 * sample.battery:.0f}'
            known['charging'] = str(sample.charging)
        return known

    def rumble(self, strength: float, seconds: float) -> None:
        """Shake for a while; strength 0..1."""
        self._out.append((wire.RUMBLE, wire.rumble_bytes(strength)))
        self._still_at_ns = time.monotonic_ns() + int(seconds * 1e9)

    def lamps(self, mask: int) -> None:
        """Light the four player lamps, bit 0 nearest to the stick."""
        self._out.append((wire.COMMAND, bytes((wire.SET_LEDS, mask & 0xF))))

    def close(self) -> None:
        """Stop listening; the pad is left still. Safe to call twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._sample = None
        self._trouble = 'closed'

    def _run(self, transport: HidTransport | None) -> None:
        transport = transport or self._reconnected()
        while transport is not None:
            try:
                self._listen(transport)
                self._write(transport, wire.RUMBLE, wire.STILL)
            except (OSError, DeviceError) as error:
                self._trouble = str(error) or 'lost'
            transport.close()
            transport = self._reconnected()

    def _listen(self, transport: HidTransport) -> None:
        fresh_ns = time.monotonic_ns()
        while not self._stop.is_set():
            data = transport.read(wire.REPORT_BYTES, _READ_MS)
            now_ns = time.monotonic_ns()
            if data and data[0] in (wire.FULL, wire.REPLY) and self._take(data, now_ns):
                fresh_ns = now_ns
            if now_ns - fresh_ns > _SILENT_S * 1e9:
                raise DeviceError('connected, but its reports stand still')
            self._send_due(transport, now_ns)

    def _take(self, data: bytes, now_ns: int) -> bool:
        report = wire.decode(data, self.side)
        last = self._sample
        # A pad that hangs repeats its last report; only an advancing timer is a sign of life.
        if last is not None and last.timer == report.timer:
            return False
        self.reports += 1
        config = self._config
        stick = self.calibration.apply(report.raw)
        self._sample = PadSample(
            report.pressed,
            wire.deadzone(stick, config.radial_deadzone, config.axial_deadzone),
            report.battery,
            report.charging,
            now_ns,
            report.timer,
        )
        return True

    def _send_due(self, transport: HidTransport, now_ns: int) -> None:
        while self._out:
            self._write(transport, *self._out.popleft())
        if self._still_at_ns and now_ns >= self._still_at_ns:
            self._still_at_ns = 0
            self._write(transport, wire.RUMBLE, wire.STILL)

    def _write(self, transport: HidTransport, report: int, body: bytes) -> None:
        if report == wire.RUMBLE:
            self._shake = body
        else:
            body = self._shake + body  # a command without it would end the rumble
        self._counter = (self._counter + 1) & 0xF
        data = bytes((report, self._counter)) + body
        transport.write(data.ljust(wire.OUTPUT_BYTES, b'\0'))

    def _reconnected(self) -> HidTransport | None:
        tries = 0
        while not self._stop.wait(_BACKOFF_S[min(tries, len(_BACKOFF_S) - 1)]):
            tries += 1
            try:
                return self._connected()
            except DeviceError as error:
                self._trouble = str(error)
        return None

    def _connected(self) -> HidTransport:
        transport = self._connect()
        self._shake = wire.STILL
        try:
            self._read_calibration(transport)
            self._ask(transport, wire.ENABLE_RUMBLE, b'\x01')
            self._ask(transport, wire.SET_LEDS, b'\x01')
            self._ask(transport, wire.SET_MODE, bytes((wire.FULL,)))
        except (OSError, DeviceError) as error:
            transport.close()
            raise DeviceError(f'{self.side} Joy-Con: {error}') from None
        self.connections += 1
        self._trouble = 'connected'
        return transport

    def _read_calibration(self, transport: HidTransport) -> None:
        user = self._flash(transport, wire.USER_STICK[self.side], 2 + wire.STICK_BYTES)
        factory = self._flash(transport, wire.FACTORY_STICK[self.side], wire.STICK_BYTES)
        blank = b'\xff' * wire.STICK_BYTES
        own = user[2:] if user[:2] == wire.USER_MAGIC else blank
        self.calibration, self.calibrated_by = wire.NOMINAL, 'nobody'
        for data, who in ((own, 'user'), (factory, 'factory')):
            found = StickCalibration.from_bytes(data, self.side)
            if found is not None:
                self.calibration, self.calibrated_by = found, who
                return

    def _flash(self, transport: HidTransport, address: int, size: int) -> bytes:
        where = address.to_bytes(4, 'little') + bytes((size,))
        return self._ask(transport, wire.READ_SPI, where)[5 : 5 + size]

    def _ask(self, transport: HidTransport, command: int, data: bytes) -> bytes:
        """Send a subcommand and return the data of its answer."""
        echo = data if command == wire.READ_SPI else b''
        for _ in range(_TRIES):
            self._write(transport, wire.COMMAND, bytes((command,)) + data)
            deadline_ns = time.monotonic_ns() + int(_REPLY_S * 1e9)
            while time.monotonic_ns() < deadline_ns:
                reply = transport.read(wire.REPORT_BYTES, _READ_MS)
                # Byte 13 has its top bit set for yes; a late answer about another address
                # would be taken for this one without the echo.
                if len(reply) == wire.REPORT_BYTES and reply[0] == wire.REPLY:
                    mine = reply[13] & 0x80 and reply[14] == command
                    if mine and reply[15:].startswith(echo):
                        return reply[15:]
        raise DeviceError(f'no answer to subcommand {command:#04x}; pair it again')
