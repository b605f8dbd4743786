# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How fast the leader can be read: measured, beside what the wire alone would allow."""

import time

import numpy as np

from hvd_ros.core.errors import DeviceError
from hvd_ros.drivers.dynamixel.bus import wire_time_s
from hvd_ros.drivers.dynamixel.xl330 import STATE
from hvd_ros.drivers.joylo.arms import JoyloArms


def bench_bus(arms: JoyloArms, seconds: float) -> dict[str, float | int]:
    """Read open arms back to back for a while; times in ms, cpu of this thread in percent."""
    cycles_s, errors = [], 0
    start, cpu = time.monotonic(), time.thread_time()
    while (elapsed := time.monotonic() - start) < seconds:
        try:
            arms.read()
            cycles_s.append(arms.cycle_s)
        except DeviceError:
            errors += 1
    busy = time.thread_time() - cpu
    p50, p99 = np.percentile(cycles_s, [50, 99]) if cycles_s else (float('inf'),) * 2
    motors = len(arms.calibration.motor_ids)
    wire_s = wire_time_s(motors, STATE.size, arms.config.baud, fast=arms.config.fast_sync_read)
    return {
        'motors': motors,
        'cycle_ms_p50': float(p50) * 1e3,
        'cycle_ms_p99': float(p99) * 1e3,
        'achieved_hz': len(cycles_s) / elapsed,
        'computed_wire_limit_hz': 1.0 / wire_s,
        'cpu_percent': 100.0 * busy / elapsed,
        'errors': errors,
    }
