# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which points are the robot itself.

A policy that sees its own arms as part of the scene learns from the noise of their surface, and
they cover what they hold. The robot is the sphere model that the self-collision check uses
(config/robots/*_spheres.yaml), posed as it was when the picture was taken.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.core.robot.collision import read_spheres
from hvd_ros.core.robot.kinematics import BodyKinematics
from hvd_ros.core.robot.urdf import read_urdf
from hvd_ros.core.vision.deproject import Points


class SelfFilter:
    """The spheres of one body, in groups that stay together while the robot moves."""

    def __init__(self, body: Body, kinematics: BodyKinematics, margin_m: float) -> None:
        if body.urdf is None or body.spheres is None:
            raise ConfigError(
                f'{body.name}: the robot description names no `spheres:` file (or no URDF), so '
                'the robot can not be told from the scene'
            )
        links, balls, _ = read_spheres(body.spheres, kinematics.tree.links)
        self._row = np.array([kinematics.tree.link(name) for name in links], dtype=np.intp)
        self._center = balls[:, :3, None]
        self.radius = balls[:, 3] + margin_m
        self._groups = list(_limbs(body, links))

    def centers(self, poses: Array) -> Array:
        """Return the centres (S, 3) of all spheres in base_link; poses as of BodyKinematics."""
        pose = poses[self._row]
        return (pose[:, :3, :3] @ self._center)[:, :, 0] + pose[:, :3, 3]

    def outside(self, points: Points, poses: Array) -> NDArray[np.bool_]:
        """Return which of (M, 3) points [m, base_link] are on no sphere, shape (M,)."""
        free = np.ones(len(points), dtype=bool)
        centers = self.centers(poses)
        for group in self._groups:
            near = _in_box(points, centers[group], self.radius[group])
            if len(near):
                free[near] &= _clear(points[near], centers[group], self.radius[group])
        return free


def _limbs(body: Body, links: list[str]) -> Iterator[NDArray[np.intp]]:
    """Yield the spheres that hang on the same part of the body: base, torso, each arm."""
    assert body.urdf is not None
    part_of = {d.joint: d.part for d in body.dimensions if d.joint}
    limb: dict[str, str] = {}
    for joint in read_urdf(body.urdf).joints:  # parents before children
        limb[joint.child] = part_of.get(joint.name, limb.get(joint.parent, ''))
    owner = [limb.get(name, '') for name in links]
    for name in dict.fromkeys(owner):
        yield np.flatnonzero(np.array(owner) == name)


def _in_box(points: Points, centers: Array, radius: Array) -> NDArray[np.intp]:
    """Return the points in the box around some spheres: most of a scene is far from a limb."""
    low = (centers - radius[:, None]).min(axis=0).astype(np.float32)
    high = (centers + radius[:, None]).max(axis=0).astype(np.float32)
    near = np.arange(len(points))
    for axis in range(3):
        value = points[near, axis]
        near = near[(value >= low[axis]) & (value <= high[axis])]
    return near


def _clear(points: Points, centers: Array, radius: Array) -> NDArray[np.bool_]:
    # |p - c|^2 - r^2 = p.p + (c.c - r^2) - 2 p.c, about the middle of the limb to keep digits.
    middle = centers.mean(axis=0)
    p = points - middle.astype(np.float32)
    c = (centers - middle).astype(np.float32)
    rest = np.einsum('ij,ij->i', c, c) - (radius * radius).astype(np.float32)
    lowest = (rest - 2.0 * (p @ c.T)).min(axis=1)
    clear: NDArray[np.bool_] = lowest + np.einsum('ij,ij->i', p, p) > 0.0
    return clear
