#!/usr/bin/env python3
# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Writes config/robots/r1_spheres.yaml: `python3 urdf/generate_spheres.py`; commit the result.

Each collision primitive of r1.urdf is cut into cells, and each cell gets its circumscribed sphere,
so that the spheres cover it completely. Smaller cells hug it more closely and cost time.
"""

from math import ceil, hypot
from pathlib import Path

from hvd_ros.core.robot.urdf import Shape, read_urdf

HERE = Path(__file__).resolve().parent
SIDES = ('left', 'right')
CELL_M = {  # all axes alike, or one by one
    **{'base_link': 0.12, 'torso_link4': 0.11, 'zed_link': 0.11},
    **{'torso_link1': 0.095, 'torso_link2': 0.095},
    **dict.fromkeys(('left_gripper_link', 'right_gripper_link'), 0.04),
    # Thin slices, so that an open hand may hang beside the torso.
    **{f'{s}_gripper_finger_link{i}': (0.036, 0.036, 0.018) for s in SIDES for i in (1, 2)},
}
FINE_CELL_M = 0.063  # every other link

HAND = ('{}_gripper_link', '{}_gripper_finger_link1', '{}_gripper_finger_link2')
ARM_IGNORE = [
    ('torso_link4', '{}_arm_link2'),
    ('zed_link', '{}_arm_link2'),
    ('{}_arm_base_link', '{}_arm_link2'),
    *(('{}_arm_link3', far) for far in ('{}_arm_link5', '{}_arm_link6', *HAND)),
    *(('{}_arm_link4', far) for far in ('{}_arm_link6', *HAND)),
    *(('{}_arm_link5', finger) for finger in HAND[1:]),
    HAND[1:],  # they are meant to meet
]
# Pairs whose distance says nothing: joint limits keep them apart (a test samples that), yet they
# are always close, so that watching them would slow every motion.
IGNORE = [
    # The vendor's limit of torso_joint2 ends the fold; bounding boxes meet a little earlier.
    ('torso_link1', 'torso_link3'),
    ('torso_link2', 'torso_link4'),
    *((a.format(side), b.format(side)) for side in SIDES for a, b in ARM_IGNORE),
]


def cells(shape: Shape, cell_m: tuple[float, ...]) -> list[tuple[float, float, float, float]]:
    """Return x, y, z, r of the spheres of one primitive, in shape axes."""
    if shape.kind == 'cylinder':
        radius, length = shape.size
        n = ceil(length / cell_m[2])
        step = length / n
        zs = [(i + 0.5) * step - length / 2 for i in range(n)]
        return [(0.0, 0.0, z, hypot(radius, step / 2)) for z in zs]
    if shape.kind == 'sphere':
        return [(0.0, 0.0, 0.0, shape.size[0])]
    counts = [ceil(edge / cell) for edge, cell in zip(shape.size, cell_m, strict=True)]
    steps = [edge / n for edge, n in zip(shape.size, counts, strict=True)]
    middles = [
        [(i + 0.5) * step - edge / 2 for i in range(n)]
        for edge, n, step in zip(shape.size, counts, steps, strict=True)
    ]
    radius = hypot(*(step / 2 for step in steps))
    xs, ys, zs = middles
    return [(x, y, z, radius) for x in xs for y in ys for z in zs]


def spheres(name: str, shapes: tuple[Shape, ...]) -> list[str]:
    """Return the YAML rows of one link."""
    cell = CELL_M.get(name, FINE_CELL_M)
    cell_m = cell if isinstance(cell, tuple) else (cell, cell, cell)
    rows = []
    for shape in shapes:
        for *center, radius in cells(shape, cell_m):
            x, y, z = (shape.link_from_shape @ [*center, 1.0])[:3]
            # Rounding up keeps the cover complete.
            rows.append(f'    - [{x:.4f}, {y:.4f}, {z:.4f}, {ceil(radius * 1e4 + 1) / 1e4:.4f}]')
    return rows


def generate() -> str:
    """Return the text of r1_spheres.yaml."""
    lines = [
        '# Written by urdf/generate_spheres.py from r1.urdf: x, y, z, radius [m] in link axes.',
        'spheres:',
    ]
    for link in read_urdf(HERE / 'r1.urdf').links.values():
        # A wheel turns about two axes: one ball around it is right at every angle.
        if link.collisions:
            lines += [f'  {link.name}:', *spheres(link.name, link.collisions)]
    lines += ['# Pairs whose distance means nothing.', 'ignore:']
    lines += [f'  - [{a}, {b}]' for a, b in IGNORE]
    return '\n'.join([*lines, ''])


if __name__ == '__main__':
    target = HERE.parent / 'config' / 'robots' / 'r1_spheres.yaml'
    target.write_text(generate(), encoding='utf-8')
