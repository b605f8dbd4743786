# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is checked before the leader is trusted: every motor there, of its kind, in time."""

import time

from hvd_ros.core.errors import DeviceError
from hvd_ros.core.leader.calibration import JoyloCalibration
from hvd_ros.drivers.dynamixel.bus import DynamixelBus
from hvd_ros.drivers.dynamixel.xl330 import IDENTITY, MODEL_NUMBER_XL330_M288, RETURN_DELAY_TIME

_SLOW_ROUND_TRIP_S = 0.008  # between a 1 ms and a 16 ms latency timer
_TRIALS = 5
_LONGEST_RETURN_DELAY = 50  # [2 us]; the factory's 250 adds 8 ms to a cycle of sixteen motors


def check_motors(bus: DynamixelBus, calibration: JoyloCalibration) -> None:
    """Ping every motor and check its kind; the error names all that are missing."""
    ids = calibration.motor_ids
    missing = [motor for motor in ids if not bus.answers(motor)]
    if len(missing) == len(ids):
        raise _nobody(bus, ids)
    if missing:
        joints = sorted({_joint(calibration, motor) for motor in missing})
        raise DeviceError(
            f'{bus.port}: {len(missing)} of {len(ids)} motors do not answer: '
            f'{", ".join(map(str, missing))} ({", ".join(joints)}); check the cable into the '
            'first of them and that no two motors share an id'
        )
    identity = bus.sync_read(ids, IDENTITY)
    for motor, row in zip(ids, identity.tolist(), strict=True):
        model = row[0] | row[1] << 8
        if model != MODEL_NUMBER_XL330_M288:
            raise DeviceError(
                f'{bus.port}: motor {motor} ({_joint(calibration, motor)}) is model {model}, '
                f'expected XL330-M288 ({MODEL_NUMBER_XL330_M288}); wrong port or wrong id?'
            )
        delay = row[RETURN_DELAY_TIME.address]
        if delay > _LONGEST_RETURN_DELAY:
            raise DeviceError(
                f'{bus.port}: motor {motor} waits {delay * 2} us before it answers '
                f'(at most {_LONGEST_RETURN_DELAY * 2}); set its Return Delay Time to 0 '
                'with Dynamixel Wizard'
            )


def measure_latency(bus: DynamixelBus, motor: int) -> tuple[str, ...]:
    """Time short reads; return a warning if the USB adapter holds bytes back."""
    best = min(_round_trip_s(bus, motor) for _ in range(_TRIALS))
    if best < _SLOW_ROUND_TRIP_S:
        return ()
    return (
        f'{bus.port}: a short read takes {best * 1000:.0f} ms, the USB latency timer is probably '
        '16 ms; install config/udev/99-hvd-ros.rules and plug the cable in again, or run: '
        f'setserial {bus.port} low_latency',
    )


def _round_trip_s(bus: DynamixelBus, motor: int) -> float:
    start = time.monotonic()
    bus.read(motor, RETURN_DELAY_TIME)
    return time.monotonic() - start


def _nobody(bus: DynamixelBus, ids: tuple[int, ...]) -> DeviceError:
    baud = bus.find_baud(ids[:1])
    if baud is not None:
        return DeviceError(
            f'{bus.port}: the motors speak {baud} baud, {bus.baud} expected; set Baud Rate to '
            f'{bus.baud} with Dynamixel Wizard, or the parameter baud to {baud}'
        )
    return DeviceError(
        f'{bus.port}: no motor answers at any baud rate; is the 5 V supply on, and is the first '
        'cable in the power hub?'
    )


def _joint(calibration: JoyloCalibration, motor: int) -> str:
    at = int(calibration.joint_of_motor[calibration.motor_ids.index(motor)])
    return calibration.names[at]
