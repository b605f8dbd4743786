# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a task looks like to its robot: colour, depth and the cloud, only when somebody asks.

The cloud goes through the steps of the live cloud node, from the pixels on; or, where a few
hundred points will do, through rays that need no graphics at all. Drawing belongs to one thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import mujoco
import numpy as np

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.policy.observation import Depth, Picture, PointCloud
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.core.vision.cloud import CloudBuilder, SceneConfig
from hvd_ros.core.vision.cloud import View as Seen
from hvd_ros.core.vision.mounts import nominal_mounts
from hvd_ros.sim.rays import RayCloud
from hvd_ros.sim.render import Renderer, quick
from hvd_ros.sim.views import VIEWS, View, add_cameras

CLOUDS = ('depth', 'rays')


@dataclass(frozen=True)
class Look:
    """How an episode is looked at."""

    views: tuple[View, ...] = VIEWS
    cloud_from: str = 'depth'  # the images of the views, or rays through them
    cloud: SceneConfig = field(default_factory=SceneConfig)
    ray_stride_px: int = 10

    def __post_init__(self) -> None:
        """Refuse a look that nobody can have."""
        if self.cloud_from not in CLOUDS:
            raise ConfigError(
                f"cloud from '{self.cloud_from}': {did_you_mean(self.cloud_from, CLOUDS)}"
            )
        if self.ray_stride_px < 1:
            raise ConfigError(f'ray_stride_px = {self.ray_stride_px}: at least 1, every pixel')


# Six hundred rays a view, some hundred points: no graphics, a millisecond.
CHEAP = Look(cloud_from='rays', cloud=SceneConfig(points=512))
# What stands on a table, for tasks on one: in the cloud of a room a pen is no point at all. The
# box begins half a centimetre above the table, which is always as high as a table.
TABLE = Look(
    cloud_from='rays',
    cloud=SceneConfig(
        points=256, crop_low_m=[0.2, -0.8, 0.685], crop_high_m=[1.5, 0.8, 1.2]
    ),
    ray_stride_px=5,
)  # fmt: skip
RAY_LOOKS = {'rays': CHEAP, 'table': TABLE}


def mount_cameras(spec: mujoco.MjSpec, body: Body, look: Look) -> None:
    """Put the views of a look on the robot, as the URDF mounts them; physics is not changed."""
    quick(spec)
    add_cameras(spec, look.views, nominal_mounts(body))


class Cameras:
    """The views of one compiled model; everything is made at its first use."""

    def __init__(self, model: mujoco.MjModel, body: Body, look: Look) -> None:
        self._model, self._body, self._look = model, body, look
        self._renderer: Renderer | None = None
        self._builder: CloudBuilder | None = None
        self._rays: RayCloud | None = None

    def pictures(self, data: mujoco.MjData) -> tuple[dict[str, Picture], dict[str, Depth]]:
        """Draw every view: colour and depth, of arrays that the caller may keep."""
        if self._renderer is None:
            self._renderer = Renderer(self._model, self._look.views)
        mujoco.mj_camlight(self._model, data)
        images, depths = {}, {}
        for view in self._look.views:
            rgb = np.empty((view.height, view.width, 3), np.uint8)
            depth_mm = np.empty((view.height, view.width), np.uint16)
            self._renderer.draw(data, view, rgb, depth_mm)
            images[view.camera], depths[view.camera] = rgb, depth_mm
        return images, depths

    def cloud(
        self,
        position: Array,
        images: Mapping[str, Picture],
        depths: Mapping[str, Depth],
    ) -> PointCloud:
        """Return the cloud of pictures taken while the robot was at a position (D,)."""
        if self._builder is None:
            mounts = nominal_mounts(self._body)
            self._builder = CloudBuilder(self._body, mounts, self._look.cloud)
        seen = [
            Seen(v.camera, images[v.camera], depths[v.camera], v.intrinsics, 0, position)
            for v in self._look.views
        ]
        made = self._builder.build(seen)
        return made.xyz, made.rgb

    def cheap_cloud(self, data: mujoco.MjData) -> PointCloud:
        """Return the cloud by rays."""
        look = self._look
        if self._rays is None:
            self._rays = RayCloud(self._model, look.views, look.ray_stride_px, look.cloud.points)
        mujoco.mj_camlight(self._model, data)
        low, high = np.array(look.cloud.crop_low_m), np.array(look.cloud.crop_high_m)
        return self._rays.cloud(data, low, high)

    def close(self) -> None:
        """Give the graphics memory back; safe to call twice."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None
