# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Where the base went, from its wheels alone.

Time comes from the stamps of the wheel messages, so that neither our polling nor the network's
jitter bends the path. Wheels slip; the covariances say how little this is worth after a while.
"""

import numpy as np

from hvd_ros.core.robot import swerve
from hvd_ros.core.robot.body import Array

WHEEL_RADIUS_M = 0.070
# Across a longer silence the wheels may have done anything; we do not guess.
LONGEST_STEP_S = 0.25
# Share of the way (and of the turn) that a wheeled base loses to slip, one sigma.
SLIP = 0.02
TWIST_SIGMA = 0.02  # [m/s, rad/s]


class Odometer:
    """Planar pose in the frame where the node started, body twist, and the wheels' own angles."""

    def __init__(self) -> None:
        self.pose = (0.0, 0.0, 0.0)  # x [m], y [m], yaw [rad]
        self.twist = (0.0, 0.0, 0.0)  # vx [m/s], vy [m/s], wz [rad/s] in base_link
        self.variance = (1e-6, 1e-6)  # of the position [m^2] and the yaw [rad^2]
        self.steer: Array = np.zeros(3)  # [rad]
        self.wheel_angle: Array = np.zeros(3)  # [rad]
        self.wheel_rate: Array = np.zeros(3)  # [rad/s]
        self.gaps = 0
        self._stamp_ns = 0

    @property
    def started(self) -> bool:
        """Whether the wheels have been heard."""
        return self._stamp_ns != 0

    def update(self, stamp_ns: int, steer: Array, speed: Array) -> None:
        """Take in one wheel message; repeated and out-of-order ones are ignored."""
        if stamp_ns <= self._stamp_ns:
            # The robot's clock was set back: start again from here, without a jump.
            if self._stamp_ns - stamp_ns > LONGEST_STEP_S * 1e9:
                self._stamp_ns = stamp_ns
                self.gaps += 1
            return
        dt_s = (stamp_ns - self._stamp_ns) / 1e9
        twist = swerve.forward(steer, speed)
        if dt_s <= LONGEST_STEP_S:
            self._move(twist, speed / WHEEL_RADIUS_M, dt_s)
        elif self.started:
            self.gaps += 1
        self.twist, self.steer, self.wheel_rate = twist, steer, speed / WHEEL_RADIUS_M
        self._stamp_ns = stamp_ns

    def _move(self, twist: tuple[float, float, float], rate: Array, dt_s: float) -> None:
        # The mean of both ends: half a message of delay would show in every turn.
        vx, vy, wz = ((a + b) / 2 for a, b in zip(self.twist, twist, strict=True))
        self.pose = swerve.integrate(*self.pose, (vx, vy, wz), dt_s)
        self.wheel_angle = self.wheel_angle + (self.wheel_rate + rate) / 2 * dt_s
        way, turn = float(np.hypot(vx, vy)) * dt_s, abs(wz) * dt_s
        # Sigma grows with the way, not with its root: slip is a bias, not noise.
        position, yaw = np.sqrt(self.variance)
        self.variance = (
            float((position + SLIP * way) ** 2),
            float((yaw + SLIP * turn) ** 2),
        )
