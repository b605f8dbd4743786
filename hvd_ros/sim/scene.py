# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The places where the simulated robot stands: what is around it, and how it looks.

A scene is a name and a function that adds bodies to the robot's MjSpec; physics and the renderer
build the same one from the same name, so a state of the one is a picture of the other.
"""

from collections.abc import Callable, Sequence
from functools import partial
import math
from typing import Any

import mujoco

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.robot.body import Body
from hvd_ros.sim import robot_model
from hvd_ros.sim.robot_model import WORLD_BITS

Rgba = Sequence[float]
Furnish = Callable[[mujoco.MjSpec], None]

WALL: Rgba = (0.86, 0.86, 0.82, 1)
WOOD: Rgba = (0.72, 0.55, 0.37, 1)
STEEL: Rgba = (0.45, 0.47, 0.5, 1)
RED: Rgba = (0.8, 0.14, 0.12, 1)
YELLOW: Rgba = (0.93, 0.74, 0.13, 1)
GREEN: Rgba = (0.18, 0.55, 0.28, 1)
BLUE: Rgba = (0.16, 0.36, 0.72, 1)
FLOOR: Rgba = (0.6, 0.58, 0.55, 1)
RUG: Rgba = (0.46, 0.5, 0.56, 1)
WHITE: Rgba = (0.95, 0.95, 0.95, 1)
TABLE_HEIGHT_M = 0.72
# Things that are pushed or held; the default contact is so soft that thin walls are sunk into.
FIRM: dict[str, Any] = {'solref': [0.008, 1], 'friction': [1.0, 0.01, 0.0001]}
_TYPES = mujoco.mjtGeom


def build(
    body: Body, scene: str = 'floor', timestep_s: float = robot_model.TIMESTEP_S
) -> mujoco.MjSpec:
    """Return the robot at the world's origin in a scene, ready to be extended or compiled."""
    if scene not in SCENES:
        raise ConfigError(f"scene '{scene}': {did_you_mean(scene, SCENES)}")
    spec = robot_model.build(body, timestep_s)
    # Things come after the robot, whose joints thus keep their places in qpos.
    SCENES[scene](spec)
    return spec


def floor(spec: mujoco.MjSpec) -> None:
    """Add nothing: the robot on its floor."""


def office(spec: mujoco.MjSpec) -> None:
    """Furnish a room with a window, a table a short drive away, and things on it."""
    room(spec, width_m=6.0, depth_m=7.0)
    table(spec, 'table', at=(1.2, 0.0), size=(0.7, 1.5))
    shelf(spec, 'shelf', at=(2.6, -1.5))
    thing(spec, 'red_cube', box(0.05, 0.05, 0.05), RED, at=(1.0, 0.2), mass_kg=0.1)
    thing(spec, 'blue_box', box(0.12, 0.08, 0.06), BLUE, at=(1.2, -0.12), mass_kg=0.2, yaw=0.4)
    thing(spec, 'green_can', cylinder(0.033, 0.115), GREEN, at=(1.1, -0.38), mass_kg=0.3)
    thing(spec, 'yellow_brick', box(0.09, 0.045, 0.045), YELLOW, at=(1.1, 0.42), mass_kg=0.1)
    mug(spec, 'white_mug', at=(1.3, 0.17))


SCENES: dict[str, Furnish] = {'floor': floor, 'office': office}


# Parts that scenes are made of. Places are metres in the world, on the floor or on a table top.


def room(spec: mujoco.MjSpec, width_m: float, depth_m: float) -> None:
    """Put up walls and a ceiling around the robot, a rug, a window, a door, and light it."""
    _light(spec)
    # Plain: a picture with a texture on the floor takes half as long again.
    spec.geom('floor').rgba = list(FLOOR)
    # Bodies of their own: what is the world's, like the floor, is held against every link at every
    # step, however far away, which took a tenth of the physics.
    world, high, thick = spec.worldbody, 1.3, 0.05
    x, y = depth_m / 2, width_m / 2
    for name, pos, size in (
        ('front', (x + thick, 0, high), (thick, y, high)),
        ('back', (-x - thick, 0, high), (thick, y, high)),
        ('left', (0, y + thick, high), (x, thick, high)),
        ('right', (0, -y - thick, high), (x, thick, high)),
    ):
        wall = world.add_body(name=f'wall_{name}', pos=pos)
        _box(wall, f'wall_{name}', (0, 0, 0), size, WALL)
    decor = world.add_body(name='decor')
    _seen(decor, 'ceiling', (0, 0, 2 * high + thick), (x, y, thick), WHITE)
    _seen(decor, 'rug', (0.9, 0, 0.002), (1.3, 1.7, 0.002), RUG)
    _window(decor, x - 0.01, 0.9)
    _seen(decor, 'board', (x - 0.01, -0.9, 1.5), (0.01, 0.6, 0.4), (0.25, 0.42, 0.34, 1))
    _seen(decor, 'skirting', (x - 0.01, 0, 0.05), (0.015, y, 0.05), STEEL)
    _seen(decor, 'door', (0.5, y - 0.01, 1.0), (0.45, 0.015, 1.0), WOOD)
    _plant(decor, (x - 0.4, 0.1))


def _window(decor: mujoco.MjsBody, x: float, y: float) -> None:
    _seen(decor, 'window', (x, y, 1.6), (0.01, 0.7, 0.5), (0.62, 0.79, 0.93, 1))
    _seen(decor, 'sill', (x - 0.02, y, 1.08), (0.04, 0.76, 0.02), WHITE)
    _seen(decor, '', (x - 0.01, y, 1.6), (0.015, 0.02, 0.5), WHITE)
    _seen(decor, '', (x - 0.01, y, 1.6), (0.015, 0.7, 0.02), WHITE)


def _plant(decor: mujoco.MjsBody, at: tuple[float, float]) -> None:
    _seen(decor, '', (*at, 0.16), (0.13, 0.13, 0.16), (0.6, 0.34, 0.24, 1))
    for turned, size in (
        (0.4, (0.2, 0.05, 0.3)),
        (2.0, (0.22, 0.04, 0.26)),
        (2.9, (0.2, 0.05, 0.22)),
    ):
        decor.add_geom(
            type=_TYPES.mjGEOM_ELLIPSOID,
            pos=[*at, 0.55],
            quat=[math.cos(turned / 2), 0, 0, math.sin(turned / 2)],
            size=list(size),
            rgba=list(GREEN),
            contype=0,
            conaffinity=0,
            mass=0,
        )


def table(
    spec: mujoco.MjSpec,
    name: str,
    at: tuple[float, float],
    size: tuple[float, float],
    height_m: float = TABLE_HEIGHT_M,
) -> mujoco.MjsBody:
    """Stand a four-legged table of `size` (along x, along y) with its top at a height."""
    made = spec.worldbody.add_body(name=name, pos=[*at, 0])
    along_x, along_y, thick = size[0] / 2, size[1] / 2, 0.015
    _box(made, f'{name}_top', (0, 0, height_m - thick), (along_x, along_y, thick), WOOD, **FIRM)
    leg = (height_m - 2 * thick) / 2
    for x in (-along_x + 0.04, along_x - 0.04):
        for y in (-along_y + 0.04, along_y - 0.04):
            _box(made, '', (x, y, leg), (0.02, 0.02, leg), STEEL)
    return made


def shelf(spec: mujoco.MjSpec, name: str, at: tuple[float, float]) -> mujoco.MjsBody:
    """Stand an open shelf with books against a wall."""
    made = spec.worldbody.add_body(name=name, pos=[*at, 0])
    for y in (-0.4, 0.4):
        _box(made, '', (0, y, 0.75), (0.15, 0.015, 0.75), WOOD)
    for z in (0.1, 0.55, 1.0, 1.48):
        _box(made, '', (0, 0, z), (0.15, 0.4, 0.012), WOOD)
    for i, color in enumerate((RED, GREEN, BLUE, YELLOW, WHITE, BLUE)):
        _seen(made, '', (0, -0.3 + 0.05 * i, 1.13), (0.1, 0.02, 0.11), color)
    return made


def box(x: float, y: float, z: float) -> dict[str, object]:
    """Return a solid box by its edges [m]."""
    return {'type': _TYPES.mjGEOM_BOX, 'size': [x / 2, y / 2, z / 2]}


def cylinder(radius: float, height: float) -> dict[str, object]:
    """Return a standing solid cylinder [m]."""
    return {'type': _TYPES.mjGEOM_CYLINDER, 'size': [radius, height / 2, 0]}


def thing(
    spec: mujoco.MjSpec,
    name: str,
    shape: dict[str, object],
    rgba: Rgba,
    at: tuple[float, float],
    mass_kg: float,
    yaw: float = 0.0,
    on_m: float = TABLE_HEIGHT_M,
) -> mujoco.MjsBody:
    """Lay a loose thing at a place on a surface of height `on_m`."""
    size = shape['size']
    assert isinstance(size, list)
    half = size[1] if shape['type'] == _TYPES.mjGEOM_CYLINDER else size[2]
    made = loose(spec, name, (*at, on_m + half), yaw)
    made.add_geom(name=name, mass=mass_kg, rgba=list(rgba), **shape, **WORLD_BITS, **FIRM)
    return made


def mug(
    spec: mujoco.MjSpec, name: str, at: tuple[float, float], on_m: float = TABLE_HEIGHT_M
) -> mujoco.MjsBody:
    """Stand a hollow mug: a ring of twelve boxes on a disc (which alone touches), and a handle."""
    made = loose(spec, name, (*at, on_m), 0.5)
    radius, high, wall, pieces = 0.04, 0.09, 0.004, 12
    _box(made, '', (0.058, 0, high / 2), (0.018, 0.004, 0.025), WHITE, mass=0.02)
    made.add_geom(
        pos=[0, 0, wall], mass=0.08, rgba=list(WHITE), **cylinder(radius, 2 * wall), **WORLD_BITS
    )
    edge = radius * math.tan(math.pi / pieces) + wall / 2
    for i in range(pieces):
        a = 2 * math.pi * i / pieces
        made.add_geom(
            type=_TYPES.mjGEOM_BOX,
            pos=[radius * math.cos(a), radius * math.sin(a), high / 2 + 0.002],
            quat=[math.cos(a / 2), 0, 0, math.sin(a / 2)],
            size=[wall / 2, edge, high / 2],
            mass=0.02,
            rgba=list(WHITE),
            **WORLD_BITS,
            **FIRM,
        )
    return made


def loose(
    spec: mujoco.MjSpec, name: str, position: tuple[float, float, float], yaw: float = 0.0
) -> mujoco.MjsBody:
    """Return an empty body that may be pushed, lifted and dropped."""
    quat = [math.cos(yaw / 2), 0, 0, math.sin(yaw / 2)]
    made = spec.worldbody.add_body(name=name, pos=list(position), quat=quat)
    made.add_freejoint()
    return made


def _light(spec: mujoco.MjSpec) -> None:
    # Every lamp costs a sixth of a picture's time, so there is one, and light from the viewer.
    for lamp in list(spec.lights):
        spec.delete(lamp)
    spec.visual.headlight.ambient = [0.6, 0.6, 0.6]
    spec.visual.headlight.diffuse = [0.25, 0.25, 0.25]
    spec.visual.headlight.specular = [0, 0, 0]
    spec.worldbody.add_light(
        pos=[0.5, 1.0, 2.4], dir=[0.1, -0.25, -1], diffuse=[0.35, 0.35, 0.33], castshadow=False
    )


def _box(
    body: mujoco.MjsBody,
    name: str,
    pos: Sequence[float],
    half: Sequence[float],
    rgba: Rgba,
    touching: bool = True,
    **settings: object,
) -> None:
    """Add a box; one that is only seen is touched by nothing and weighs nothing."""
    named = {'name': name} if name else {}
    bits = WORLD_BITS if touching else {'contype': 0, 'conaffinity': 0, 'mass': 0}
    body.add_geom(
        type=_TYPES.mjGEOM_BOX,
        pos=list(pos),
        size=list(half),
        rgba=list(rgba),
        **named,
        **bits,
        **settings,
    )


_seen = partial(_box, touching=False)
