# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The rate at which the leader's sixteen motors can be read, on the emulated bus."""

from pathlib import Path
import tempfile

from hvd_ros.core.leader.calibration import nominal_calibration
from hvd_ros.drivers.dynamixel.bench import bench_bus
from hvd_ros.drivers.dynamixel.twin import DynamixelTwin
from hvd_ros.drivers.joylo.arms import JoyloArms

_QUICK_S = 2.0
_MINUTES = 0.25


def measure(quick: bool, minutes: float | None) -> dict[str, float]:
    """Read the twin back to back; its wire time and USB latency are those of the real bus."""
    seconds = _QUICK_S if quick else 60.0 * (minutes or _MINUTES)
    with tempfile.TemporaryDirectory(prefix='hvd-') as folder:
        calibration = nominal_calibration()
        with (
            DynamixelTwin(Path(folder) / 'bus', calibration) as twin,
            JoyloArms(str(twin.link), calibration) as arms,
        ):
            return dict(bench_bus(arms, seconds))
