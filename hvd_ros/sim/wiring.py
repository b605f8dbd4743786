# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Where the dimensions of a body are in a MuJoCo model: what is commanded, what is measured.

Commands and measurements are in the order and the units of the body; the model has them in the
order of its joints, openings as the travel of fingers, and the base's speed in the world's axes.
"""

import mujoco
import numpy as np
import numpy.typing as npt

from hvd_ros.core.robot.body import Array, Body, Dimension, Kind
from hvd_ros.sim import robot_model
from hvd_ros.sim.tasks import facts

Indices = npt.NDArray[np.intp]


class Wiring:
    """Writes commands to, and reads measurements from, the data of one model."""

    def __init__(self, model: mujoco.MjModel, body: Body) -> None:
        self._size = body.size
        self.bases = body.mask(Kind.VELOCITY)
        self._jointed = np.flatnonzero(body.mask(Kind.POSITION))
        self._scale = np.array(
            [1.0 if d.kind is Kind.VELOCITY else d.joint_per_unit for d in body.dimensions]
        )
        # As places, not as masks: a hundred times a second it tells.
        self._base, self._held = np.flatnonzero(self.bases), np.flatnonzero(~self.bases)
        self._servos = _servos(model, body)
        held = [d for d in body.dimensions if d.kind is not Kind.VELOCITY]
        places = [[model.joint(name).qposadr[0] for name in _joints(d)] for d in held]
        self._places = np.array(places, dtype=np.intp)
        rates = [model.joint(d.joint).dofadr[0] for d in held if d.kind is Kind.POSITION]
        self._rates = np.array(rates, dtype=np.intp)

    def command(self, data: mujoco.MjData, command: Array) -> None:
        """Set the targets of all motors to a command (D,)."""
        wanted = command * self._scale
        wanted[self._base] = facts.about_z(data.qpos[2]) @ wanted[self._base]
        data.ctrl[self._servos] = wanted

    def place(self, data: mujoco.MjData, position: Array) -> None:
        """Put all joints and openings where a position (D,) says; the base stays."""
        data.qpos[self._places] = (position * self._scale)[self._held, None]

    def position(self, data: mujoco.MjData) -> Array:
        """Where every dimension is (D,): joints, body-frame base velocities, openings."""
        found: Array = np.empty(self._size)
        found[self._base] = facts.about_z(-data.qpos[2]) @ data.qvel[:3]
        found[self._held] = data.qpos[self._places].mean(axis=1) / self._scale[self._held]
        return found

    def velocity(self, data: mujoco.MjData) -> Array:
        """How fast every joint moves (D,); NaN where the robot measures none."""
        found: Array = np.full(self._size, np.nan)
        found[self._jointed] = data.qvel[self._rates]
        return found


def _joints(dimension: Dimension) -> tuple[str, str]:
    """Return the joints of a dimension: twice the same, or the two fingers of a gripper."""
    one = dimension.joint
    other = one.replace('joint1', 'joint2') if dimension.kind is Kind.OPENING else one
    return one, other


def _servos(model: mujoco.MjModel, body: Body) -> Indices:
    """Return the actuator of every dimension."""
    bases = iter(robot_model.BASE_JOINTS)
    names = {Kind.POSITION: lambda d: d.joint, Kind.OPENING: lambda d: d.name}
    found = []
    for d in body.dimensions:
        name = next(bases) if d.kind is Kind.VELOCITY else names[d.kind](d)
        found.append(model.actuator(name).id)
    return np.array(found, dtype=np.intp)
