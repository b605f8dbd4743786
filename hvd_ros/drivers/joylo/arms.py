# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The JoyLo arms: sixteen motors read as twelve joint angles of the robot.

Their safe state is limp. Torque goes off when the arms are opened, closed, left by an exception or
by the end of the process, and on any error while currents are applied; if even that is impossible,
the motors' own watchdog stops them 0.1 s after the last instruction.
"""

import atexit
from collections.abc import Sequence
from dataclasses import dataclass
import threading
import time

import numpy as np
import numpy.typing as npt

from hvd_ros.core.config import param
from hvd_ros.core.errors import DeviceError
from hvd_ros.core.leader.calibration import JoyloCalibration
from hvd_ros.core.robot.body import Array
from hvd_ros.drivers.dynamixel.bus import BusCounters, DynamixelBus
from hvd_ros.drivers.dynamixel.xl330 import (
    BAUD,
    BUS_WATCHDOG,
    GOAL_CURRENT,
    HARDWARE_ERROR,
    HEALTH,
    MODE_CURRENT,
    OPERATING_MODE,
    STATE,
    TORQUE_ENABLE,
    VELOCITY_RAD_S,
    WATCHDOG_UNIT_S,
)
from hvd_ros.drivers.joylo.checks import LeaderBounds, LeaderChecks
from hvd_ros.drivers.joylo.health import ArmsHealth, check_alive, decode_health, hardware_fault
from hvd_ros.drivers.joylo.startup import check_motors, measure_latency

_STATE = np.dtype([('current', '<i2'), ('velocity', '<i4'), ('position', '<i4')])
_RELEASE_TRIES = 3


@dataclass(frozen=True)
class JoyloArmsConfig:
    """How the arms are read."""

    baud: int = param(BAUD, 'Baud rate of the motors.', low=9600, high=4_000_000)
    reply_margin_s: float = param(
        0.03, 'How long a reply may take beyond its wire time.', low=0.005, high=0.2
    )
    fast_sync_read: bool = param(False, 'Use fast sync read (needs motor firmware 45 or newer).')
    health_period_s: float = param(
        0.5, 'How often supply, temperature and faults are read.', low=0.05, high=10.0
    )
    max_speed_rad_s: float = param(
        20.0, 'Fastest motion of a joint that is believed.', low=1.0, high=100.0
    )
    range_margin_rad: float = param(
        0.25, 'How far beyond the robot joint range the leader may stand.', low=0.0, high=1.0
    )
    pair_tolerance_rad: float = param(
        0.3, 'How far the two motors of one joint may stand apart.', low=0.01, high=1.0
    )
    settle_s: float = param(
        0.25, 'How long samples are refused after an impossible jump.', low=0.0, high=2.0
    )
    watchdog_s: float = param(
        0.1, 'The motors stop after this silence while torque is on.', low=0.02, high=2.0
    )


@dataclass(frozen=True, eq=False)
class LeaderSample:
    """One reading of all joints, in body order (see JoyloArms.names)."""

    stamp_ns: int  # steady clock, when the motors were asked
    sequence: int
    q: Array  # joint angle of the robot [rad], shape (J,)
    dq: Array  # [rad/s], shape (J,)
    current: Array  # along +q, sum over the joint's motors [mA], shape (J,)


class JoyloArms:
    """A Device of LeaderSamples; use it in `with`, or open() and close()."""

    def __init__(
        self, port: str, calibration: JoyloCalibration, config: JoyloArmsConfig | None = None
    ) -> None:
        self.config = config or JoyloArmsConfig()
        self.calibration = calibration
        self.warnings: tuple[str, ...] = ()  # about how the port is set up
        self.health: ArmsHealth | None = None
        self.cycle_s = 0.0  # how long the last exchange took
        self._bus = DynamixelBus(port, self.config.baud, self.config.reply_margin_s)
        self._ids = calibration.motor_ids
        self._lock = threading.RLock()
        self._open = False
        self._torque = False
        self._sequence = 0
        self._health_ns = 0
        self._checks = self._fresh_checks()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the joints, in the order of every sample."""
        return self.calibration.names

    @property
    def counters(self) -> BusCounters:
        """What has gone well and badly on the bus."""
        return self._bus.counters

    @property
    def torque_on(self) -> bool:
        """Tell whether currents are applied."""
        return self._torque

    def open(self) -> None:
        """Claim the port, find every motor, make it limp; DeviceError says what is wrong."""
        with self._lock:
            try:
                self._bus.open()
                self._open = True
                atexit.register(self.close)
                check_motors(self._bus, self.calibration)
                self._release()
                self.warnings = measure_latency(self._bus, self._ids[0])
                self._checks = self._fresh_checks()
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Make the arms limp and give the port back; may be called twice."""
        with self._lock:
            if not self._open:
                return
            self._open = False
            atexit.unregister(self.close)
            try:
                self._release()
            except DeviceError:
                pass  # no way to reach the motors: their watchdog stops them
            finally:
                self._bus.close()

    def __enter__(self) -> 'JoyloArms':
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, watch: bool = True) -> LeaderSample:
        """
        Ask all motors once; raise DeviceError rather than return anything doubtful.

        Now and then this looks after the motors' health too, which takes twice as long; a caller
        in a hurry says watch=False and calls watch() when it has time.
        """
        with self._lock:
            try:
                sample = self._read()
            except BaseException:
                self._release_after_error()
                raise
        if watch:
            self.watch()
        return sample

    def watch(self) -> None:
        """Read supply, temperature and faults if it is time; DeviceError if they are bad."""
        with self._lock:
            now_ns = time.monotonic_ns()
            if now_ns - self._health_ns <= self.config.health_period_s * 1e9:
                return
            try:
                self._read_health(now_ns)
            except BaseException:
                self._release_after_error()
                raise

    def read_ticks(self) -> npt.NDArray[np.int64]:
        """Return raw ticks of all motors without asking whether they make sense, shape (M,)."""
        with self._lock:
            raw = self._bus.sync_read(self._ids, STATE, self.config.fast_sync_read)
            return raw.view(_STATE)['position'][:, 0].astype(np.int64)

    def enable_current(self) -> None:
        """
        Switch to current control with zero current, watched by the motors' own watchdog.

        Raises DeviceError, and leaves the arms limp, if any motor does not follow.
        """
        with self._lock:
            try:
                self._enable_current()
            except BaseException:
                self._release_after_error()
                raise

    def write_current(self, current_ma: Sequence[float] | Array) -> None:
        """Apply currents along +q [mA], shape (J,); two motors of one joint share theirs."""
        with self._lock:
            try:
                if not self._torque:
                    raise DeviceError('no torque: enable_current() comes first')
                values = np.asarray(current_ma, float)
                if values.shape != (len(self.names),) or not np.isfinite(values).all():
                    raise DeviceError(f'currents must be {len(self.names)} finite numbers')
                joint = self.calibration.joint_of_motor
                share = values[joint] / np.bincount(joint)[joint] * self.calibration.signs
                self._bus.sync_write(self._ids, GOAL_CURRENT, np.rint(share).astype(int).tolist())
            except BaseException:
                self._release_after_error()
                raise

    def release(self) -> None:
        """Make the arms limp; raise DeviceError if a motor still holds."""
        with self._lock:
            self._release()

    def _read(self) -> LeaderSample:
        asked_ns = time.monotonic_ns()
        raw = self._bus.sync_read(self._ids, STATE, self.config.fast_sync_read)
        self.cycle_s = (time.monotonic_ns() - asked_ns) * 1e-9
        if self._bus.alerts:
            self._raise_hardware_fault()
        state = raw.view(_STATE)[:, 0]
        calibration = self.calibration
        ticks = state['position'].astype(np.int64)
        rad = calibration.motor_rad(ticks)
        rad_s = calibration.signs * state['velocity'] * VELOCITY_RAD_S
        self._checks.check(asked_ns, ticks, rad, rad_s)
        current = np.zeros(len(self.names))
        np.add.at(current, calibration.joint_of_motor, calibration.signs * state['current'])
        self._sequence += 1
        masters = calibration.masters
        return LeaderSample(asked_ns, self._sequence, rad[masters], rad_s[masters], current)

    def _read_health(self, now_ns: int) -> None:
        self._health_ns = now_ns
        health = decode_health(self._bus.sync_read(self._ids, HEALTH))
        before, self.health = self.health, health
        if before is not None:
            check_alive(before, health, self._ids)

    def _raise_hardware_fault(self) -> None:
        motor = min(self._bus.alerts)
        name = self.names[self.calibration.joint_of_motor[self._ids.index(motor)]]
        raise hardware_fault(motor, name, self._bus.read(motor, HARDWARE_ERROR))

    def _enable_current(self) -> None:
        self._release()
        for motor in self._ids:
            # EEPROM wears: write the mode only where it differs.
            if self._bus.read(motor, OPERATING_MODE) != MODE_CURRENT:
                self._bus.write(motor, OPERATING_MODE, MODE_CURRENT)
        units = max(1, min(127, round(self.config.watchdog_s / WATCHDOG_UNIT_S)))
        everyone = [0] * len(self._ids)
        self._bus.sync_write(self._ids, GOAL_CURRENT, everyone)
        self._torque = True  # from here on an error means: release
        self._bus.sync_write(self._ids, BUS_WATCHDOG, [units] * len(self._ids))
        self._bus.sync_write(self._ids, TORQUE_ENABLE, [1] * len(self._ids))
        watched = self._bus.sync_read(self._ids, BUS_WATCHDOG)[:, 0] == units
        enabled = self._bus.sync_read(self._ids, TORQUE_ENABLE)[:, 0] == 1
        if not (watched & enabled).all():
            motor = self._ids[int(np.argmin(watched & enabled))]
            raise DeviceError(f'motor {motor} does not take torque or watchdog; the arms go limp')

    def _release(self) -> None:
        everyone = [0] * len(self._ids)
        for tries_left in reversed(range(_RELEASE_TRIES)):
            try:
                # Torque first: only then may the watchdog be put to sleep.
                self._bus.sync_write(self._ids, TORQUE_ENABLE, everyone)
                held = self._bus.sync_read(self._ids, TORQUE_ENABLE)[:, 0]
                if held.any():
                    raise DeviceError(f'motor {self._ids[int(np.argmax(held))]} still holds')
                self._bus.sync_write(self._ids, BUS_WATCHDOG, everyone)
                self._torque = False
                return
            except DeviceError:
                if not tries_left:
                    raise

    def _release_after_error(self) -> None:
        if self._torque:
            try:
                self._release()
            except DeviceError:
                return  # the first error matters; the watchdog stops the motors

    def _fresh_checks(self) -> LeaderChecks:
        c = self.config
        bounds = LeaderBounds(
            c.max_speed_rad_s, c.range_margin_rad, c.pair_tolerance_rad, c.settle_s
        )
        return LeaderChecks(self.calibration, bounds)
