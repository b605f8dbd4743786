# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Translation between our whole-body command and the streams of the robot's own software.

The vendor splits the body into streams (arms, torso, grippers, chassis), counts a gripper in
millimetres of opening and names feedback joints with placeholders; only their order counts. Both
transports and both twins share this file, so that a stream can not mean two things.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hvd_ros.core.errors import CommandRejected, ContractMismatch, DeviceError
from hvd_ros.core.robot.body import Array, Body

STROKE_MM = 100.0  # fully open
FINGER_M_PER_MM = 0.0005  # each of the two fingers travels half the opening
# A gripper reads up to 101.8 when open and a little below zero when closed.
STROKE_SLACK_MM = 5.0
WHEELS = 3

ARMS = ('arm_left', 'arm_right')
GRIPPERS = ('gripper_left', 'gripper_right')
JOINT_STREAMS = (*ARMS, 'torso', *GRIPPERS)
STREAMS = (*JOINT_STREAMS, 'chassis')


def stroke_from_opening(opening: float) -> float:
    """Return the vendor's stroke [mm] of an opening 0 closed .. 1 open."""
    return STROKE_MM * min(1.0, max(0.0, opening))


def opening_from_stroke(stroke_mm: float) -> float:
    """Return the opening 0..1 of a measured stroke; readings a little outside count as ends."""
    return min(1.0, max(0.0, stroke_mm / STROKE_MM))


@dataclass(frozen=True, eq=False)
class VendorTargets:
    """What goes out in one go; joints only while a command drives them, the base always."""

    stamp_ns: int  # ROS time at which the command was formed
    base: tuple[float, float, float]  # vx [m/s], vy [m/s], wz [rad/s]
    joints: Mapping[str, Array]  # 'arm_left', 'arm_right', 'torso' -> [rad]
    strokes_mm: Mapping[str, float]  # 'gripper_left', 'gripper_right'


def standstill(stamp_ns: int) -> VendorTargets:
    """Return targets that stop the base and leave the joints alone."""
    return VendorTargets(stamp_ns, (0.0, 0.0, 0.0), {}, {})


@dataclass(frozen=True, eq=False)
class Reading:
    """One vendor feedback message, checked: all three arrays have the stream's length."""

    position: Array
    velocity: Array
    effort: Array


@dataclass(frozen=True, eq=False)
class Joints:
    """The joint state under the names of the robot description."""

    names: tuple[str, ...]
    position: Array
    velocity: Array
    effort: Array


@dataclass(frozen=True, eq=False)
class Wiring:
    """Which dimensions of a body travel in which vendor stream."""

    body: Body

    @cached_property
    def _indices(self) -> dict[str, list[int]]:
        parts = {
            'arm_left': 'left_arm', 'arm_right': 'right_arm', 'torso': 'torso',
            'gripper_left': 'left_gripper', 'gripper_right': 'right_gripper',
        }  # fmt: skip
        for part in parts.values():
            if part not in self.body.parts:
                raise ContractMismatch(
                    f"robot '{self.body.name}' has no part '{part}', so the R1's own software "
                    f'can not move it; it has {", ".join(self.body.parts)}'
                )
        return {stream: [int(i) for i in self.body.parts[part]] for stream, part in parts.items()}

    @cached_property
    def _base(self) -> list[int]:
        return [self.body.index(name) for name in ('base_vx', 'base_vy', 'base_wz')]

    def size(self, stream: str) -> int:
        """Return how many numbers a stream carries."""
        return WHEELS if stream == 'chassis' else len(self._indices[stream])

    def joint_names(self, stream: str) -> tuple[str, ...]:
        """Return the URDF joints that a stream's feedback moves."""
        dimensions = [self.body.dimensions[i] for i in self._indices[stream]]
        if stream in GRIPPERS:
            first = dimensions[0].joint
            return (first, first.removesuffix('1') + '2')
        return tuple(d.joint for d in dimensions)

    @cached_property
    def all_joints(self) -> tuple[str, ...]:
        """URDF joints of the whole joint state, in order."""
        return tuple(name for stream in JOINT_STREAMS for name in self.joint_names(stream))

    def split(self, values: Array, layout_id: int, stamp_ns: int, engaged: bool) -> VendorTargets:
        """Split a command (D,) into vendor targets; raises CommandRejected, never sends half."""
        if layout_id != self.body.layout_id:
            raise CommandRejected(
                f'wrong_layout: command is for layout {layout_id:#x}, this robot is '
                f"{self.body.layout_id:#x} ('{self.body.name}'); start both with the same robot"
            )
        if values.shape != (self.body.size,):
            raise CommandRejected(
                f'wrong_length: command has {values.size} values, expected {self.body.size}'
            )
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            name = self.body.names[bad[0]]
            raise CommandRejected(f'non_finite: command {name} = {values[bad[0]]}')
        vx, vy, wz = (float(values[i]) for i in self._base)
        if not engaged:
            return VendorTargets(stamp_ns, (vx, vy, wz), {}, {})
        return VendorTargets(
            stamp_ns=stamp_ns,
            base=(vx, vy, wz),
            joints={s: values[self._indices[s]] for s in (*ARMS, 'torso')},
            strokes_mm={
                s: stroke_from_opening(float(values[self._indices[s][0]])) for s in GRIPPERS
            },
        )

    def read(
        self,
        stream: str,
        position: Sequence[float],
        velocity: Sequence[float],
        effort: Sequence[float],
    ) -> Reading:
        """
        Check one feedback message and cut it to the stream's length.

        Velocity and effort may be absent (they are on some firmware) and then count as zero.
        Raises DeviceError that names stream and value; nothing of a bad message is used.
        """
        size = self.size(stream)
        # The R1 appends the gripper to each arm; the chassis pads its wheel speeds with zeros.
        longest = {'chassis': 2 * WHEELS}.get(stream, size + 1 if stream in ARMS else size)
        arrays = []
        for what, values in (('position', position), ('velocity', velocity), ('effort', effort)):
            if what != 'position' and stream != 'chassis' and len(values) == 0:
                arrays.append(np.zeros(size))
                continue
            if what == 'effort' and stream == 'chassis':
                arrays.append(np.zeros(size))
                continue
            if not size <= len(values) <= longest:
                raise DeviceError(
                    f'feedback {stream}: {what} has {len(values)} values, expected {size}'
                    f'{f" to {longest}" if longest > size else ""}'
                )
            arrays.append(_finite(stream, what, values, size))
        if stream in GRIPPERS:
            _plausible_stroke(stream, float(arrays[0][0]))
        return Reading(*arrays)

    def join(self, readings: Mapping[str, Reading]) -> Joints:
        """Join one reading of every joint stream into the joint state; all must be there."""
        columns: list[list[Array]] = [[], [], []]
        for stream in JOINT_STREAMS:
            reading = readings[stream]
            triple = (reading.position, reading.velocity, reading.effort)
            if stream in GRIPPERS:
                opening_mm = STROKE_MM * opening_from_stroke(float(reading.position[0]))
                finger = np.array([opening_mm, reading.velocity[0]]) * FINGER_M_PER_MM
                triple = (
                    np.full(2, finger[0]),
                    np.full(2, finger[1]),
                    np.full(2, reading.effort[0]),
                )
            for column, part in zip(columns, triple, strict=True):
                column.append(part)
        return Joints(self.all_joints, *(np.concatenate(column) for column in columns))


def _finite(stream: str, what: str, values: Sequence[float], size: int) -> Array:
    # JSON has no NaN: rosbridge writes null, which becomes NaN here.
    array = np.array(values[:size], dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise DeviceError(f'feedback {stream}: {what}[{bad[0]}] = {array[bad[0]]}')
    return array


def _plausible_stroke(stream: str, stroke_mm: float) -> None:
    if not -STROKE_SLACK_MM <= stroke_mm <= STROKE_MM + STROKE_SLACK_MM:
        raise DeviceError(
            f'feedback {stream}: stroke {stroke_mm:.1f} mm is outside '
            f'[{-STROKE_SLACK_MM:.0f}, {STROKE_MM + STROKE_SLACK_MM:.0f}]'
        )
