# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the things of the tasks are made of: firm boxes, hollow cylinders, pens, sprung hinges."""

import math

import mujoco
import numpy as np

from hvd_ros.sim.robot_model import WORLD_BITS
from hvd_ros.sim.scene import loose

Rgba = tuple[float, float, float, float]


def board(
    body: mujoco.MjsBody,
    half: tuple[float, float, float],
    at: tuple[float, float, float],
    rgba: Rgba,
    **settings: object,
) -> None:
    """Add a solid box to a thing, firm unless told otherwise."""
    firm = {'solref': [0.008, 1], 'friction': [1.0, 0.02, 0.0005]}
    kind = mujoco.mjtGeom.mjGEOM_BOX
    body.add_geom(
        type=kind, size=list(half), pos=list(at), rgba=list(rgba), **WORLD_BITS, **firm | settings
    )


def ring(
    body: mujoco.MjsBody,
    radius: float,
    low: float,
    high: float,
    wall: float,
    rgba: Rgba,
    pieces: int = 14,
    **settings: object,
) -> None:
    """Add a hollow cylinder's wall between two heights, made of boxes; `radius` to its middle."""
    edge = radius * math.tan(math.pi / pieces) + 0.001
    for i in range(pieces):
        a = 2 * math.pi * i / pieces
        board(
            body,
            (wall / 2, edge, (high - low) / 2),
            (radius * math.cos(a), radius * math.sin(a), (low + high) / 2),
            rgba,
            quat=[math.cos(a / 2), 0, 0, math.sin(a / 2)],
            **settings,
        )


def sprung(joint: mujoco.MjsJoint, stiffness: float, damping: float) -> None:
    """Give a joint a spring and a damper."""
    # Numbers up to MuJoCo 3.4, the first of three later.
    for name, value in (('stiffness', stiffness), ('damping', damping)):
        if np.ndim(getattr(joint, name)):
            getattr(joint, name)[0] = value
        else:
            setattr(joint, name, value)


def pen(spec: mujoco.MjSpec, name: str, length: float, radius: float, rgba: Rgba) -> None:
    """Add a loose pen along its own z."""
    made = loose(spec, name, (0, 0, 0))
    made.add_geom(
        type=mujoco.mjtGeom.mjGEOM_CAPSULE,
        size=[radius, length / 2 - radius, 0],
        mass=0.02,
        condim=6,
        friction=[1, 0.02, 0.002],
        solref=[0.008, 1],
        rgba=list(rgba),
        **WORLD_BITS,
    )
    # Its cap: only seen.
    made.add_geom(
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[1.08 * radius, 0.16 * length, 0],
        pos=[0, 0, 0.3 * length],
        mass=0,
        contype=0,
        conaffinity=0,
        rgba=[0.12, 0.12, 0.14, 1],
    )
