# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
May this robot move at all: joint feedback, and what the robot says of itself.

Feedback is checked for age and for life: an encoder that repeats the same bits although its joint
was told to move is a broken wire, however fresh its messages are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hvd_ros.core.reasons import Reason
from hvd_ros.core.robot.body import Array, Body, Kind

_MOVED = 0.05  # [rad] a joint that was told to move this far must show some change


@dataclass(frozen=True, eq=False)
class Feedback:
    """Measured values of one moment, in units of the command; base speeds are zero."""

    values: Array  # (D,)
    received_ns: int  # steady clock


@dataclass(frozen=True)
class Health:
    """What the robot says of itself; NaN where the vendor says nothing."""

    battery_percent: float
    temperature_c: float
    base_ready: bool
    base_reason: str
    faults: tuple[str, ...]
    received_ns: int  # steady clock


@dataclass(frozen=True)
class Bounds:
    """When a robot must not move."""

    feedback_ns: int
    frozen_ns: int
    health_ns: int
    battery_low_percent: float
    temperature_high_c: float


@dataclass(frozen=True, eq=False)
class Vitals:
    """The newest feedback and health, and which joints owe an answer to a command."""

    feedback: Feedback | None = None
    health: Health | None = None
    sent_then: Array | None = None  # (D,) what was sent when the measured number last changed
    owing_ns: npt.NDArray[np.int64] | None = None  # (D,) since when a change is owed


def feedback_reader(body: Body) -> 'FeedbackReader':
    """Return the translation from joint names to the order of a body."""
    joints = [d.joint if d.kind is not Kind.VELOCITY else '' for d in body.dimensions]
    return FeedbackReader(joints, np.array([d.joint_per_unit for d in body.dimensions]))


class FeedbackReader:
    """Turns named joint positions into command units; keeps the order that it saw last."""

    def __init__(self, joints: Sequence[str], per_unit: Array) -> None:
        self._ids = np.array([i for i, name in enumerate(joints) if name], dtype=np.intp)
        self._wanted = [name for name in joints if name]
        self._per_unit = per_unit[self._ids]
        self._size = len(joints)
        self._names: list[str] = []
        self._places: npt.NDArray[np.intp] | None = None

    def read(
        self, names: Sequence[str], positions: Sequence[float], now_ns: int
    ) -> Feedback | None:
        """Return the feedback, or None if a joint is missing or a number is not finite."""
        if names != self._names:
            self._names = list(names)
            self._places = _places(self._names, self._wanted)
        if self._places is None or len(positions) != len(self._names):
            return None
        found = np.asarray(positions, dtype=np.float64)[self._places] / self._per_unit
        if not np.isfinite(found).all():
            return None
        values = np.zeros(self._size)
        values[self._ids] = found
        return Feedback(values, now_ns)


def hear_feedback(vitals: Vitals, feedback: Feedback, sent: Array | None) -> Vitals:
    """Note a feedback; sent is the last command while the joints are driven, else None."""
    old = vitals.feedback
    if old is None or vitals.sent_then is None or sent is None:
        return replace(vitals, feedback=feedback, sent_then=sent, owing_ns=None)
    then = np.where(feedback.values != old.values, sent, vitals.sent_then)
    return replace(vitals, feedback=feedback, sent_then=then)


def watch_life(vitals: Vitals, now_ns: int, sent: Array | None) -> Vitals:
    """Note since when each joint was told to move without having changed its number."""
    if sent is None or vitals.sent_then is None:
        return replace(vitals, sent_then=None, owing_ns=None)
    told = np.abs(sent - vitals.sent_then) > _MOVED
    if vitals.owing_ns is None:
        return replace(vitals, owing_ns=np.full(sent.shape, now_ns, dtype=np.int64))
    return replace(vitals, owing_ns=np.where(told, vitals.owing_ns, now_ns))


def feedback_reason(
    vitals: Vitals, now_ns: int, bounds: Bounds, positions: npt.NDArray[np.bool_]
) -> Reason:
    """Say why the joint feedback forbids motion, or NONE; grippers may rest on an object."""
    if vitals.feedback is None:
        return Reason.NO_FEEDBACK
    if now_ns - vitals.feedback.received_ns > bounds.feedback_ns:
        return Reason.STALE_FEEDBACK
    owing = vitals.owing_ns
    if owing is not None and (positions & (now_ns - owing > bounds.frozen_ns)).any():
        return Reason.FROZEN_FEEDBACK
    return Reason.NONE


def health_reason(vitals: Vitals, bounds: Bounds) -> Reason:
    """Say why the robot's own report forbids motion, or NONE; unknown numbers forbid nothing."""
    health = vitals.health
    if health is None:
        return Reason.NONE
    if health.faults:
        # The r1 node begins the line of a hot motor with the code of that reason.
        hot = all(line.startswith(Reason.OVER_TEMPERATURE) for line in health.faults)
        return Reason.OVER_TEMPERATURE if hot else Reason.MOTOR_FAULT
    # Written so that NaN, which is unknown, compares false.
    if health.temperature_c > bounds.temperature_high_c:
        return Reason.OVER_TEMPERATURE
    if health.battery_percent < bounds.battery_low_percent:
        return Reason.BATTERY_LOW
    return Reason.NONE


def base_reason(vitals: Vitals, now_ns: int, bounds: Bounds) -> Reason:
    """Say why the chassis may not be driven, or NONE; a robot that says nothing is not ready."""
    health = vitals.health
    if health is None or now_ns - health.received_ns > bounds.health_ns or not health.base_ready:
        return Reason.BASE_NOT_READY
    return Reason.NONE


def _places(names: Sequence[str], wanted: Sequence[str]) -> npt.NDArray[np.intp] | None:
    order: Mapping[str, int] = {name: i for i, name in enumerate(names)}
    if len(order) != len(names) or any(name not in order for name in wanted):
        return None
    return np.array([order[name] for name in wanted], dtype=np.intp)
