# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The picture half of the page: the robot, the leader's ghost, the ground and the way it came.

The robot stays in the middle and the ground moves under it, so that no camera has to follow.
"""

from collections.abc import Collection, Mapping
import math
from typing import Any

import numpy as np
import viser
import viser.transforms as tf

from hvd_ros.core.robot.body import Array
from hvd_ros.core.robot.kinematics import Kinematics
from hvd_ros.core.robot.urdf import Shape, Urdf

GHOST_RGB = (250, 204, 21)
OLD_RGB = (58, 62, 68)
GHOST_APART = 0.02  # [m], and of a rotation matrix about as many rad
TRAIL_STEP_M = 0.05
TRAIL_LENGTH = 400  # points, so 20 m


class Drawing:
    """The visuals of one robot below one scene node; only what moved is sent."""

    def __init__(
        self, scene: viser.SceneApi, root: str, urdf: Urdf, tree: Kinematics, ghost: bool = False
    ) -> None:
        links = {name: link.visuals for name, link in urdf.links.items() if link.visuals}
        self._rows = {name: tree.link(name) for name in links}
        self._frames = {name: scene.add_frame(f'{root}/{name}', show_axes=False) for name in links}
        self._shapes = [
            (_add(scene, f'{root}/{name}/{i}', shape, ghost), shape)
            for name, shapes in links.items()
            for i, shape in enumerate(shapes)
        ]
        self._sent: dict[str, Array] = {}
        self._fresh = True

    def place(self, poses: Array) -> None:
        """Move the links to the (links, 4, 4) poses of the kinematics."""
        for link, frame in self._frames.items():
            pose = poses[self._rows[link]]
            old = self._sent.get(link)
            if old is not None and np.abs(pose - old).max() < 1e-4:
                continue
            self._sent[link] = pose
            frame.position = pose[:3, 3]
            frame.wxyz = tf.SO3.from_matrix(pose[:3, :3]).wxyz

    def show(self, links: set[str]) -> None:
        """Make these links visible and no others."""
        for link, frame in self._frames.items():
            if frame.visible != (link in links):
                frame.visible = link in links

    def paint(self, fresh: bool) -> None:
        """Draw in its own colours, or in grey when the pose is old."""
        if fresh == self._fresh:
            return
        self._fresh = fresh
        for handle, shape in self._shapes:
            handle.color = _rgb(shape) if fresh else OLD_RGB


class Scene:
    """Everything that is drawn, on one viser server."""

    def __init__(self, server: viser.ViserServer, urdf: Urdf, tree: Kinematics) -> None:
        scene = server.scene
        scene.set_up_direction('+z')
        scene.configure_default_lights(cast_shadow=True)
        scene.configure_environment_map('studio', environment_intensity=0.35)
        server.initial_camera.position = (2.3, -1.9, 1.75)
        server.initial_camera.look_at = (0.05, 0.0, 0.68)
        server.initial_camera.fov = math.radians(42)
        self._world = scene.add_frame('/world', show_axes=False)
        self._scene = scene
        self._ground_z = ground_height(urdf, tree)
        scene.add_grid(
            '/world/ground',
            width=60.0,
            height=60.0,
            position=(0.0, 0.0, self._ground_z),
            cell_color=(58, 68, 80),
            section_color=(82, 96, 112),
            plane_color=(30, 36, 44),
            plane_opacity=1.0,
            shadow_opacity=0.45,
            fade_distance=25.0,
        )
        self._robot = scene.add_frame('/robot', show_axes=False)
        self._body = Drawing(scene, '/robot/body', urdf, tree)
        self._ghost = Drawing(scene, '/robot/ghost', urdf, tree, ghost=True)
        self._ghost.show(set())
        self._urdf, self._tree = urdf, tree
        self._poses = tree.poses({})
        self._trail: list[Array] = []
        self._line: Any = None
        self._sent = (math.nan, math.nan, math.nan)

    def drive(self, x: float, y: float, yaw: float) -> None:
        """Put the robot to a pose of the odometry frame."""
        if not np.allclose((x, y, yaw), self._sent, rtol=0.0, atol=1e-4):
            self._sent = (x, y, yaw)
            self._world.position = (-x, -y, 0.0)
            self._robot.wxyz = tf.SO3.from_z_radians(yaw).wxyz
        self._grow(np.array([x, y]))

    def robot(self, joints: Mapping[str, float], fresh: bool) -> None:
        """Put the robot's joints [rad, m]; draw it in grey when they are old."""
        self._poses = self._tree.poses(joints)
        self._body.place(self._poses)
        self._body.paint(fresh)

    def leader(self, joints: Mapping[str, float], led: Collection[str]) -> None:
        """Draw what the leader's joints move as a ghost, where it is not where the robot is."""
        links: set[str] = set()
        for joint in self._urdf.joints:  # parents before children
            if joint.name in led or joint.parent in links:
                links.add(joint.child)
        poses = self._tree.poses(joints)
        apart = np.abs(poses - self._poses).max(axis=(1, 2)) > GHOST_APART
        self._ghost.show({name for name in links if apart[self._tree.link(name)]})
        self._ghost.place(poses)

    def _grow(self, here: Array) -> None:
        if self._trail and np.linalg.norm(here - self._trail[-1]) < TRAIL_STEP_M:
            return
        self._trail = [*self._trail[-TRAIL_LENGTH:], here]
        if len(self._trail) < 2:
            return
        points = np.array([[*p, self._ground_z + 0.006] for p in self._trail], dtype=np.float32)
        segments = np.stack([points[:-1], points[1:]], axis=1)
        if self._line is None:
            self._line = self._scene.add_line_segments(
                '/world/trail', segments, colors=(56, 189, 248), line_width=3.0
            )
        else:
            self._line.points = segments


def ground_height(urdf: Urdf, tree: Kinematics) -> float:
    """Return the height of the lowest visual at rest: the ground under the wheels [m]."""
    poses = tree.poses({})
    lowest = [
        _lowest(shape, poses[tree.link(name)] @ shape.link_from_shape)
        for name, link in urdf.links.items()
        for shape in link.visuals
    ]
    return min(lowest, default=0.0)


def _lowest(shape: Shape, root_from_shape: Array) -> float:
    half = {
        'box': lambda s: np.array(s) / 2,
        'cylinder': lambda s: np.array([s[0], s[0], s[1] / 2]),
        'sphere': lambda s: np.full(3, s[0]),
    }[shape.kind](shape.size)
    return float(root_from_shape[2, 3] - np.abs(root_from_shape[2, :3]) @ half)


def _rgb(shape: Shape) -> tuple[int, int, int]:
    red, green, blue = (round(255 * c) for c in shape.rgba[:3])
    return red, green, blue


def _add(scene: viser.SceneApi, name: str, shape: Shape, ghost: bool) -> Any:
    pose = shape.link_from_shape
    common: dict[str, Any] = {
        'position': pose[:3, 3],
        'wxyz': tf.SO3.from_matrix(pose[:3, :3]).wxyz,
        'color': GHOST_RGB if ghost else _rgb(shape),
        'opacity': 0.28 if ghost else None,
        'scale': 1.04 if ghost else 1.0,  # a coat, so that equal faces do not flicker
        'cast_shadow': not ghost,
    }
    if shape.kind == 'box':
        return scene.add_box(name, dimensions=shape.size, **common)
    if shape.kind == 'cylinder':
        radius, length = shape.size
        return scene.add_cylinder(name, radius=radius, height=length, **common)
    return scene.add_icosphere(name, radius=shape.size[0], subdivisions=3, **common)
