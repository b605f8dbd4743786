# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The three steered wheels of the R1's base: body twist to wheels, wheels to twist, twist to pose.

Wheels are ordered as in the vendor's chassis feedback: front left, front right, rear. base_link is
not the centroid of the wheels (that lies 0.05 m ahead of it), so a turn on the spot does not give
three equal speeds.
"""

import math

import numpy as np
import numpy.typing as npt

from hvd_ros.core.robot.body import Array

# Steering axes in base_link [m]; a test holds them against the URDF.
WHEELS: Array = np.array([[0.21516, 0.28], [0.21516, -0.28], [-0.28084, 0.0]])
WHEELS.setflags(write=False)

REST_M_S = 1e-6  # below this a wheel has no direction and keeps the one it had

# Rows (vix, viy) per wheel of the linear map from (vx, vy, wz): vi = v + wz x ri.
_RIGID = np.array([row for x, y in WHEELS for row in ((1.0, 0.0, -y), (0.0, 1.0, x))])
_LEAST_SQUARES = np.linalg.pinv(_RIGID)


def inverse(
    vx: float, vy: float, wz: float, steer: npt.ArrayLike = (0.0, 0.0, 0.0)
) -> tuple[Array, Array]:
    """
    Return steering angles [rad] in [-pi/2, pi/2] and signed wheel speeds [m/s] of a body twist.

    A wheel that need not move keeps its angle from `steer`.
    """
    v = (_RIGID @ (vx, vy, wz)).reshape(3, 2)
    speed = np.hypot(v[:, 0], v[:, 1])
    angle = np.arctan2(v[:, 1], v[:, 0])
    # The steering turns half a revolution only; the other half is driving backwards.
    backwards = np.abs(angle) > math.pi / 2
    angle = np.where(backwards, angle - np.copysign(math.pi, angle), angle)
    moving = speed > REST_M_S
    angle = np.where(moving, angle, np.asarray(steer, dtype=np.float64))
    return angle, np.where(moving, np.where(backwards, -speed, speed), 0.0)


def forward(steer: npt.ArrayLike, speed: npt.ArrayLike) -> tuple[float, float, float]:
    """Return the body twist (vx, vy, wz) that explains the wheels best, in least squares."""
    angle, v = np.asarray(steer, dtype=np.float64), np.asarray(speed, dtype=np.float64)
    wheels = np.column_stack((v * np.cos(angle), v * np.sin(angle))).ravel()
    vx, vy, wz = _LEAST_SQUARES @ wheels
    return float(vx), float(vy), float(wz)


def integrate(
    x: float, y: float, yaw: float, twist: tuple[float, float, float], dt_s: float
) -> tuple[float, float, float]:
    """Move a planar pose along a constant body twist for dt_s: the exact arc, not a chord."""
    dx, dy, turn = (dt_s * rate for rate in twist)
    # sin(t)/t and (1-cos(t))/t written so that t -> 0 loses no digits.
    half = turn / 2
    sinc = math.sin(half) / half if half else 1.0
    along, aside = sinc * math.cos(half), sinc * math.sin(half)
    local_x, local_y = along * dx - aside * dy, aside * dx + along * dy
    c, s = math.cos(yaw), math.sin(yaw)
    wrapped = math.remainder(yaw + turn, math.tau)
    return x + c * local_x - s * local_y, y + s * local_x + c * local_y, wrapped
