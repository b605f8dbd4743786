# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
From what the cameras saw to one cloud in base_link, live and offline by the same steps.

Both start from the encoded bytes that travel and are recorded: decode, thin, deproject, place by
the joints at the capture time, crop, take the robot out, fuse, sample. The cloud carries the
oldest capture time in it: stamped with the newest, the oldest view would claim to be fresher than
it is, and whoever computes the cloud's age must hear the worst.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.config import param
from hvd_ros.core.errors import ConfigError, ContractMismatch, HvdError, did_you_mean
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.core.robot.kinematics import BodyKinematics
from hvd_ros.core.vision.codec import decode_color, decode_depth
from hvd_ros.core.vision.deproject import Deprojector, Points
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.core.vision.joint_history import JointHistory
from hvd_ros.core.vision.mounts import CameraMount
from hvd_ros.core.vision.sampling import farthest
from hvd_ros.core.vision.self_filter import SelfFilter

Colors = NDArray[np.uint8]
Depth = NDArray[np.uint16]


@dataclass(frozen=True)
class SceneConfig:
    """What of the scene becomes the cloud."""

    points: int = param(4096, 'Points of a cloud, always.', low=16, high=65536)
    crop_low_m: list[float] = param([0.0, -1.0, -0.5], 'Lower corner of the box in base_link.')
    crop_high_m: list[float] = param([2.0, 1.0, 1.6], 'Upper corner of the box in base_link.')
    near_m: float = param(0.1, 'Nearest depth that is believed.', low=0.0, high=1.0)
    far_m: float = param(3.0, 'Farthest depth that is believed.', low=0.2, high=20.0)
    spacing_m: float = param(
        0.003,
        'Near surfaces are thinned until neighbours are up to so far apart; 0: every pixel.',
        low=0.0,
        high=0.05,
    )
    self_margin_m: float = param(
        0.02, "Points so close to a sphere of the robot's model are the robot.", low=0.0, high=0.2
    )


class View(NamedTuple):
    """
    What one camera saw, and how the robot stood then.

    In the bytes that travel, or, where nothing travels, the pixels themselves.
    """

    camera: str
    color: bytes | Colors  # JPEG, or (H, W, 3) RGB
    depth: bytes | Depth  # compressedDepth or (H, W) mm, aligned to colour
    intrinsics: Intrinsics
    captured_ns: int
    values: Array  # body values (D,) at the capture time


@dataclass(frozen=True, eq=False)
class Cloud:
    """N points in base_link; from `valid` on, the first ones are repeated."""

    xyz: Points  # (N, 3) [m]
    rgb: Colors  # (N, 3)
    valid: int  # points that differ; 0: nothing was in the box, xyz and rgb are empty
    captured_ns: int  # of the oldest view in it
    cameras: tuple[str, ...]  # in it
    left_out: Mapping[str, str] = field(default_factory=dict)  # camera -> why
    stages_ms: Mapping[str, float] = field(default_factory=dict)


class CloudBuilder:
    """The steps, with everything that does not change from cloud to cloud worked out once."""

    def __init__(
        self, body: Body, mounts: Mapping[str, CameraMount], config: SceneConfig | None = None
    ) -> None:
        self.config = config = config or SceneConfig()
        self._low, self._high = _box(config)
        self._mounts = dict(mounts)
        self._kinematics = BodyKinematics(body)
        self._filter = SelfFilter(body, self._kinematics, config.self_margin_m)
        self._deprojectors: dict[str, Deprojector] = {}

    def build(self, views: Sequence[View], left_out: Mapping[str, str] | None = None) -> Cloud:
        """
        Return the cloud of some views; one that can not be used is left out, and named.

        The order of the views does not matter. `left_out` says why other cameras have no view.
        """
        watch = _Watch()
        parts, used, why = [], [], dict(left_out or {})
        for view in sorted(views, key=lambda view: view.camera):
            try:
                parts.append(self._part(view, watch))
                used.append(view)
            except HvdError as error:
                why[view.camera] = str(error)
        xyz = np.concatenate([xyz for xyz, _ in parts]) if parts else np.zeros((0, 3), np.float32)
        rgb = np.concatenate([rgb for _, rgb in parts]) if parts else np.zeros((0, 3), np.uint8)
        chosen = farthest(xyz, self.config.points)
        watch.lap('sample')
        return Cloud(
            xyz=xyz[chosen],
            rgb=rgb[chosen],
            valid=min(len(xyz), self.config.points),
            captured_ns=min((view.captured_ns for view in used), default=0),
            cameras=tuple(view.camera for view in used),
            left_out=why,
            stages_ms=watch.ms,
        )

    def _part(self, view: View, watch: '_Watch') -> tuple[Points, Colors]:
        """Return what one camera adds, in base_link."""
        deprojector = self._deprojector(view)
        mount = self._mounts[view.camera]
        depth_mm = view.depth if isinstance(view.depth, np.ndarray) else decode_depth(view.depth)
        watch.lap('decode_depth')
        pixels = deprojector.pixels(depth_mm)
        points = deprojector.points(depth_mm, pixels)
        watch.lap('deproject')
        poses = self._kinematics.poses(view.values)
        parent = poses[self._kinematics.tree.link(mount.parent)]
        points = _moved(points, parent @ mount.parent_from_camera)
        inside = np.flatnonzero(_inside(points, self._low, self._high))
        points, pixels = points[inside], pixels[inside]
        watch.lap('place_and_crop')
        scene = np.flatnonzero(self._filter.outside(points, poses))
        points, pixels = points[scene], pixels[scene]
        watch.lap('self_filter')
        color = view.color if isinstance(view.color, np.ndarray) else decode_color(view.color)
        if color.shape[:2] != depth_mm.shape:
            raise ContractMismatch(
                f'colour is {color.shape[1::-1]} pixels, depth is {depth_mm.shape[::-1]}; '
                'depth must be aligned to colour'
            )
        rgb = color.reshape(-1, 3)[pixels]
        watch.lap('decode_color')
        return points, rgb

    def _deprojector(self, view: View) -> Deprojector:
        if view.camera not in self._mounts:
            raise ConfigError(
                f"no mount of camera '{view.camera}'; {did_you_mean(view.camera, self._mounts)}"
            )
        found = self._deprojectors.get(view.camera)
        if found is None or found.intrinsics != view.intrinsics:
            c = self.config
            found = Deprojector(view.intrinsics, c.near_m, c.far_m, c.spacing_m)
            self._deprojectors[view.camera] = found
        return found


class Seen(NamedTuple):
    """A picture as recorded or received: a View before anybody has looked up the joints."""

    camera: str
    color: bytes
    depth: bytes
    intrinsics: Intrinsics
    captured_ns: int


def views_at_capture(
    seen: Sequence[Seen], history: JointHistory
) -> tuple[list[View], dict[str, str]]:
    """Return the views with the joints of their capture times, and why others have none."""
    views, left_out = [], {}
    for picture in seen:
        try:
            views.append(View(*picture, history.at(picture.captured_ns)))
        except HvdError as error:
            left_out[picture.camera] = str(error)
    return views, left_out


def _box(config: SceneConfig) -> tuple[Points, Points]:
    low, high = (np.array(c, np.float32) for c in (config.crop_low_m, config.crop_high_m))
    if low.shape != (3,) or high.shape != (3,) or not np.all(low < high):
        raise ConfigError(
            f'crop_low_m = {config.crop_low_m}, crop_high_m = {config.crop_high_m}: both are '
            '[x, y, z], and low must lie below high in each'
        )
    if not config.near_m < config.far_m:
        raise ConfigError(f'near_m = {config.near_m} must be less than far_m = {config.far_m}')
    return low, high


def _moved(points: Points, a_from_b: Array) -> Points:
    turned = points @ a_from_b[:3, :3].T.astype(np.float32)
    turned += a_from_b[:3, 3].astype(np.float32)
    return turned


def _inside(points: Points, low: Points, high: Points) -> NDArray[np.bool_]:
    x, y, z = points.T
    inside: NDArray[np.bool_] = (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1])
    inside &= (z >= low[2]) & (z <= high[2])
    return inside


class _Watch:
    """Sums the time of each stage over the cameras."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self._since_ns = time.perf_counter_ns()

    def lap(self, stage: str) -> None:
        now_ns = time.perf_counter_ns()
        self.ms[stage] = self.ms.get(stage, 0.0) + (now_ns - self._since_ns) / 1e6
        self._since_ns = now_ns
