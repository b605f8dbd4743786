# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Where every joint must go so that both hands get where they should: damped least squares.

Arms are cheap to move, the torso less so, the base only where it is asked to. A joint that meets
its limit is taken out and the rest solved again. Gripper axes: x the approach, y the opening.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np
import numpy.typing as npt

from hvd_ros.core.robot.body import Array, Body, Kind
from hvd_ros.sim import robot_model

_DAMPING = 1e-3
_COST = {'base': 0.3, 'torso': 0.5, 'arm': 0.1}  # of moving a joint
_HOMING = {'base': 0.0, 'torso': 0.02, 'arm': 0.01}  # pull towards the posture
_TURN_WEIGHT = 0.5  # of a radian against a metre
_STEP_M, _STEP_RAD = 0.1, 0.3  # as much of an error as one step believes in
_CLOSE_M, _CLOSE_RAD = 2e-3, 0.01


@dataclass(frozen=True, eq=False)
class Grip:
    """Where a gripping point is, or should be, in the world."""

    position: Array
    axes: Array  # columns


class Solver:
    """Solves for (base x, y, yaw, then every position dimension in the order of the body)."""

    def __init__(self, body: Body) -> None:
        self._model = robot_model.build(body).compile()
        self._data = mujoco.MjData(self._model)
        held = [d for d in body.dimensions if d.kind is Kind.POSITION]
        kept = body.mask(Kind.POSITION)
        names = [*robot_model.BASE_JOINTS, *(d.joint for d in held)]
        groups = ['base'] * 3 + [d.group for d in held]
        ids = [self._model.joint(name).id for name in names]
        self._at, self._dof = self._model.jnt_qposadr[ids], self._model.jnt_dofadr[ids]
        self.low = np.concatenate((np.full(3, -np.inf), body.limits.low[kept]))
        self.high = np.concatenate((np.full(3, np.inf), body.limits.high[kept]))
        self._weight = _DAMPING * np.array([_COST[g] for g in groups])
        self._homing = np.array([_HOMING[g] for g in groups]) ** 2
        self._posture = np.concatenate((np.zeros(3), body.pose('home')[kept]))
        self._hands = {s: self._model.body(f'{s}_gripping_point').id for s in ('left', 'right')}

    def grip(self, q: Array, side: str) -> Grip:
        """Return where a hand is in a posture."""
        self._move(q)
        return self._grip(side)

    def solve(
        self, q: Array, goals: Mapping[str, Grip], steps: int = 4, free_base: bool = False
    ) -> Array:
        """Take at most a few steps from a posture towards one that meets the goals."""
        for _ in range(steps):
            rows, errors, close = self._demands(q, goals)
            q = self._step(q, rows, errors, free_base)
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
        rows, errors, close = [], [], True
        for side, goal in goals.items():
            now, jacobian = self._grip(side), np.zeros((6, self._model.nv))
            mujoco.mj_jacBody(
                self._model, self._data, jacobian[:3], jacobian[3:], self._hands[side]
            )
            place, turn = goal.position - now.position, turned(goal.axes @ now.axes.T)
            near = np.linalg.norm(place) < _CLOSE_M and np.linalg.norm(turn) < _CLOSE_RAD
            close = close and bool(near)
            rows += [jacobian[:3, self._dof], _TURN_WEIGHT * jacobian[3:, self._dof]]
            errors += [_at_most(place, _STEP_M), _TURN_WEIGHT * _at_most(turn, _STEP_RAD)]
        return np.vstack(rows), np.concatenate(errors), close

    def _step(self, q: Array, rows: Array, errors: Array, free_base: bool) -> Array:
        free: npt.NDArray[np.bool_] = np.ones(q.size, dtype=bool)
        free[:3] = free_base
        change = np.zeros(q.size)
        for _ in range(4):
            A, weight = rows[:, free], self._weight[free] + self._homing[free]
            rest = errors - rows[:, ~free] @ change[~free]
            pull = self._homing[free] * (self._posture - q)[free]
            change[free] = np.linalg.solve(A.T @ A + np.diag(weight), A.T @ rest + pull)
            beyond = free & ((q + change < self.low) | (q + change > self.high))
            if not beyond.any():
                break
            change[beyond] = (np.clip(q + change, self.low, self.high) - q)[beyond]
            free &= ~beyond
        return np.clip(q + change, self.low, self.high)


def turned(rotation: Array) -> Array:
    """Return the rotation vector of a matrix."""
    quat, vector = np.zeros(4), np.zeros(3)
    mujoco.mju_mat2Quat(quat, np.ascontiguousarray(rotation).ravel())
    mujoco.mju_quat2Vel(vector, quat, 1.0)
    return vector


def turn(vector: Array) -> Array:
    """Return the matrix of a rotation vector."""
    angle = float(np.linalg.norm(vector))
    quat, matrix = np.zeros(4), np.zeros(9)
    axis = vector / angle if angle > 1e-9 else np.array([1.0, 0, 0])
    mujoco.mju_axisAngle2Quat(quat, axis, angle)
    mujoco.mju_quat2Mat(matrix, quat)
    return matrix.reshape(3, 3)


def _at_most(vector: Array, length: float) -> Array:
    found = float(np.linalg.norm(vector))
    return vector if found <= length else vector * (length / found)
