# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth images cast by MuJoCo's mj_multiRay, of scenes whose surfaces are known in closed form."""

import mujoco
import numpy as np

from hvd_ros.core.robot.kinematics import BodyKinematics
from hvd_ros.core.vision.cloud import View
from hvd_ros.core.vision.codec import encode_color, encode_depth
from hvd_ros.core.vision.intrinsics import Intrinsics

SMALL = Intrinsics(64, 48, 50.0, 50.0, 31.5, 23.5)
TABLE_Z = 0.70
BALL = (np.array([0.75, 0.05, 0.80]), 0.10)
TABLE = '<geom type="box" size="0.6 0.9 0.35" pos="0.9 0 0.35"/>'
BALL_XML = '<geom type="sphere" size="0.10" pos="0.75 0.05 0.80"/>'


def model_of(*geoms):
    """Return the model and state of some <geom>s in base_link."""
    xml = f'<mujoco><worldbody>{"".join(geoms)}</worldbody></mujoco>'
    model = mujoco.MjModel.from_xml_string(xml)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


def cast(scene, base_from_camera, k):
    """Return depth [mm] (H, W), 0 where nothing is hit, and the geom that each pixel sees."""
    u, v = np.meshgrid(np.arange(k.width), np.arange(k.height))
    rays = np.stack([(u - k.cx) / k.fx, (v - k.cy) / k.fy, np.ones(u.shape)], axis=-1)
    rays = rays.reshape(-1, 3)
    length = np.linalg.norm(rays, axis=1)
    ahead = (rays / length[:, None]) @ base_from_camera[:3, :3].T
    geom = np.zeros(len(rays), dtype=np.int32)
    distance = np.zeros(len(rays))
    model, data = scene
    for i, ray in enumerate(ahead):
        one = np.zeros(1, dtype=np.int32)
        distance[i] = mujoco.mj_ray(model, data, base_from_camera[:3, 3], ray, None, 1, -1, one)
        geom[i] = one[0]
    depth_m = np.where(distance > 0, distance / length, 0.0)
    shape = (k.height, k.width)
    return np.rint(depth_m * 1e3).astype(np.uint16).reshape(shape), geom.reshape(shape)


def camera_pose(body, mount, values):
    """Return base_from_camera."""
    return BodyKinematics(body).pose(values, mount.parent) @ mount.parent_from_camera


def view_of(body, mount, scene, values, *, k=SMALL, captured_ns=0, color=(200, 60, 20)):
    """Return what one camera sees in one colour, or in the pixels of an image."""
    depth_mm, _ = cast(scene, camera_pose(body, mount, values), k)
    pixels = np.broadcast_to(np.array(color, np.uint8), (k.height, k.width, 3))
    return View(
        mount.camera, encode_color(pixels.copy()), encode_depth(depth_mm), k, captured_ns, values
    )


def off_surface(xyz):
    """Return how far points (N, 3) are from the table's top, its sides or the ball [m]."""
    center, radius = BALL
    ball = np.abs(np.linalg.norm(xyz - center, axis=1) - radius)
    away = np.abs(xyz - [0.9, 0.0, 0.35]) - [0.6, 0.9, 0.35]
    outside = np.linalg.norm(np.maximum(away, 0.0), axis=1)
    table = np.abs(outside + np.minimum(away.max(axis=1), 0.0))
    return np.minimum(ball, table)
