# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Reading a URDF once, into plain frozen records.

Kinematics, the self-collision model and the simulated body all start from these records, so that
the file is interpreted in one place. Meshes are not supported: our robots are primitives.
"""

from dataclasses import dataclass
from pathlib import Path
import xml.etree.ElementTree as ET

import numpy as np

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.body import Array

_Colors = dict[str | None, ET.Element]
MOVING = ('revolute', 'continuous', 'prismatic')


@dataclass(frozen=True, eq=False)
class Shape:
    """A primitive on a link."""

    kind: str  # box, cylinder or sphere
    size: tuple[float, ...]  # [m] box: full edges; cylinder: radius, length; sphere: radius
    link_from_shape: Array  # (4, 4)
    rgba: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Inertial:
    """Mass [kg], centre of mass [m] and inertia about it [kg m^2], in link axes."""

    mass: float
    com: Array  # (3,)
    inertia: Array  # (3, 3)


@dataclass(frozen=True, eq=False)
class Link:
    """A rigid piece; a pure frame has no inertial and no shapes."""

    name: str
    inertial: Inertial | None
    visuals: tuple[Shape, ...]
    collisions: tuple[Shape, ...]


@dataclass(frozen=True, eq=False)
class Joint:
    """What connects a link to its parent; limits in rad or m."""

    name: str
    kind: str  # revolute, continuous, prismatic or fixed
    parent: str
    child: str
    parent_from_joint: Array  # (4, 4) at position zero
    axis: Array  # (3,) unit vector in joint axes
    low: float
    high: float
    velocity: float  # [rad/s or m/s]
    effort: float  # [N m or N]
    mimic: str  # name of the joint that this one copies; empty if free
    mimic_ratio: float
    mimic_offset: float


@dataclass(frozen=True, eq=False)
class Urdf:
    """A checked tree."""

    name: str
    root: str
    links: dict[str, Link]
    joints: tuple[Joint, ...]  # parents before children


def read_urdf(path: Path) -> Urdf:
    """Read a URDF file, or raise ConfigError naming what is wrong with it."""
    try:
        xml = ET.parse(path).getroot()
        colors = {m.get('name'): m for m in xml.findall('material')}
        links = {e.attrib['name']: _link(e, colors) for e in xml.findall('link')}
        joints = [_joint(e) for e in xml.findall('joint')]
    except (OSError, ET.ParseError, ValueError, KeyError, AttributeError) as error:
        raise ConfigError(f'{path}: not readable as URDF: {error}') from None
    root, ordered = _tree(path, links, joints)
    return Urdf(str(xml.get('name')), root, links, ordered)


def transform(xyz: Array, rotation: Array) -> Array:
    """Return the 4x4 matrix of a rotation followed by a shift."""
    result = np.eye(4)
    result[:3, :3], result[:3, 3] = rotation, xyz
    return result


def rotation_from_rpy(rpy: Array) -> Array:
    """Return the rotation of URDF angles: about fixed x, then y, then z."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(rpy), np.sin(rpy)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def _tree(
    path: Path, links: dict[str, Link], joints: list[Joint]
) -> tuple[str, tuple[Joint, ...]]:
    children = [j.child for j in joints]
    roots = [name for name in links if name not in children]
    if len(roots) != 1:
        raise ConfigError(f'{path}: a robot has one root link, this one has {roots}')
    names = {j.name for j in joints}
    for joint in joints:
        for link in (joint.parent, joint.child):
            if link not in links:
                raise ConfigError(f"{path}: joint '{joint.name}' names an unknown link '{link}'")
        if joint.mimic and joint.mimic not in names:
            raise ConfigError(f"{path}: joint '{joint.name}' copies an unknown '{joint.mimic}'")
    ordered: list[Joint] = []
    reached = [roots[0]]
    for parent in reached:  # grows while we walk
        below = [j for j in joints if j.parent == parent]
        ordered += below
        reached += [j.child for j in below]
    if sorted(reached) != sorted(links):
        raise ConfigError(f'{path}: links {sorted(set(links) - set(reached))} hang in a loop')
    return roots[0], tuple(ordered)


def _joint(e: ET.Element) -> Joint:
    axis = _vector(e.find('axis'), 'xyz', '1 0 0')
    limit = e.find('limit')
    mimic = e.find('mimic')
    bound = {} if limit is None else {k: float(v) for k, v in limit.attrib.items()}
    return Joint(
        name=e.attrib['name'],
        kind=e.attrib['type'],
        parent=_child(e, 'parent').attrib['link'],
        child=_child(e, 'child').attrib['link'],
        parent_from_joint=_origin(e),
        axis=axis / np.linalg.norm(axis),
        low=bound.get('lower', -np.inf),
        high=bound.get('upper', np.inf),
        velocity=bound.get('velocity', np.inf),
        effort=bound.get('effort', np.inf),
        mimic='' if mimic is None else mimic.attrib['joint'],
        mimic_ratio=1.0 if mimic is None else float(mimic.get('multiplier', '1')),
        mimic_offset=0.0 if mimic is None else float(mimic.get('offset', '0')),
    )


def _link(e: ET.Element, colors: _Colors) -> Link:
    inertial = e.find('inertial')
    return Link(
        name=e.attrib['name'],
        inertial=None if inertial is None else _inertial(inertial),
        visuals=tuple(_shape(v, colors) for v in e.findall('visual')),
        collisions=tuple(_shape(c, colors) for c in e.findall('collision')),
    )


def _inertial(e: ET.Element) -> Inertial:
    inertia = _child(e, 'inertia').attrib
    xx, xy, xz, yy, yz, zz = (
        float(inertia[k]) for k in ('ixx', 'ixy', 'ixz', 'iyy', 'iyz', 'izz')
    )
    pose = _origin(e)
    rotation = pose[:3, :3]
    tensor = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    mass = float(_child(e, 'mass').attrib['value'])
    return Inertial(mass, pose[:3, 3], rotation @ tensor @ rotation.T)


def _shape(e: ET.Element, colors: _Colors) -> Shape:
    body = next(iter(_child(e, 'geometry')))
    if body.tag == 'box':
        size = tuple(_vector(body, 'size', '').tolist())
    elif body.tag == 'cylinder':
        size = (float(body.attrib['radius']), float(body.attrib['length']))
    elif body.tag == 'sphere':
        size = (float(body.attrib['radius']),)
    else:
        raise ValueError(f'<{body.tag}> shapes are not supported; use box, cylinder or sphere')
    material = e.find('material')
    # A material is named here and coloured here or at the top of the file.
    named = None if material is None else colors.get(material.get('name'), material)
    color = None if named is None else named.find('color')
    rgba = tuple(_vector(color, 'rgba', '0.7 0.7 0.7 1').tolist())
    return Shape(body.tag, size, _origin(e), rgba)


def _origin(e: ET.Element) -> Array:
    origin = e.find('origin')
    rotation = rotation_from_rpy(_vector(origin, 'rpy', '0 0 0'))
    return transform(_vector(origin, 'xyz', '0 0 0'), rotation)


def _child(e: ET.Element, tag: str) -> ET.Element:
    found = e.find(tag)
    if found is None:
        raise ValueError(f"<{e.tag} name='{e.get('name', '')}'> lacks <{tag}>")
    return found


def _vector(e: ET.Element | None, key: str, default: str) -> Array:
    text = default if e is None else e.get(key, default)
    return np.array([float(x) for x in text.split()])
