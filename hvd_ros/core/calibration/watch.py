# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Joints, pictures and the base as they come in, live or from an episode, made into views of a board.

A picture waits until the joints after its capture are known; what it lacks is said, not guessed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import math

import numpy as np

from hvd_ros.core.calibration.charuco import BoardNotSeen, Pixels
from hvd_ros.core.calibration.collection import Collection, NotTaken
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.core.vision.codec import decode_color
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.core.vision.joint_history import JointHistory, NotCovered

_BASE_M = 0.005
_BASE_RAD = math.radians(0.3)
_PATIENCE_NS = 1_000_000_000  # joints that much newer than a picture and still a hole: no use

Keep = Callable[[str, Array, bytes, Intrinsics], None]


@dataclass(frozen=True)
class Waiting:
    """A picture whose joints are not known yet."""

    stamp_ns: int
    jpeg: bytes


class Watch:
    """Feeds a collection; says what became of the last picture of each camera."""

    def __init__(self, body: Body, collection: Collection, keep: Keep | None = None) -> None:
        """`keep` gets every picture that was taken."""
        self.lenses: dict[str, Intrinsics] = {}
        self.said: dict[str, str] = {}  # by camera
        self._collection, self._keep = collection, keep
        self._history = JointHistory(body)
        self._newest_ns = 0
        self._waiting: dict[str, Waiting] = {}
        self._base: Array | None = None

    def joints(self, stamp_ns: int, positions: Mapping[str, float]) -> None:
        """Take joint positions by name."""
        if self._history.put(stamp_ns, positions):
            self._newest_ns = stamp_ns

    def lens(self, camera: str, intrinsics: Intrinsics) -> None:
        """Take a camera's intrinsics."""
        self.lenses[camera] = intrinsics

    def picture(self, camera: str, stamp_ns: int, jpeg: bytes) -> None:
        """Take a picture; while one waits for its joints, newer ones are passed over."""
        self._waiting.setdefault(camera, Waiting(stamp_ns, jpeg))

    def base(self, x_m: float, y_m: float, yaw_rad: float) -> None:
        """Take where the base stands; if it left, all earlier pictures are of another board."""
        here = np.array([x_m, y_m, yaw_rad])
        if self._base is None or not self._collection.views:
            self._base = here
            return
        moved = here - self._base
        turned = abs(math.remainder(float(moved[2]), math.tau))
        if math.hypot(*moved[:2]) > _BASE_M or turned > _BASE_RAD:
            count = len(self._collection.views)
            self._collection.views.clear()
            self._base = here
            self.said['base'] = f'the base moved: {count} pictures are void, begin again'

    def work(self) -> int:
        """Look at the waiting pictures; return how many were taken."""
        taken = 0
        for camera, waiting in list(self._waiting.items()):
            try:
                self._look(camera, waiting)
                taken += 1
            except NotCovered as error:
                if self._newest_ns < waiting.stamp_ns + _PATIENCE_NS and self._newest_ns:
                    continue
                self.said[camera] = f'{camera}: {error}'
            except (NotTaken, BoardNotSeen) as error:
                self.said[camera] = f'{camera}: {error}'
            del self._waiting[camera]
        return taken

    def _look(self, camera: str, waiting: Waiting) -> None:
        if camera not in self.lenses:
            raise NotTaken(f'no camera_info yet on camera/{camera}/color/camera_info')
        values = self._collection.values_at(waiting.stamp_ns, self._history)
        lens = self.lenses[camera]
        rgb = decode_color(waiting.jpeg)
        _same_size(rgb, lens)
        view = self._collection.take(camera, rgb, values, lens)
        if self._keep is not None:
            self._keep(camera, values, waiting.jpeg, lens)
        self.said[camera] = f'{view.name} taken, {len(view.pixels)} corners'


def _same_size(rgb: Pixels, lens: Intrinsics) -> None:
    if rgb.shape[:2] != (lens.height, lens.width):
        raise NotTaken(
            f'pictures of {rgb.shape[1]} x {rgb.shape[0]} but camera_info of '
            f'{lens.width} x {lens.height}; mend the camera node'
        )
