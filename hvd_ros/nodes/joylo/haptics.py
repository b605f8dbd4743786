# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The bilateral leader: currents into the arms after each reading, while an operator has armed it.

Plugging in, starting a node or losing the robot never moves the leader; then it is limp.
"""

import time

from hvd_ros.core.errors import CommandRejected
from hvd_ros.core.leader.haptics import Haptics, HapticsConfig
from hvd_ros.core.leader.weight import LeaderWeight
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.drivers.joylo.arms import JoyloArms, LeaderSample

_REST_S = 2.0  # limp for so long after anything went wrong


class ArmFeel:
    """Called by the reader with every sample; told by the node what the robot does."""

    def __init__(self, arms: JoyloArms, body: Body, config: HapticsConfig) -> None:
        calibration = arms.calibration
        self.config = config
        self._arms = arms
        self._range = calibration.low, calibration.high
        self._weight = LeaderWeight(body, calibration.names)
        self._robot: Array | None = None
        self._rest_until_ns = 0

    def follow(self, robot: Array | None) -> None:
        """Pull towards these robot joints (J,) [rad] from now on; None makes the arms limp."""
        self._robot = robot

    def on_sample(self, sample: LeaderSample) -> None:
        """Apply the currents that belong to a reading; any error leaves the arms limp."""
        robot = self._robot
        if robot is None:
            if self._arms.torque_on:
                self._arms.release()
            return
        if sample.stamp_ns < self._rest_until_ns:
            return
        self._rest_until_ns = time.monotonic_ns() + int(_REST_S * 1e9)
        if not self._arms.torque_on:
            self._arms.enable_current()
        haptics = Haptics(*self._range, self.config)
        weight = self._weight.torque_nm(sample.q)
        try:
            current = haptics.current_ma(sample.q, sample.dq, robot, weight)
        except CommandRejected:
            self._arms.release()
            return
        self._arms.write_current(current)
        self._rest_until_ns = 0  # all went well
