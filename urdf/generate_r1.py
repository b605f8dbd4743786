#!/usr/bin/env python3
# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes r1.urdf: `python3 urdf/generate_r1.py` after a change of r1_tables.py; commit both."""

from pathlib import Path

from r1_tables import COLORS, JOINTS, LEFT_JOINTS, LEFT_LINKS, LINKS, Link


def one_side(side):
    """Return links and joints of one arm, by full name; the right one mirrored in y."""
    y = 1 if side == 'left' else -1

    def mirror(v):
        return (v[0], y * v[1], v[2])

    links = {}
    for name, (mass, com, inertia, shapes) in LEFT_LINKS.items():
        seen = tuple(s._replace(xyz=mirror(s.xyz)) for s in shapes)
        links[f'{side}_{name}'] = Link(mass, mirror(com), inertia, seen)
    joints = []
    for j in LEFT_JOINTS:
        # Both wrist cameras are mounted alike, not mirrored. An axis keeps x and flips y and z.
        same = y == 1 or j.name.startswith('realsense')
        joints.append(
            j._replace(
                name=f'{side}_{j.name}',
                parent=j.parent if j.parent == 'torso_link4' else f'{side}_{j.parent}',
                child=f'{side}_{j.child}',
                xyz=j.xyz if same else mirror(j.xyz),
                axis=j.axis if same or not j.axis else (j.axis[0], -j.axis[1], -j.axis[2]),
                mimic=j.mimic and f'{side}_{j.mimic}',
            )
        )
    return links, joints


def text(values):
    """Write numbers so that they read back without noise."""
    return ' '.join(f'{v + 0.0:.7g}' for v in values)


def shape_xml(tag, s):
    """Return a <visual> or <collision>."""
    if len(s.size) == 3:
        primitive = f'<box size="{text(s.size)}"/>'
    else:
        primitive = f'<cylinder radius="{text(s.size[:1])}" length="{text(s.size[1:])}"/>'
    material = f'<material name="{s.color}"/>' if tag == 'visual' else ''
    origin = f'<origin xyz="{text(s.xyz)}" rpy="{text(s.rpy)}"/>'
    return f'    <{tag}>{origin}<geometry>{primitive}</geometry>{material}</{tag}>'


def link_xml(name, link):
    """Return one <link>; a frame without a body is empty."""
    if link is None:
        return [f'  <link name="{name}"/>']
    xx, yy, zz = (f'{v:.4g}' for v in link.inertia)
    return [
        f'  <link name="{name}">',
        '    <inertial>',
        f'      <origin xyz="{text(link.com)}" rpy="0 0 0"/>',
        f'      <mass value="{link.mass}"/>',
        f'      <inertia ixx="{xx}" ixy="0" ixz="0" iyy="{yy}" iyz="0" izz="{zz}"/>',
        '    </inertial>',
        *(shape_xml('visual', s) for s in link.shapes if s.seen),
        *(shape_xml('collision', s) for s in link.shapes if s.solid),
        '  </link>',
    ]


def joint_xml(j):
    """Return one <joint>."""
    lines = [
        f'  <joint name="{j.name}" type="{j.kind}">',
        f'    <parent link="{j.parent}"/>',
        f'    <child link="{j.child}"/>',
        f'    <origin xyz="{text(j.xyz)}" rpy="{text(j.rpy)}"/>',
    ]
    if j.axis:
        lines.append(f'    <axis xyz="{text(j.axis)}"/>')
    if j.limit:
        low, high, velocity, effort = j.limit
        lines.append(
            f'    <limit lower="{low}" upper="{high}" velocity="{velocity}" effort="{effort}"/>'
        )
    if j.mimic:
        lines.append(f'    <mimic joint="{j.mimic}" multiplier="1" offset="0"/>')
    return [*lines, '  </joint>']


def generate():
    """Return the text of r1.urdf."""
    links, joints = dict(LINKS), list(JOINTS)
    for side in ('left', 'right'):
        more_links, more_joints = one_side(side)
        links |= more_links
        joints += more_joints
    lines = [
        '<?xml version="1.0"?>',
        '<!-- Written by urdf/generate_r1.py: change r1_tables.py, not this. -->',
        '<robot name="r1">',
        *(f'  <material name="{n}"><color rgba="{c}"/></material>' for n, c in COLORS.items()),
    ]
    for name in ['base_link', *(j.child for j in joints)]:
        lines += link_xml(name, links.get(name))
    for j in joints:
        lines += joint_xml(j)
    return '\n'.join([*lines, '</robot>', ''])


if __name__ == '__main__':
    Path(__file__).with_name('r1.urdf').write_text(generate(), encoding='utf-8')
