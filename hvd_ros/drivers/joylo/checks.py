# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Is what the arms say possible? The one place that doubts well-formed encoder values.

A wrong position that passes here moves a real arm, so a doubt costs the sample; after a jump the
arms have to be consistent for a while, longer than anybody downstream repeats an old sample.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hvd_ros.core.errors import DeviceError
from hvd_ros.core.leader.calibration import JoyloCalibration
from hvd_ros.core.leader.motors import TICKS_PER_TURN
from hvd_ros.core.robot.body import Array

_MOST_TURNS = 10  # a cable would have torn before
_SLACK_RAD = 0.05  # encoder noise and gear play within one cycle
_LONGEST_GAP_S = 0.1  # a longer silence does not excuse a longer jump
_FROZEN_NS = 150_000_000  # a position that stands still at speed for so long is stuck
_MOVING_RAD_S = 0.5


@dataclass(frozen=True)
class LeaderBounds:
    """What a hand can do."""

    max_speed_rad_s: float
    range_margin_rad: float
    pair_tolerance_rad: float
    settle_s: float  # after an impossible jump


class LeaderChecks:
    """Remembers the last values; check() raises DeviceError naming joint and motor."""

    def __init__(self, calibration: JoyloCalibration, bounds: LeaderBounds) -> None:
        self._calibration = calibration
        self._bounds = bounds
        self._last: Array | None = None
        self._last_ns = 0
        self._jumped_ns: int | None = None
        self._moved_ns = np.zeros(len(calibration.motor_ids), np.int64)

    def check(
        self,
        stamp_ns: int,
        ticks: npt.NDArray[np.int64],
        rad: Array,
        rad_s: Array,
    ) -> None:
        """Check raw ticks, joint angles and speeds of all motors, each of shape (M,)."""
        last, self._last = self._last, rad
        since_s = min((stamp_ns - self._last_ns) * 1e-9, _LONGEST_GAP_S)
        self._last_ns = stamp_ns
        self._check_range(ticks, rad)
        if last is None:
            self._moved_ns[:] = stamp_ns
        else:
            self._check_step(stamp_ns, rad - last, since_s)
            self._check_frozen(stamp_ns, rad - last, rad_s)
        self._check_pairs(rad)

    def _check_range(self, ticks: npt.NDArray[np.int64], rad: Array) -> None:
        wild = np.abs(ticks) > _MOST_TURNS * TICKS_PER_TURN
        if wild.any():
            at = int(np.argmax(wild))
            raise DeviceError(
                f'{self._who(at)}: position {ticks[at]} ticks is more than {_MOST_TURNS} turns '
                'away; power cycle the arms'
            )
        calibration, margin = self._calibration, self._bounds.range_margin_rad
        joint = calibration.joint_of_motor
        low, high = calibration.low[joint] - margin, calibration.high[joint] + margin
        outside = (rad < low) | (rad > high)
        if outside.any():
            at = int(np.argmax(outside))
            raise DeviceError(
                f'{self._who(at)}: {rad[at]:.3f} rad is outside [{low[at]:.3f}, {high[at]:.3f}]; '
                'move it back, or recalibrate: hvd calibrate joylo'
            )

    def _check_step(self, stamp_ns: int, step: Array, since_s: float) -> None:
        allowed = self._bounds.max_speed_rad_s * since_s + _SLACK_RAD
        at = int(np.argmax(np.abs(step)))
        if abs(step[at]) > allowed:
            self._jumped_ns = stamp_ns
            raise DeviceError(
                f'{self._who(at)}: jumped by {step[at]:.3f} rad in {since_s * 1000:.0f} ms, '
                f'a hand does at most {allowed:.3f}; check the cable of this motor'
            )
        if self._jumped_ns is None:
            return
        left_s = self._bounds.settle_s - (stamp_ns - self._jumped_ns) * 1e-9
        if left_s > 0:
            raise DeviceError(f'the arms settle for {left_s:.2f} s more after an impossible jump')
        self._jumped_ns = None

    def _check_frozen(self, stamp_ns: int, step: Array, rad_s: Array) -> None:
        plausible = (step != 0.0) | (np.abs(rad_s) < _MOVING_RAD_S)
        self._moved_ns = np.where(plausible, stamp_ns, self._moved_ns)
        at = int(np.argmin(self._moved_ns))
        if stamp_ns - self._moved_ns[at] > _FROZEN_NS:
            raise DeviceError(
                f'{self._who(at)}: reports {rad_s[at]:.2f} rad/s but its position stands still; '
                'power cycle the arms'
            )

    def _check_pairs(self, rad: Array) -> None:
        slaves = self._calibration.slaves
        apart = np.abs(rad[slaves] - rad[slaves - 1])
        if (apart > self._bounds.pair_tolerance_rad).any():
            at = int(slaves[np.argmax(apart)])
            name = self._calibration.names[self._calibration.joint_of_motor[at]]
            ids = self._calibration.motor_ids
            raise DeviceError(
                f'{name}: motors {ids[at - 1]} and {ids[at]} turn one joint but stand '
                f'{apart.max():.3f} rad apart (at most {self._bounds.pair_tolerance_rad}); '
                'check the horn screws, then: hvd calibrate joylo'
            )

    def _who(self, at: int) -> str:
        joint = self._calibration.names[self._calibration.joint_of_motor[at]]
        return f'{joint} (motor {self._calibration.motor_ids[at]})'
