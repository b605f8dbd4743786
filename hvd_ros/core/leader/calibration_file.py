# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The calibration file of the JoyLo arms: JSON with a date and a checksum, written atomically.

A file that is damaged, of another kind, of another version or for other motors is refused: a
wrong zero moves a real arm.
"""

from collections.abc import Mapping
import dataclasses
from datetime import datetime
import math
from pathlib import Path
from typing import Any

from hvd_ros.core import durable
from hvd_ros.core.errors import CalibrationError
from hvd_ros.core.leader.calibration import JointCalibration, JoyloCalibration, MotorCalibration
from hvd_ros.core.leader.motors import LEADER_JOINTS, TICKS_PER_TURN
from hvd_ros.core.share import user_config_dir

KIND = 'hvd_ros/joylo_calibration'
VERSION = 1
_NEXT = 'run `hvd calibrate joylo`'


def calibration_path() -> Path:
    """Return the place of the file in the user's config folder."""
    return user_config_dir() / 'joylo_calibration.json'


def save_calibration(calibration: JoyloCalibration, path: Path | None = None) -> Path:
    """Write the file so that a crash leaves the old one or the new one; return its path."""
    content = dataclasses.asdict(calibration)
    return durable.save_calibration(path or calibration_path(), KIND, VERSION, content)


def load_calibration(path: Path | None = None) -> JoyloCalibration:
    """Read and check a file (default: the user's own); raise CalibrationError if unfit."""
    path = path or calibration_path()
    if not path.exists():
        raise CalibrationError(f'{path}: the JoyLo arms are not calibrated; {_NEXT}')
    what = 'a calibration of JoyLo arms'
    data = durable.load_calibration(path, KIND, VERSION, what=what, cure=_NEXT)
    try:
        return _checked(data)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CalibrationError(f'{path}: {error}; {_NEXT}') from None


def _checked(data: Mapping[str, Any]) -> JoyloCalibration:
    datetime.fromisoformat(data['created'])
    joints = tuple(_joint(row) for row in data['joints'])
    want = tuple(joint.name for joint in LEADER_JOINTS)
    if tuple(joint.name for joint in joints) != want:
        raise ValueError('the joints are not those of these arms')
    for joint, expected in zip(joints, LEADER_JOINTS, strict=True):
        ids = tuple(motor.motor_id for motor in joint.motors)
        if ids != expected.motors:
            raise ValueError(f'{joint.name} has motors {ids}, these arms have {expected.motors}')
    return JoyloCalibration(joints, data['created'])


def _joint(row: Mapping[str, Any]) -> JointCalibration:
    low, high, pose = (float(row[key]) for key in ('low_rad', 'high_rad', 'pose_rad'))
    name = str(row['name'])
    if not (math.isfinite(low) and low <= pose <= high and high - low < 2.0 * math.pi):
        raise ValueError(f'{name}: {pose} rad in [{low}, {high}] is not a joint range')
    return JointCalibration(name, low, high, pose, tuple(_motor(name, m) for m in row['motors']))


def _motor(name: str, row: Mapping[str, Any]) -> MotorCalibration:
    motor_id, tick, sign = row['motor_id'], row['tick'], row['sign']
    if not all(type(x) is int for x in (motor_id, tick, sign)):
        raise ValueError(f'{name}: id, tick and sign of a motor must be whole numbers')
    if not 0 <= tick < TICKS_PER_TURN:
        raise ValueError(f'{name}: motor {motor_id}: tick {tick} is outside [0, 4095]')
    if sign not in (-1, 1):
        raise ValueError(f'{name}: motor {motor_id}: sign {sign} is neither 1 nor -1')
    return MotorCalibration(motor_id, tick, sign)
