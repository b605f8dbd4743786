# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Forward kinematics of a URDF in NumPy: where every link is, fast enough for each 100 Hz tick.

All joints are turned at once, then the tree is walked one depth at a time. Transforms are 4x4
matrices named `a_from_b`: they take coordinates in b to coordinates in a.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.core.robot.urdf import MOVING, Joint, Urdf, read_urdf


class Kinematics:
    """The frames of one URDF as a function of its joint positions."""

    def __init__(self, urdf: Path) -> None:
        self._path = urdf
        tree = read_urdf(urdf)
        self.links: tuple[str, ...] = (tree.root, *(j.child for j in tree.joints))
        moving = [j for j in tree.joints if j.kind in MOVING]
        # Free joints in tree order: the order of every array of joint positions here.
        self.joints: tuple[str, ...] = tuple(j.name for j in moving if not j.mimic)
        self._link_index = {name: i for i, name in enumerate(self.links)}
        self._joint_index = {name: i for i, name in enumerate(self.joints)}
        self._spread, self._offset = self._mimics(moving)
        self._fixed: Array = np.array([np.eye(4), *(j.parent_from_joint for j in tree.joints)])
        rows = [i + 1 for i, j in enumerate(tree.joints) if j.kind in MOVING]
        self._rows = np.array(rows, dtype=np.intp)
        terms = [_terms(j) for j in moving] or [(np.zeros((4, 4)),) * 3]
        self._sin, self._cos, self._slide = (np.array(t) for t in zip(*terms, strict=True))
        self._levels = self._by_depth(tree)

    def poses(self, q: Mapping[str, float] | Array) -> Array:
        """
        Return root_from_link of every link, shape (links, 4, 4), in the order of `links`.

        `q` is an array in the order of `joints`, or a mapping by joint name; a joint that a
        mapping leaves out stands at zero, an unknown name raises ConfigError.
        """
        free = self._array(q) if isinstance(q, Mapping) else q
        angle = (self._spread @ free + self._offset)[:, None, None]
        world = self._fixed.copy()
        world[self._rows] += (
            np.sin(angle) * self._sin + (1 - np.cos(angle)) * self._cos + angle * self._slide
        )
        for links, parents in self._levels:
            world[links] = world[parents] @ world[links]
        return world

    def link(self, name: str) -> int:
        """Return the row of a link in `poses`, or say which ones exist."""
        if name not in self._link_index:
            raise ConfigError(
                f"{self._path}: no link '{name}'; {did_you_mean(name, self._link_index)}"
            )
        return self._link_index[name]

    def joint(self, name: str) -> int:
        """Return the place of a free joint in `joints`, or say which ones exist."""
        if name not in self._joint_index:
            raise ConfigError(
                f"{self._path}: no free joint '{name}'; {did_you_mean(name, self._joint_index)}"
            )
        return self._joint_index[name]

    def a_from_b(self, poses: Array, a: str, b: str) -> Array:
        """Return the transform that takes coordinates in link b to link a."""
        a_from_b: Array = inverse(poses[self.link(a)]) @ poses[self.link(b)]
        return a_from_b

    def _array(self, q: Mapping[str, float]) -> Array:
        free = np.zeros(len(self.joints))
        for name, value in q.items():
            free[self.joint(name)] = value
        return free

    def _mimics(self, moving: list[Joint]) -> tuple[Array, Array]:
        spread = np.zeros((len(moving), len(self.joints)))
        offset = np.zeros(len(moving))
        for row, joint in enumerate(moving):
            spread[row, self.joint(joint.mimic or joint.name)] = joint.mimic_ratio
            offset[row] = joint.mimic_offset
        return spread, offset

    def _by_depth(self, tree: Urdf) -> list[tuple[Array, Array]]:
        depth = {tree.root: 0}
        levels: dict[int, list[tuple[int, int]]] = {}
        for joint in tree.joints:
            depth[joint.child] = depth[joint.parent] + 1
            pair = (self._link_index[joint.child], self._link_index[joint.parent])
            levels.setdefault(depth[joint.child], []).append(pair)
        return [tuple(np.array(pairs, dtype=np.intp).T) for pairs in levels.values()]  # type: ignore[misc]


class BodyKinematics:
    """The frames of a Body as a function of its values (grippers as openings, base at rest)."""

    def __init__(self, body: Body) -> None:
        if body.urdf is None:
            raise ConfigError(
                f'{body.name}: the robot description names no URDF, so it has no kinematics; '
                'add `urdf:` to it or use a robot that has one (r1)'
            )
        self.tree = Kinematics(body.urdf)
        self._size = body.size
        self._joints_from_values = np.zeros((len(self.tree.joints), body.size))
        for i, dimension in enumerate(body.dimensions):
            if dimension.joint:
                row = self.tree.joint(dimension.joint)
                self._joints_from_values[row, i] = dimension.joint_per_unit

    def joint_positions(self, values: Array) -> Array:
        """Return free joint positions, in the order of `tree.joints`, of body values (D,)."""
        return self._joints_from_values @ values

    def poses(self, values: Array) -> Array:
        """Return base_from_link of every link, shape (links, 4, 4); see Kinematics.poses."""
        return self.tree.poses(self._joints_from_values @ values)

    def pose(self, values: Array, link: str) -> Array:
        """Return base_from_link of one link, shape (4, 4)."""
        found: Array = self.poses(values)[self.tree.link(link)]
        return found


def inverse(a_from_b: Array) -> Array:
    """Return b_from_a of a rigid transform."""
    rotation = a_from_b[:3, :3].T
    b_from_a = np.eye(4)
    b_from_a[:3, :3], b_from_a[:3, 3] = rotation, -rotation @ a_from_b[:3, 3]
    return b_from_a


def quaternion_xyzw(rotation: Array) -> Array:
    """Return the unit quaternion (x, y, z, w), w >= 0, of a rotation matrix (3, 3)."""
    # Each row of K (Bar-Itzhack 2000) is exact for any rotation; its top eigenvector is q.
    r = rotation
    K = np.array(
        [
            [r[0, 0] - r[1, 1] - r[2, 2], r[1, 0] + r[0, 1], r[2, 0] + r[0, 2], r[2, 1] - r[1, 2]],
            [r[1, 0] + r[0, 1], r[1, 1] - r[0, 0] - r[2, 2], r[2, 1] + r[1, 2], r[0, 2] - r[2, 0]],
            [r[2, 0] + r[0, 2], r[2, 1] + r[1, 2], r[2, 2] - r[0, 0] - r[1, 1], r[1, 0] - r[0, 1]],
            [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], r[0, 0] + r[1, 1] + r[2, 2]],
        ]
    )
    q: Array = np.linalg.eigh(K)[1][:, 3]
    return -q if q[3] < 0 else q


def _terms(joint: Joint) -> tuple[Array, Array, Array]:
    # parent_from_child(q) = origin + sin(q) S + (1 - cos(q)) C + q P, by Rodrigues' formula.
    x, y, z = joint.axis
    cross = np.zeros((4, 4))
    cross[:3, :3] = [[0, -z, y], [z, 0, -x], [-y, x, 0]]
    slide = np.zeros((4, 4))
    slide[:3, 3] = joint.axis
    origin, none = joint.parent_from_joint, np.zeros((4, 4))
    if joint.kind == 'prismatic':
        return none, none, origin @ slide
    return origin @ cross, origin @ cross @ cross, none
