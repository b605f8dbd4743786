# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The JoyLo arms without the arms: sixteen emulated motors on a pseudo-terminal.

The twin speaks the protocol byte by byte, takes the time that wire, USB and return delay take, and
has a fault dial. A host opens the link as it would open the real port.
"""

from collections import deque
import contextlib
import os
from pathlib import Path
import select
import termios
import threading
import time
import tty

import numpy as np

from hvd_ros.core.leader.calibration import JoyloCalibration, nominal_calibration
from hvd_ros.core.robot.body import Array
from hvd_ros.drivers.dynamixel.twin_faults import TwinFaults
from hvd_ros.drivers.dynamixel.twin_motor import TwinMotor
from hvd_ros.drivers.dynamixel.twin_replies import Replies
from hvd_ros.drivers.dynamixel.wire import InstructionParser
from hvd_ros.drivers.dynamixel.xl330 import BAUD, RETURN_DELAY_TIME, RETURN_DELAY_UNIT_S

_SPEEDS = {3_000_000: termios.B3000000, 1_000_000: termios.B1000000, 57_600: termios.B57600}


class DynamixelTwin:
    """Emulated arms behind a symbolic link; start() and stop() may be called once each."""

    def __init__(
        self,
        link: Path,
        calibration: JoyloCalibration | None = None,
        usb_latency_s: float = 0.001,
        baud: int = BAUD,
    ) -> None:
        self.link = link
        self.calibration = calibration or nominal_calibration()
        self.usb_latency_s = usb_latency_s
        self.baud = baud
        slaves = set(self.calibration.slaves.tolist())
        ids = self.calibration.motor_ids
        self.motors = {motor: TwinMotor(motor, i in slaves) for i, motor in enumerate(ids)}
        self.faults = TwinFaults(self.calibration)
        self._pose = np.array([joint.pose_rad for joint in self.calibration.joints])
        self._goal = self._pose.copy()
        self._moved_ns = time.monotonic_ns()
        self._arrive_s = 0.0
        self._lock = threading.Lock()
        self._replies = Replies(self.motors, self.faults)
        self._parser = InstructionParser()
        self._pending: deque[tuple[int, bytes]] = deque()
        self._fds: tuple[int, int] | None = None
        self._wake_in, self._wake_out = os.pipe()
        self._running = False
        self._thread = threading.Thread(target=self._run, name='dynamixel_twin', daemon=True)
        for motor, tick in zip(ids, self.calibration.ticks_at(self._pose), strict=True):
            self.motors[motor].power_on(float(tick))

    def start(self) -> None:
        """Create the pseudo-terminal, its link and the thread that answers."""
        self._plug_in()
        self._running = True
        self._thread.start()

    def stop(self) -> None:
        """End the thread and remove the link; may be called twice."""
        if self._running:
            self._running = False
            os.write(self._wake_out, b'.')
            self._thread.join(timeout=2.0)
            self._unplug()
            os.close(self._wake_in)
            os.close(self._wake_out)

    def __enter__(self) -> 'DynamixelTwin':
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def hand(self) -> Array:
        """Where the joints stand now [rad], shape (J,)."""
        with self._lock:
            return self._at(time.monotonic_ns())[0]

    def set_hand(self, q: Array, max_speed_rad_s: float) -> None:
        """Move all joints to a pose (J,) [rad] so that the fastest has the given speed."""
        goal = np.array(q, float)
        if goal.shape != self._pose.shape or not np.isfinite(goal).all():
            raise ValueError(f'a hand pose has {len(self._pose)} finite angles, got {q!r}')
        with self._lock:
            now_ns = time.monotonic_ns()
            self._pose, _ = self._at(now_ns)
            self._goal = goal
            self._moved_ns = now_ns
            self._arrive_s = float(np.abs(goal - self._pose).max()) / max(max_speed_rad_s, 1e-6)

    def inject(self, fault: str, target: str, amount: float, seconds: float) -> None:
        """
        Turn the fault dial, see twin_faults.FAULTS.

        target is a motor id ('5'), a joint name, or empty for all; seconds 0 lasts until 'none'.
        """
        with self._lock:
            self.faults.inject(fault, target, amount, seconds)

    def power_cycle(self) -> None:
        """Switch the 5 V supply off and on: turn counters and RAM are lost."""
        with self._lock:
            q, _ = self._at(time.monotonic_ns())
            for motor, tick in zip(
                self.calibration.motor_ids, self.calibration.ticks_at(q), strict=True
            ):
                self.motors[motor].power_on(float(tick))

    def _at(self, now_ns: int) -> tuple[Array, Array]:
        elapsed = max(0.0, (now_ns - self._moved_ns) * 1e-9)
        if elapsed >= self._arrive_s:
            return self._goal.copy(), np.zeros_like(self._goal)
        way = self._goal - self._pose
        return self._pose + way * (elapsed / self._arrive_s), way / self._arrive_s

    def _run(self) -> None:
        while self._running:
            if self.faults.disconnected:
                self._unplug()
            elif self._fds is None:
                self._plug_in()
            self._wait()

    def _wait(self) -> None:
        inputs = [self._wake_in] if self._fds is None else [self._wake_in, self._fds[0]]
        # Without news the thread still looks at the fault dial now and then.
        wait_s = 0.02
        if self._pending:
            wait_s = max(0.0, (self._pending[0][0] - time.monotonic_ns()) * 1e-9)
        ready = select.select(inputs, [], [], wait_s)[0]
        if self._fds is not None:
            if self._fds[0] in ready:
                self._hear(self._fds[0])
            self._send_due(self._fds[0])

    def _hear(self, master: int) -> None:
        try:
            data = os.read(master, 4096)
        except OSError:
            return
        if termios.tcgetattr(master)[5] != _SPEEDS[self.baud]:
            return  # at another speed the motors hear noise
        with self._lock:
            now_ns = time.monotonic_ns()
            for instruction in self._parser.feed(data):
                self._refresh(now_ns)
                reply, motors = self._replies.answer(instruction, now_ns)
                if reply:
                    self._schedule(now_ns, len(data), reply, motors)

    def _refresh(self, now_ns: int) -> None:
        q, dq = self._at(now_ns)
        ticks = self.calibration.ticks_at(q)
        speeds = self.calibration.signs * dq[self.calibration.joint_of_motor]
        for motor, tick, speed in zip(
            self.calibration.motor_ids, ticks.tolist(), speeds.tolist(), strict=True
        ):
            self.faults.move(self.motors[motor], tick, speed, now_ns)

    def _schedule(self, now_ns: int, asked: int, reply: bytes, motors: list[int]) -> None:
        wire_s = (asked + len(reply)) * 10.0 / self.baud
        units = sum(self.motors[m].table[RETURN_DELAY_TIME.address] for m in motors)
        delay_s = units * RETURN_DELAY_UNIT_S + self.faults.delay_s(motors)
        latency_s = self.faults.usb_latency_s or self.usb_latency_s
        due_ns = now_ns + int((wire_s + delay_s + latency_s) * 1e9)
        self._pending.append((due_ns, reply))

    def _send_due(self, master: int) -> None:
        now_ns = time.monotonic_ns()
        while self._pending and self._pending[0][0] <= now_ns:
            _, reply = self._pending.popleft()
            # Nobody listens: the bytes are lost, as on a wire.
            with contextlib.suppress(OSError):
                os.write(master, reply)

    def _plug_in(self) -> None:
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._fds = (master, slave)
        self.link.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.link.with_name(self.link.name + '.new')
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(slave))
        fresh.replace(self.link)

    def _unplug(self) -> None:
        if self._fds is not None:
            for fd in self._fds:
                os.close(fd)
            self._fds = None
            self._pending.clear()
            self.link.unlink(missing_ok=True)
