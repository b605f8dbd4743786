# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The leader's own weight, so that its motors can help to carry it.

The leader is the robot's pair of arms, smaller and lighter: same axes, lengths scaled, masses
lumped where the motors sit. Its base stands upright whatever the robot's torso does.
"""

import numpy as np

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.core.robot.kinematics import Kinematics
from hvd_ros.core.robot.urdf import read_urdf

GRAVITY_M_S2 = 9.81
SCALE = 0.5  # length of a leader link over that of the robot, estimated
# Lumped at the robot link of that name, from the shoulder outwards: 18 g per motor, the printed
# parts, a Joy-Con at the end. Estimates; the gain of the gravity help takes up what is wrong.
MASSES_KG = {
    'arm_link2': 0.070,
    'arm_link3': 0.045,
    'arm_link4': 0.035,
    'arm_link5': 0.030,
    'arm_link6': 0.030,
    'gripper_link': 0.055,
}


class LeaderWeight:
    """Torque that holds the leader still, as a function of its joint angles."""

    def __init__(self, body: Body, joints: tuple[str, ...]) -> None:
        if body.urdf is None:
            raise ConfigError(f'{body.name}: gravity help needs `urdf:` in the robot description')
        self._tree = Kinematics(body.urdf)
        found = {joint.name: joint for joint in read_urdf(body.urdf).joints}
        self._axes = np.array([found[name].axis for name in joints])
        self._frames = np.array([self._tree.link(found[name].child) for name in joints], np.intp)
        self._places = np.array([self._tree.joint(name) for name in joints], np.intp)
        sides = sorted({name.split('_')[0] for name in joints})
        loads = [(side, link) for side in sides for link in MASSES_KG]
        self._loads = np.array([self._tree.link(f'{s}_{link}') for s, link in loads], np.intp)
        self._carried = np.array(
            [[_mass(found[name].child, side, link) for side, link in loads] for name in joints]
        )

    def torque_nm(self, q: Array) -> Array:
        """Return the holding torque along +q [N m] of every joint, shape (J,)."""
        free = np.zeros(len(self._tree.joints))
        free[self._places] = q
        poses = self._tree.poses(free)
        frames = poses[self._frames]
        axes = np.einsum('jab,jb->ja', frames[:, :3, :3], self._axes)
        # How fast each load rises when a joint turns: z . (axis x lever).
        lever = poses[self._loads][None, :, :2, 3] - frames[:, None, :2, 3]
        rise = axes[:, None, 0] * lever[:, :, 1] - axes[:, None, 1] * lever[:, :, 0]
        torque: Array = GRAVITY_M_S2 * SCALE * (self._carried * rise).sum(axis=1)
        return torque


def _mass(child: str, side: str, link: str) -> float:
    """Return the mass that a joint carries of a load: its own link's and everything outwards."""
    mine, own = child.split('_', 1)
    order = list(MASSES_KG)
    inwards = own in order and order.index(link) < order.index(own)
    return 0.0 if mine != side or inwards else MASSES_KG[link]
