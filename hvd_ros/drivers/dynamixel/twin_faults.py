# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The fault dial of the emulated arms: which motor misbehaves, how, and until when."""

from dataclasses import dataclass
import random
import time

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.leader.calibration import JoyloCalibration
from hvd_ros.core.leader.motors import RAD_PER_TICK
from hvd_ros.drivers.dynamixel.twin_motor import SUPPLY_DV, TwinMotor
from hvd_ros.drivers.dynamixel.xl330 import HARDWARE_ERROR, INPUT_VOLTAGE, PRESENT_POSITION

FAULTS = {
    'none': 'end every fault',
    'drop': 'replies vanish with probability amount',
    'missing': 'the motor never answers',
    'delay': 'replies come amount seconds late',
    'crc': 'replies are damaged with probability amount',
    'status_error': 'replies carry error code amount',
    'freeze': 'registers keep their values',
    'nan': 'the position is garbage',
    'jump': 'the position is off by amount rad',
    'voltage': 'the supply sags to amount volt',
    'hardware_error': 'register 70 holds amount',
    'latency': 'the USB latency timer is amount seconds',
    'disconnect': 'the port vanishes',
}


@dataclass(frozen=True)
class _Active:
    fault: str
    motors: frozenset[int]
    amount: float
    until_ns: float


class TwinFaults:
    """Faults now in force; the twin asks, nobody is told."""

    def __init__(self, calibration: JoyloCalibration, seed: int = 0) -> None:
        self._calibration = calibration
        self._random = random.Random(seed)
        self._active: list[_Active] = []

    def inject(self, fault: str, target: str, amount: float, seconds: float) -> None:
        """Add a fault, or end all of them with 'none'."""
        if fault not in FAULTS:
            raise ConfigError(f"no fault '{fault}'; {did_you_mean(fault, FAULTS)}")
        if fault == 'none':
            self._active.clear()
            return
        until = time.monotonic_ns() + seconds * 1e9 if seconds > 0 else float('inf')
        self._active.append(_Active(fault, self._targets(target), amount, until))

    @property
    def disconnected(self) -> bool:
        """Tell whether the cable is out."""
        return self._find('disconnect', None) is not None

    @property
    def usb_latency_s(self) -> float:
        """The latency timer in force, 0 for the twin's own."""
        found = self._find('latency', None)
        return found.amount if found else 0.0

    def delay_s(self, motors: list[int]) -> float:
        """Return by how much a reply of these motors is late."""
        found = [self._find('delay', motor) for motor in motors]
        return max((one.amount for one in found if one), default=0.0)

    def missing(self, motor: int) -> bool:
        """Tell whether this motor is not there at all."""
        return self._find('missing', motor) is not None

    def silent(self, motor: int) -> bool:
        """Decide whether this reply vanishes."""
        return self.missing(motor) or self._chance('drop', motor)

    def damaged(self, motor: int) -> bool:
        """Decide whether this reply has a wrong byte."""
        return self._chance('crc', motor)

    def status_error(self, motor: int) -> int:
        """Return the error code that replies of this motor carry."""
        found = self._find('status_error', motor)
        return int(found.amount) if found else 0

    def move(self, motor: TwinMotor, tick: float, rad_s: float, now_ns: int) -> None:
        """Let a motor measure its shaft through the faults in force."""
        if not self._active:
            # The common case must stay cheap.
            motor.frozen = False
            motor.put(INPUT_VOLTAGE, SUPPLY_DV)
            motor.set_shaft(tick, rad_s, now_ns)
            return
        jump = self._find('jump', motor.motor)
        motor.frozen = self._find('freeze', motor.motor) is not None
        motor.set_shaft(tick + (jump.amount / RAD_PER_TICK if jump else 0.0), rad_s, now_ns)
        if self._find('nan', motor.motor):
            motor.put(PRESENT_POSITION, self._random.getrandbits(31))
        voltage = self._find('voltage', motor.motor)
        motor.put(INPUT_VOLTAGE, round(voltage.amount * 10.0) if voltage else SUPPLY_DV)
        error = self._find('hardware_error', motor.motor)
        if error:
            motor.put(HARDWARE_ERROR, int(error.amount))

    def _chance(self, fault: str, motor: int) -> bool:
        found = self._find(fault, motor)
        return found is not None and self._random.random() < found.amount

    def _find(self, fault: str, motor: int | None) -> _Active | None:
        if not self._active:
            return None
        now_ns = time.monotonic_ns()
        self._active = [one for one in self._active if one.until_ns > now_ns]
        for one in self._active:
            if one.fault == fault and (motor is None or motor in one.motors):
                return one
        return None

    def _targets(self, target: str) -> frozenset[int]:
        every = self._calibration.motor_ids
        if target in ('', 'all', 'arms'):
            return frozenset(every)
        for joint in self._calibration.joints:
            if joint.name == target:
                return frozenset(motor.motor_id for motor in joint.motors)
        if target.isdigit() and int(target) in every:
            return frozenset({int(target)})
        valid = [*self._calibration.names, *map(str, every)]
        raise ConfigError(f"no motor or joint '{target}'; {did_you_mean(target, valid)}")
