# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Calibrating the arms with a person, on the twin as on the real ones.

One known pose gives the zeros, one small motion per joint gives the signs.
"""

from collections.abc import Callable
import math
import time

import numpy as np
import numpy.typing as npt

from hvd_ros.core.errors import CalibrationError
from hvd_ros.core.leader.calibration import JoyloCalibration, MotorCalibration, make_calibration
from hvd_ros.core.leader.motors import LEADER_JOINTS, RAD_PER_TICK, TICKS_PER_TURN
from hvd_ros.drivers.joylo.arms import JoyloArms

Ticks = npt.NDArray[np.int64]
Tell = Callable[[str], None]

POSE_TEXT = (
    'Let both arms hang down relaxed, elbows folded as in the picture of the neutral pose, wrists '
    'straight. Hold still and press Enter.'
)
_SAMPLES = 20
_PERIOD_S = 0.01
_MOST_SPREAD_RAD = 0.02
_LEAST_MOTION_RAD = 0.2
_TRIES = 3


def run_calibration(
    arms: JoyloArms, ask: Tell, show: Tell, created: str, robot: str = 'r1'
) -> JoyloCalibration:
    """
    Guide a person through the calibration and return it; the caller saves it.

    `arms` are open (with any calibration), `ask` shows a text and returns when the person is
    ready, `show` shows progress, `created` is the date in ISO 8601. Raises CalibrationError with
    the joint and the reason when something does not add up after three tries.
    """
    ask(POSE_TEXT)
    neutral = steady_ticks(_collect(arms), arms.calibration.motor_ids)
    show(f'{len(neutral)} motors read; now one small motion per joint tells the signs.')
    motors = {}
    before = neutral
    for joint in LEADER_JOINTS:
        before, signs = _ask_sign(arms, joint.name, joint.motion, before, ask, show)
        at = [arms.calibration.motor_ids.index(motor) for motor in joint.motors]
        motors[joint.name] = tuple(
            MotorCalibration(motor, int(neutral[i] % TICKS_PER_TURN), sign)
            for motor, i, sign in zip(joint.motors, at, signs, strict=True)
        )
        show(f'{joint.name}: tick {neutral[at[0]] % TICKS_PER_TURN}, sign {signs[0]:+d}')
    return make_calibration(motors, created, robot)


def steady_ticks(samples: Ticks, motor_ids: tuple[int, ...]) -> Ticks:
    """Return the median tick of every motor, shape (M,); refuse arms that moved meanwhile."""
    spread = (samples.max(axis=0) - samples.min(axis=0)) * RAD_PER_TICK
    if (spread > _MOST_SPREAD_RAD).any():
        at = int(np.argmax(spread))
        raise CalibrationError(
            f'motor {motor_ids[at]} moved by {spread[at]:.3f} rad while the pose was read '
            f'(at most {_MOST_SPREAD_RAD}); hold the arms still and try again'
        )
    return np.asarray(np.round(np.median(samples, axis=0)), np.int64)


def motion_signs(
    calibration: JoyloCalibration, joint: str, before: Ticks, after: Ticks
) -> tuple[int, ...]:
    """Return the sign of each motor of a joint that a person turned in its positive direction."""
    moved = (after - before) * RAD_PER_TICK
    rows = calibration.joint_of_motor
    most = np.array([np.abs(moved[rows == j]).max() for j in range(len(calibration.names))])
    mine = calibration.names.index(joint)
    if int(np.argmax(most)) != mine and most.max() > _LEAST_MOTION_RAD:
        other = calibration.names[int(np.argmax(most))]
        raise CalibrationError(f'{other} moved more than {joint}; turn {joint} only')
    own = moved[rows == mine]
    if (np.abs(own) < _LEAST_MOTION_RAD).any():
        raise CalibrationError(
            f'{joint} moved by {math.degrees(most[mine]):.0f} deg only; turn it by about 30'
        )
    return tuple(int(np.sign(x)) for x in own)


def _ask_sign(
    arms: JoyloArms, joint: str, motion: str, before: Ticks, ask: Tell, show: Tell
) -> tuple[Ticks, tuple[int, ...]]:
    reason = ''
    for _ in range(_TRIES):
        ask(f'{joint}: {motion}, by about 30 degrees; hold it there and press Enter.')
        try:
            after = steady_ticks(_collect(arms), arms.calibration.motor_ids)
            return after, motion_signs(arms.calibration, joint, before, after)
        except CalibrationError as error:
            reason = str(error)
            show(f'once more: {reason}')
    raise CalibrationError(f'{reason}; given up after {_TRIES} tries, nothing was written')


def _collect(arms: JoyloArms) -> Ticks:
    rows = []
    for _ in range(_SAMPLES):
        rows.append(arms.read_ticks())
        time.sleep(_PERIOD_S)
    return np.array(rows)
