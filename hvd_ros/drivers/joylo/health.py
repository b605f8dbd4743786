# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Supply, temperature and faults of the leader's motors, read now and then.

Many a bus failure of these arms starts as a sag of the 5 V supply; without this nobody sees it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hvd_ros.core.errors import DeviceError
from hvd_ros.drivers.dynamixel.xl330 import (
    HARDWARE_ERROR,
    HEALTH,
    INPUT_VOLTAGE,
    REALTIME_TICK,
    TEMPERATURE,
    hardware_error_text,
)

LOW_VOLTAGE_V = 4.5  # the supply gives 5.0; below 3.7 a motor gives up
HOT_C = 60  # a motor gives up at 70


@dataclass(frozen=True, eq=False)
class ArmsHealth:
    """One look at all motors, in the order of the calibration's motor_ids."""

    voltage_v: npt.NDArray[np.float64]
    temperature_c: npt.NDArray[np.int64]
    realtime_ms: npt.NDArray[np.int64]

    def warnings(self) -> tuple[str, ...]:
        """Say what will soon be a fault."""
        found = []
        if (low := float(self.voltage_v.min())) < LOW_VOLTAGE_V:
            found.append(
                f'the motors get only {low:.1f} V (5 V expected); use a stronger supply '
                'or a thicker cable'
            )
        if (hot := int(self.temperature_c.max())) >= HOT_C:
            found.append(f'a leader motor has {hot} deg C; let the arms rest')
        return tuple(found)


def decode_health(raw: npt.NDArray[np.uint8]) -> ArmsHealth:
    """Decode a sync read of HEALTH, shape (M, 27)."""
    voltage = _words(raw, INPUT_VOLTAGE.address).astype(float) * 0.1
    temperature = raw[:, TEMPERATURE.address - HEALTH.address].astype(np.int64)
    return ArmsHealth(voltage, temperature, _words(raw, REALTIME_TICK.address))


def check_alive(before: ArmsHealth, now: ArmsHealth, motor_ids: tuple[int, ...]) -> None:
    """Raise if the clock inside a motor stands still: it answers, but with old registers."""
    stuck = before.realtime_ms == now.realtime_ms
    if stuck.any():
        motor = motor_ids[int(np.argmax(stuck))]
        raise DeviceError(f'motor {motor}: its values are frozen; power cycle the arms')


def hardware_fault(motor: int, name: str, bits: int) -> DeviceError:
    """Name the fault that a motor reports in register 70."""
    return DeviceError(
        f'{name} (motor {motor}): hardware error: {hardware_error_text(bits)} '
        f'(register {HARDWARE_ERROR.address} = 0x{bits:02X}); let it cool, check the supply, '
        'then power cycle the arms'
    )


def _words(raw: npt.NDArray[np.uint8], address: int) -> npt.NDArray[np.int64]:
    at = address - HEALTH.address
    return raw[:, at].astype(np.int64) | raw[:, at + 1].astype(np.int64) << 8
