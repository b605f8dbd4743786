# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Absolute calibration of the JoyLo arms: from encoder ticks to joint angles of the robot.

Every motor keeps the tick at which its joint stood at a known angle. The tick of a motor is only
known up to whole turns (a power cycle drops them), and every joint moves less than one turn, so
wrapping into the joint's own turn recovers the angle whatever the turn counter says.
"""

from dataclasses import dataclass
from functools import cached_property
import math

import numpy as np
import numpy.typing as npt

from hvd_ros.core.leader.motors import LEADER_JOINTS, NEUTRAL_POSE, RAD_PER_TICK
from hvd_ros.core.robot.body import Array
from hvd_ros.core.robot.description import load_body


@dataclass(frozen=True)
class MotorCalibration:
    """Where one motor stood at the joint's reference angle."""

    motor_id: int
    tick: int  # 0 .. 4095
    sign: int  # +1 if the tick grows with the joint angle


@dataclass(frozen=True)
class JointCalibration:
    """One joint, its range and its motors, master first."""

    name: str
    low_rad: float
    high_rad: float
    pose_rad: float  # the reference angle
    motors: tuple[MotorCalibration, ...]


@dataclass(frozen=True)
class JoyloCalibration:
    """All joints in body order; motors in order of the joints, masters before slaves."""

    joints: tuple[JointCalibration, ...]
    created: str  # ISO 8601

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the joints, in body order."""
        return tuple(joint.name for joint in self.joints)

    @cached_property
    def motor_ids(self) -> tuple[int, ...]:
        """Ids of all motors, in the order in which ticks are given."""
        return tuple(motor.motor_id for joint in self.joints for motor in joint.motors)

    @cached_property
    def joint_of_motor(self) -> npt.NDArray[np.intp]:
        """Which joint each motor turns, shape (M,)."""
        return np.array([j for j, joint in enumerate(self.joints) for _ in joint.motors], np.intp)

    @cached_property
    def masters(self) -> npt.NDArray[np.intp]:
        """Which motor is read for each joint, shape (J,)."""
        first = np.searchsorted(self.joint_of_motor, np.arange(len(self.joints)))
        return np.asarray(first, np.intp)

    @cached_property
    def slaves(self) -> npt.NDArray[np.intp]:
        """Which motors are the second of their joint, shape (S,)."""
        every = np.arange(len(self.motor_ids), dtype=np.intp)
        return np.setdiff1d(every, self.masters)

    @cached_property
    def signs(self) -> Array:
        """Sign of every motor, shape (M,)."""
        return np.array([m.sign for joint in self.joints for m in joint.motors], float)

    @cached_property
    def low(self) -> Array:
        """Lowest angle of every joint [rad], shape (J,)."""
        return np.array([joint.low_rad for joint in self.joints])

    @cached_property
    def high(self) -> Array:
        """Highest angle of every joint [rad], shape (J,)."""
        return np.array([joint.high_rad for joint in self.joints])

    def motor_rad(self, ticks: npt.NDArray[np.int64]) -> Array:
        """
        Return the joint angle that every motor reports [rad], shape (M,).

        ticks has the order of motor_ids and may be off by any number of whole turns.
        """
        _, reference, pose, centre = self._columns
        return wrap_near(pose + self.signs * (ticks - reference) * RAD_PER_TICK, centre)

    def ticks_at(self, q: Array) -> Array:
        """Return the tick (not rounded, turn zero) of every motor for joint angles q (J,)."""
        joint, reference, pose, _ = self._columns
        return reference + self.signs * (q[joint] - pose) / RAD_PER_TICK

    @cached_property
    def _columns(self) -> tuple[npt.NDArray[np.intp], Array, Array, Array]:
        joint = self.joint_of_motor
        reference = np.array([m.tick for row in self.joints for m in row.motors], float)
        pose = np.array([row.pose_rad for row in self.joints])[joint]
        return joint, reference, pose, ((self.low + self.high) / 2.0)[joint]


def wrap_near(angle: Array, centre: Array) -> Array:
    """Return the angle plus whole turns that lies in [centre - pi, centre + pi)."""
    turn = 2.0 * math.pi
    return centre + np.mod(angle - centre + math.pi, turn) - math.pi


def make_calibration(
    motors: dict[str, tuple[MotorCalibration, ...]], created: str, robot: str = 'r1'
) -> JoyloCalibration:
    """Join motor calibrations at the neutral pose with the ranges of the robot's joints."""
    body = load_body(robot)
    pose = body.pose(NEUTRAL_POSE)
    joints = []
    for joint in LEADER_JOINTS:
        i = body.index(joint.name)
        joints.append(
            JointCalibration(
                joint.name,
                float(body.limits.low[i]),
                float(body.limits.high[i]),
                float(pose[i]),
                motors[joint.name],
            )
        )
    return JoyloCalibration(tuple(joints), created)


def nominal_calibration(robot: str = 'r1') -> JoyloCalibration:
    """Return the calibration of the published build, which is also what our twin is made of."""
    motors = {
        joint.name: tuple(
            MotorCalibration(motor, joint.neutral_tick, joint.sign) for motor in joint.motors
        )
        for joint in LEADER_JOINTS
    }
    return make_calibration(motors, '2026-01-01T00:00:00+00:00', robot)
