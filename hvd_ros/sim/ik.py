# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Where every joint must go so that both hands get where they should: damped least squares.

Arms are cheap to move, the torso less so, the base only where it is asked to. What meets its limit
is taken out and the rest solved again. Gripper axes: x the approach, y the opening.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import math

import mujoco
import numpy as np
import numpy.typing as npt

from hvd_ros.core.leader.torso import SQUAT, STAND
from hvd_ros.core.robot.body import Array, Body, Kind
from hvd_ros.sim import robot_model

_DAMPING = 1e-3
_COST = {'base': 0.3, 'torso': 0.5, 'arm': 0.1}  # of moving a joint
_HOMING = {'base': 0.0, 'torso': 0.02, 'arm': 0.01}  # pull towards the posture
_TURN_WEIGHT = 0.5  # of a radian against a metre
_STEP_M, _STEP_RAD = 0.1, 0.3  # as much of an error as one step believes in
_OFF_END_RAD = 0.1  # twice as far as a torso joint moves in a control step
_CLOSE_M, _CLOSE_RAD = 2e-3, 0.01


@dataclass(frozen=True, eq=False)
class Grip:
    """Where a gripping point is, or should be, in the world."""

    position: Array
    axes: Array  # columns


class Solver:
    """
    Solves for (base x, y, yaw, then every position dimension in the order of the body).

    The torso squats with its first two joints in the leader's proportion, leans and turns, as the
    thumbs on a JoyLo have it; free_torso lets each of its joints go its own way.
    """

    def __init__(self, body: Body, free_torso: bool = False) -> None:
        self._model = _bare(robot_model.build(body))
        self._data = mujoco.MjData(self._model)
        self._jacobian = np.zeros((6, self._model.nv))
        held = [d for d in body.dimensions if d.kind is Kind.POSITION]
        kept = body.mask(Kind.POSITION)
        names = [*robot_model.BASE_JOINTS, *(d.joint for d in held)]
        groups = ['base'] * 3 + [d.group for d in held]
        ids = [self._model.joint(name).id for name in names]
        self.free_torso = free_torso
        self._at, self._dof = self._model.jnt_qposadr[ids], self._model.jnt_dofadr[ids]
        self.low = np.concatenate((np.full(3, -np.inf), body.limits.low[kept]))
        self.high = np.concatenate((np.full(3, np.inf), body.limits.high[kept]))
        self._torso = np.array([i for i, g in enumerate(groups) if g == 'torso'])
        self._ways = _Ways(len(groups), None if free_torso else self._squat())
        cost = _DAMPING * np.array([_COST[g] for g in groups])
        homing = np.array([_HOMING[g] for g in groups]) ** 2
        self._pull = self._ways.matrix.T * homing
        self._stiff = self._ways.matrix.T * (cost + homing) @ self._ways.matrix
        self._posture = np.concatenate((np.zeros(3), body.pose('home')[kept]))
        self._hands = {s: self._model.body(f'{s}_gripping_point').id for s in ('left', 'right')}

    def _squat(self) -> tuple[npt.NDArray[np.intp], Array]:
        knees, ends = self._torso[:2], np.stack((STAND, SQUAT))
        # At an end of its way a torso joint does not do all that thumbs ask for: keep off.
        self.low[knees] = np.maximum(self.low[knees], ends.min(axis=0))
        self.high[knees] = np.minimum(self.high[knees], ends.max(axis=0))
        self.low[self._torso[:3]] += _OFF_END_RAD
        self.high[self._torso[:3]] -= _OFF_END_RAD
        return knees, (SQUAT - STAND) / np.abs(SQUAT - STAND).max()

    def grip(self, q: Array, side: str) -> Grip:
        """Return where a hand is in a posture."""
        self._move(q)
        return self._grip(side)

    def solve(
        self,
        q: Array,
        goals: Mapping[str, Grip],
        steps: int = 4,
        free_base: bool = False,
        most: Array | None = None,
    ) -> Array:
        """
        Take at most a few steps from a posture towards one that meets the goals.

        No joint goes further than `most` of it, where that is given; zero holds it.
        """
        low, high = self.low, self.high
        if most is not None:
            low, high = np.maximum(low, q - most), np.minimum(high, q + most)
        for _ in range(steps):
            rows, errors, close = self._demands(q, goals)
            q = self._step(q, rows, errors, free_base, low, high)
            if close:
                break
        return q

    def miss(self, q: Array, goals: Mapping[str, Grip]) -> float:
        """Return by how much the worst hand misses its place [m]."""
        return max(
            float(np.linalg.norm(self.grip(q, side).position - goal.position))
            for side, goal in goals.items()
        )

    def _move(self, q: Array) -> None:
        self._data.qpos[self._at] = q
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_comPos(self._model, self._data)

    def _grip(self, side: str) -> Grip:
        hand = self._hands[side]
        return Grip(self._data.xpos[hand].copy(), self._data.xmat[hand].reshape(3, 3).copy())

    def _demands(self, q: Array, goals: Mapping[str, Grip]) -> tuple[Array, Array, bool]:
        self._move(q)
        rows, errors = np.empty((6 * len(goals), len(q))), np.empty(6 * len(goals))
        jacobian, close = self._jacobian, True
        for at, (side, goal) in zip(range(0, len(errors), 6), goals.items(), strict=True):
            hand = self._hands[side]
            mujoco.mj_jacBody(self._model, self._data, jacobian[:3], jacobian[3:], hand)
            place = goal.position - self._data.xpos[hand]
            turn = turned(goal.axes @ self._data.xmat[hand].reshape(3, 3).T)
            close = close and _length(place) < _CLOSE_M and _length(turn) < _CLOSE_RAD
            rows[at : at + 6] = jacobian[:, self._dof]
            errors[at : at + 3] = _at_most(place, _STEP_M)
            errors[at + 3 : at + 6] = _at_most(turn, _STEP_RAD)
            rows[at + 3 : at + 6] *= _TURN_WEIGHT
            errors[at + 3 : at + 6] *= _TURN_WEIGHT
        return rows, errors, close

    def _step(
        self, q: Array, rows: Array, errors: Array, free_base: bool, low: Array, high: Array
    ) -> Array:
        A = rows @ self._ways.matrix
        least, most = self._ways.room(low - q, high - q)
        normal = A.T @ A + self._stiff
        wish = A.T @ errors + self._pull @ (self._posture - q)
        change, first = np.zeros(least.size), 0 if free_base else 3
        change[first:] = np.linalg.solve(normal[first:, first:], wish[first:])
        free = np.arange(least.size) >= first
        for _ in range(3):
            beyond = free & ((change < least) | (change > most))
            if not beyond.any():
                break
            change[beyond] = _within(change, least, most)[beyond]
            free &= ~beyond
            rest = wish[free] - normal[np.ix_(free, ~free)] @ change[~free]
            change[free] = np.linalg.solve(normal[np.ix_(free, free)], rest)
        return _within(q + self._ways.matrix @ _within(change, least, most), low, high)


class _Ways:
    """The ways (W) in which joints (J) may go: each its own, but those of a squat together."""

    def __init__(
        self, joints: int, together: tuple[npt.NDArray[np.intp], Array] | None = None
    ) -> None:
        self.matrix = np.eye(joints)  # (J, W)
        if together is not None:
            which, shares = together
            self.matrix[which, which[0]] = shares
            self.matrix = np.delete(self.matrix, which[1:], axis=1)
        way, self._joint = np.nonzero(self.matrix.T)
        self._share = self.matrix[self._joint, way]
        self._starts = np.searchsorted(way, np.arange(self.matrix.shape[1]))

    def room(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Return how far every way may be gone, back and forth, until a joint meets its end."""
        one, other = low[self._joint] / self._share, high[self._joint] / self._share
        back = np.maximum.reduceat(np.minimum(one, other), self._starts)
        forth = np.minimum.reduceat(np.maximum(one, other), self._starts)
        return back, forth


def turned(rotation: Array) -> Array:
    """Return the rotation vector of a matrix."""
    quat, vector = np.zeros(4), np.zeros(3)
    mujoco.mju_mat2Quat(quat, np.ascontiguousarray(rotation).ravel())
    mujoco.mju_quat2Vel(vector, quat, 1.0)
    return vector


def turn(vector: Array) -> Array:
    """Return the matrix of a rotation vector."""
    angle = _length(vector)
    quat, matrix = np.zeros(4), np.zeros(9)
    axis = vector / angle if angle > 1e-9 else np.array([1.0, 0, 0])
    mujoco.mju_axisAngle2Quat(quat, axis, angle)
    mujoco.mju_quat2Mat(matrix, quat)
    return matrix.reshape(3, 3)


def _bare(spec: mujoco.MjSpec) -> mujoco.MjModel:
    """Return a robot that nobody sees and nothing touches; its links have their own inertia."""
    for geom in list(spec.geoms):
        spec.delete(geom)
    return spec.compile()


# A hand takes up to five of a solver's steps ten times a second; NumPy's own norm() and clip()
# take five times as long as these for so few numbers.


def _length(vector: Array) -> float:
    return math.sqrt(vector.dot(vector))


def _within(values: Array, low: Array, high: Array) -> Array:
    found: Array = np.minimum(np.maximum(values, low), high)
    return found


def _at_most(vector: Array, length: float) -> Array:
    found = _length(vector)
    return vector if found <= length else vector * (length / found)
