# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The room that tasks are played in, and the other room of the background perturbation."""

import mujoco

from hvd_ros.sim import scene

_OTHER_WALL = (0.34, 0.44, 0.52, 1)
_OTHER_TABLE = (0.86, 0.86, 0.88, 1)


def usual(spec: mujoco.MjSpec) -> None:
    """Put up the office: light walls, a window, a shelf of books."""
    scene.room(spec, width_m=6.0, depth_m=7.0)
    scene.shelf(spec, 'shelf', at=(3.2, -2.2))


def other(spec: mujoco.MjSpec) -> None:
    """Put up a room of other colours, with other things at its walls; nothing else differs."""
    scene.room(spec, width_m=6.0, depth_m=7.0)
    scene.shelf(spec, 'shelf', at=(3.2, 0.6))
    scene.shelf(spec, 'second_shelf', at=(3.2, -0.9))
    for side in ('front', 'back', 'left', 'right'):
        spec.geom(f'wall_{side}').rgba = list(_OTHER_WALL)
    spec.geom('door').rgba = [0.25, 0.3, 0.35, 1]
    spec.geom('rug').rgba = [0.5, 0.36, 0.33, 1]


def repaint(spec: mujoco.MjSpec) -> None:
    """Give the tables of a built task another colour."""
    for geom in spec.geoms:
        if geom.name.endswith('table_top'):
            geom.rgba = list(_OTHER_TABLE)
