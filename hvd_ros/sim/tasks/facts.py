# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Placing things in physics and reading facts from it: poses, who touches what, who holds it."""

import math

import mujoco
import numpy as np
import numpy.typing as npt

from hvd_ros.core.robot.body import Array
from hvd_ros.sim.robot_model import ROBOT_BITS

Flags = npt.NDArray[np.bool_]
SIDES = ('left', 'right')
# Of each hand: two fingers, and the palm.
_HANDS = tuple(
    tuple(f'{side}_gripper_{part}' for part in ('finger_link1', 'finger_link2', 'link'))
    for side in SIDES
)


def pose(data: mujoco.MjData, name: str) -> tuple[Array, Array]:
    """Return where a body is and its axes as columns, in the world."""
    body = data.body(name)
    return body.xpos.copy(), body.xmat.reshape(3, 3).copy()


def yaw_of(rotation: Array) -> float:
    """Return where the x axis points, seen from above."""
    return math.atan2(rotation[1, 0], rotation[0, 0])


def wrapped(angle: Array | float, period: float = 2 * math.pi) -> Array:
    """Return an angle within half a period of zero."""
    return np.asarray((np.asarray(angle) + period / 2) % period - period / 2)


def about_z(angle: float) -> Array:
    """Turn about the vertical."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def about_y(angle: float) -> Array:
    """Turn about y: from z towards x."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, 0, s], [0, 1.0, 0], [-s, 0, c]])


def lay(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    name: str,
    position: Array,
    rotation: Array | None = None,
) -> None:
    """Put a loose or a mocap body somewhere, at rest."""
    quat = np.zeros(4)
    mujoco.mju_mat2Quat(quat, (np.eye(3) if rotation is None else rotation).ravel())
    body = model.body(name)
    mocap = int(body.mocapid[0])
    if mocap >= 0:
        data.mocap_pos[mocap], data.mocap_quat[mocap] = position, quat
        return
    at = model.jnt_qposadr[body.jntadr[0]]
    data.qpos[at : at + 3], data.qpos[at + 3 : at + 7] = position, quat


def speed(model: mujoco.MjModel, data: mujoco.MjData, name: str) -> float:
    """Return how fast a loose body moves [m/s]."""
    at = model.jnt_dofadr[model.body(name).jntadr[0]]
    moving = data.qvel[at : at + 3]
    return math.sqrt(moving.dot(moving))


def touched(model: mujoco.MjModel, data: mujoco.MjData, name: str) -> set[int]:
    """Return the bodies that a body touches, as ids."""
    # Contacts are few, and looked at a hundred times a second: lists are quicker than arrays.
    mine, pairs = model.body(name).id, model.geom_bodyid[data.contact.geom].tolist()
    return {two if one == mine else one for one, two in pairs if mine in (one, two)}


def met_by_robot(model: mujoco.MjModel, data: mujoco.MjData) -> set[int]:
    """Return the bodies that any part of the robot touches, as ids; quick when there is none."""
    geoms = data.contact.geom
    robot = model.geom_contype[geoms] == ROBOT_BITS['contype']
    return set(model.geom_bodyid[geoms[robot[:, ::-1]]].tolist())


def by_hand(model: mujoco.MjModel, data: mujoco.MjData, name: str) -> tuple[Flags, Flags]:
    """Return per hand whether it touches a body, and whether it holds it with both fingers."""
    near = touched(model, data, name)
    if not near:
        return np.zeros(2, dtype=np.bool_), np.zeros(2, dtype=np.bool_)
    hands = [[model.body(part).id in near for part in parts] for parts in _HANDS]
    return np.array([any(hand) for hand in hands]), np.array([all(hand[:2]) for hand in hands])


def press(model: mujoco.MjModel, data: mujoco.MjData, one: str, two: str) -> float:
    """Return the normal force between two bodies [N]."""
    pair = {model.body(one).id, model.body(two).id}
    total, force = 0.0, np.zeros(6)
    for i, bodies in enumerate(model.geom_bodyid[data.contact.geom].tolist()):
        if set(bodies) == pair:
            mujoco.mj_contactForce(model, data, i, force)
            total += float(force[0])
    return total


def standing(model: mujoco.MjModel, data: mujoco.MjData) -> dict[str, Array]:
    """Return the facts that every Truth has."""
    return {
        'time_s': np.array(data.time),
        'base': data.qpos[:3].copy(),
        'base_twist': data.qvel[:3].copy(),
    }
