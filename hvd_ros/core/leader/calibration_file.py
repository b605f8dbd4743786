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
import hashlib
import json
import math
import os
from pathlib import Path
from typing import Any

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
    path = path or calibration_path()
    content = {'kind': KIND, 'version': VERSION, **dataclasses.asdict(calibration)}
    text = json.dumps({**content, 'checksum': _checksum(content)}, indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + '.new')
    with fresh.open('w', encoding='utf-8') as file:
        file.write(text + '\n')
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return path


def load_calibration(path: Path | None = None) -> JoyloCalibration:
    """Read and check a file (default: the user's own); raise CalibrationError if unfit."""
    path = path or calibration_path()
    try:
        data = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise CalibrationError(f'{path}: the JoyLo arms are not calibrated; {_NEXT}') from None
    except (OSError, ValueError) as error:
        raise CalibrationError(f'{path}: not readable ({error}); {_NEXT}') from None
    if not isinstance(data, dict) or data.get('kind') != KIND:
        raise CalibrationError(f'{path}: not a calibration of JoyLo arms; {_NEXT}')
    if data.get('version') != VERSION:
        raise CalibrationError(
            f'{path}: version {data.get("version")!r}, this program reads {VERSION}; {_NEXT}'
        )
    if data.pop('checksum', None) != _checksum(data):
        raise CalibrationError(
            f'{path}: the checksum does not fit, it was damaged or edited; {_NEXT}'
        )
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


def _checksum(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(',', ':'))
    return hashlib.sha256(text.encode()).hexdigest()
