# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How long a cloud takes, and the sampling in it against Open3D's and a plain NumPy loop.

The scene is cast here: a floor, a table with boxes and balls on it, a wall, seen by the three
cameras of the R1 in its home pose; the bytes are those that the camera nodes would send.
"""

from collections.abc import Callable, Mapping
import dataclasses
import math
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.robot.body import Array, Body
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.kinematics import BodyKinematics
from hvd_ros.core.vision.cloud import CloudBuilder, SceneConfig, View
from hvd_ros.core.vision.cloud_message import pack_points
from hvd_ros.core.vision.codec import encode_color, encode_depth
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.core.vision.mounts import CameraMount, nominal_mounts
from hvd_ros.core.vision.sampling import cover_radius, farthest, farthest_plain

SIZE = (640, 480)
_POINTS = 4096
_INPUT = 100_000
_CAPTURED_NS = 1_000_000_000
# Boxes (low, high) and balls (centre, radius) in base_link [m]; the floor is z = 0.
_BOXES = (
    ((0.45, -0.8, 0.70), (1.35, 0.8, 0.75)),  # the table
    ((0.60, -0.35, 0.75), (0.75, -0.15, 0.90)),
    ((0.80, 0.10, 0.75), (0.90, 0.45, 0.83)),
    ((1.85, -1.5, 0.0), (1.95, 1.5, 2.2)),  # the wall
)
_BALLS = (((0.65, 0.05, 0.81), 0.06), ((0.95, -0.25, 0.85), 0.10), ((0.75, -0.5, 0.80), 0.05))


def measure(quick: bool, minutes: float | None) -> dict[str, float]:
    """Build clouds back to back, then sample one and the same 100,000 points in each way."""
    body = load_body('r1')
    mounts = nominal_mounts(body)
    views = scene_views(body, mounts)
    seconds = 3.0 if quick else 60.0 * (minutes or 0.25)
    builder = CloudBuilder(body, mounts)
    figures = _clouds(builder, views, seconds)
    xyz, rgb = _all_points(body, mounts, views)
    some = np.linspace(0, len(xyz) - 1, _INPUT).astype(np.intp)
    figures |= _sampling((xyz[some], rgb[some]), rounds=2 if quick else 7)
    # What thinning costs in quality, against all pixels; the comparison takes a good ten seconds.
    figures['points_of_all_pixels'] = len(xyz)
    figures['thinned_cover_ratio'] = math.nan if quick else _thinned(builder, views, xyz)
    return figures


def scene_views(
    body: Body, mounts: Mapping[str, CameraMount], size: tuple[int, int] = SIZE
) -> list[View]:
    """Return what the cameras of a robot in its home pose see of the scene."""
    values = body.pose('home')
    width, height = size
    focal = 0.75 * width  # about that of both cameras' colour streams
    intrinsics = Intrinsics(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)
    kinematics = BodyKinematics(body)
    poses = kinematics.poses(values)
    views = []
    for camera, mount in mounts.items():
        parent = poses[kinematics.tree.link(mount.parent)]
        depth_mm, rgb = _cast(parent @ mount.parent_from_camera, intrinsics)
        color, depth = encode_color(rgb), encode_depth(depth_mm)
        views.append(View(camera, color, depth, intrinsics, _CAPTURED_NS, values))
    return views


def _cast(base_from_camera: Array, k: Intrinsics) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    u, v = np.meshgrid(np.arange(k.width), np.arange(k.height))
    rays = np.stack([(u - k.cx) / k.fx, (v - k.cy) / k.fy, np.ones(u.shape)], axis=-1)
    ahead = rays @ base_from_camera[:3, :3].T
    eye = base_from_camera[:3, 3]
    with np.errstate(all='ignore'):
        hits = [np.where(ahead[..., 2] < 0, -eye[2] / ahead[..., 2], np.inf)]
        hits += [_box(eye, ahead, *(np.array(c) for c in box)) for box in _BOXES]
        hits += [_ball(eye, ahead, np.array(center), radius) for center, radius in _BALLS]
    what = np.argmin(hits, axis=0)
    depth_m = np.min(hits, axis=0)
    # A D435's noise grows with the square of the distance: a thousandth of it at one metre.
    noise = np.random.default_rng(0).normal(size=depth_m.shape) * 1e-3
    seen = np.isfinite(depth_m) & (depth_m < 10.0)
    depth_m = np.where(seen, depth_m + noise * np.where(seen, depth_m, 0.0) ** 2, 0.0)
    palette = np.random.default_rng(1).integers(40, 220, (len(hits), 3), dtype=np.uint8)
    return np.rint(depth_m * 1e3).astype(np.uint16), palette[what]


def _box(eye: Array, ahead: Array, low: Array, high: Array) -> Array:
    ends = np.stack([(low - eye) / ahead, (high - eye) / ahead])
    enter, leave = ends.min(axis=0).max(axis=-1), ends.max(axis=0).min(axis=-1)
    return np.where((enter > 0) & (enter < leave), enter, np.inf)


def _ball(eye: Array, ahead: Array, center: Array, radius: float) -> Array:
    a = (ahead * ahead).sum(axis=-1)
    b = ahead @ (eye - center)
    root = b * b - a * ((eye - center) @ (eye - center) - radius * radius)
    near = (-b - np.sqrt(root)) / a
    return np.where((root > 0) & (near > 0), near, np.inf)


def _clouds(builder: CloudBuilder, views: list[View], seconds: float) -> dict[str, float]:
    builder.build(views)  # the rays of the pixels are worked out once
    total: list[float] = []
    packing: list[float] = []
    stages: list[Mapping[str, float]] = []
    began = time.monotonic()
    while time.monotonic() - began < seconds or len(total) < 3:
        start = time.perf_counter()
        cloud = builder.build(views)
        built = time.perf_counter()
        pack_points(cloud.xyz, cloud.rgb)
        packed = time.perf_counter()
        total.append(1e3 * (packed - start))
        packing.append(1e3 * (packed - built))
        stages.append(cloud.stages_ms)
    by_stage = {
        f'{stage}_ms_p50': float(np.median([s[stage] for s in stages])) for stage in stages[0]
    }
    return {
        'cameras': len(cloud.cameras),
        'width': SIZE[0],
        'height': SIZE[1],
        'clouds': len(total),
        'cloud_ms_p50': float(np.percentile(total, 50)),
        'cloud_ms_p99': float(np.percentile(total, 99)),
        **by_stage,
        'pack_ms_p50': float(np.median(packing)),
    }


def _all_points(
    body: Body, mounts: Mapping[str, CameraMount], views: list[View]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return the points of every pixel, before any is left out to save time."""
    config = dataclasses.replace(SceneConfig(), spacing_m=0.0, points=len(views) * math.prod(SIZE))
    cloud = CloudBuilder(body, mounts, config).build(views)
    return cloud.xyz[: cloud.valid], cloud.rgb[: cloud.valid]


def _thinned(builder: CloudBuilder, views: list[View], xyz: NDArray[np.float32]) -> float:
    thinned = cover_radius(xyz, builder.build(views).xyz)
    return thinned / cover_radius(xyz, xyz[farthest(xyz, builder.config.points)])


def _sampling(
    scene: tuple[NDArray[np.float32], NDArray[np.uint8]], rounds: int
) -> dict[str, float]:
    """Time each way in turn, round by round, so that a busy moment meets them all."""
    xyz, rgb = scene
    chosen = farthest(xyz, _POINTS)

    def ours() -> Any:
        found = farthest(xyz, _POINTS)
        return xyz[found], rgb[found]

    theirs = _open3d(xyz, rgb)
    ours_s, theirs_s = [], []
    for _ in range(rounds):
        ours_s.append(_timed(ours))
        theirs_s.append(_timed(theirs) if theirs else math.nan)
    plain_s, exact = _timed_plain(xyz)
    ours_ms = 1e3 * float(np.median(ours_s))
    return {
        'sampled_from': len(xyz),
        'sampled_to': _POINTS,
        'sampling_ms_p50': ours_ms,
        'open3d_ms_p50': 1e3 * float(np.median(theirs_s)),
        'numpy_ms': 1e3 * plain_s,
        'ratio_vs_open3d': 1e3 * float(np.median(theirs_s)) / ours_ms,
        'ratio_vs_numpy': 1e3 * plain_s / ours_ms,
        'cover_ratio': cover_radius(xyz, xyz[chosen]) / cover_radius(xyz, xyz[exact]),
    }


def _open3d(xyz: NDArray[np.float32], rgb: NDArray[np.uint8]) -> Callable[[], Any] | None:
    """Return Open3D's legacy sampling of the same points and colours, or None without it."""
    try:
        from open3d import geometry, utility
    except ImportError:
        return None
    cloud = geometry.PointCloud(utility.Vector3dVector(xyz.astype(np.float64)))
    cloud.colors = utility.Vector3dVector(rgb / 255.0)
    return lambda: cloud.farthest_point_down_sample(_POINTS)


def _timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _timed_plain(xyz: NDArray[np.float32]) -> tuple[float, NDArray[np.intp]]:
    start = time.perf_counter()
    exact = farthest_plain(xyz, _POINTS)
    return time.perf_counter() - start, exact
