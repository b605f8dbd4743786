# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which pictures are worth taking for a calibration, and what the person should do next.

A picture counts when everything stood still around its capture, so that neither a late stamp nor
a soft arm matters, when the camera is somewhere new, and when the board is well in sight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hvd_ros.core.calibration.calibrator import BoardView, Calibrator
from hvd_ros.core.calibration.charuco import Charuco, Pixels
from hvd_ros.core.calibration.hand_eye import difference
from hvd_ros.core.config import param
from hvd_ros.core.errors import HvdError
from hvd_ros.core.robot.body import Array, Body, Kind
from hvd_ros.core.robot.kinematics import BodyKinematics
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.core.vision.joint_history import JointHistory
from hvd_ros.core.vision.mounts import CameraMount


class NotTaken(HvdError):
    """A picture was not taken; the message says what to change."""


@dataclass(frozen=True)
class CollectionConfig:
    """What makes a picture worth taking."""

    samples: int = param(15, 'Pictures wanted of each camera.', low=6, high=200)
    still_before_s: float = param(0.3, 'How long the joints stood before.', low=0.0, high=2.0)
    still_after_s: float = param(0.1, 'How long they stood after.', low=0.0, high=2.0)
    still_rad: float = param(0.004, 'Most that a joint moves in that time.', low=1e-4, high=0.1)
    new_mm: float = param(40.0, 'A camera moved so far is elsewhere.', low=0.0, high=1e3)
    new_deg: float = param(6.0, 'A camera turned so far is elsewhere.', low=0.0, high=90.0)
    span_deg: float = param(8.0, 'Turn (rms) wanted around a second axis.', low=0.0, high=60.0)


class Collection:
    """The pictures taken so far, for one robot and one board."""

    def __init__(
        self,
        body: Body,
        board: Charuco,
        nominal: Mapping[str, CameraMount],
        cameras: Sequence[str],
        config: CollectionConfig | None = None,
    ) -> None:
        self.config = config or CollectionConfig()
        self.views: list[BoardView] = []
        self.wanted = dict.fromkeys(cameras, self.config.samples)
        self.body, self._board, self._nominal = body, board, nominal
        self._kinematics = BodyKinematics(body)
        self._positions = body.mask(Kind.POSITION)

    def values_at(self, stamp_ns: int, history: JointHistory) -> Array:
        """
        Return where the joints (D,) stood still at a capture.

        Raises NotTaken if they moved, NotCovered if nobody knows (yet).
        """
        config = self.config
        offsets = np.linspace(-config.still_before_s, config.still_after_s, 5)
        around = np.array([history.at(stamp_ns + round(1e9 * s)) for s in offsets])
        moved = np.where(self._positions, np.ptp(around, axis=0), 0.0)
        if moved.max() > config.still_rad:
            joint = self.body.dimensions[int(moved.argmax())].name
            raise NotTaken(f'hold still: {joint} moved by {np.rad2deg(moved.max()):.2f} deg')
        mean: Array = around.mean(axis=0)
        return mean

    def take(self, camera: str, rgb: Pixels, values: Array, intrinsics: Intrinsics) -> BoardView:
        """Return and keep a view of the board; raise NotTaken or BoardNotSeen."""
        self._must_be_new(camera, values)
        corners = self._board.find(rgb)
        self._board.pose(corners, intrinsics)
        name = f'{camera} {self.count(camera) + 1}'
        view = BoardView(camera, values, corners.points, corners.pixels, name)
        self.views.append(view)
        return view

    def count(self, camera: str) -> int:
        """Return how many pictures of a camera were taken."""
        return sum(view.camera == camera for view in self.views)

    @property
    def complete(self) -> bool:
        """Whether every camera has the pictures that are wanted of it."""
        return all(self.count(camera) >= wanted for camera, wanted in self.wanted.items())

    def ask_for_more(self, pictures: int = 5) -> None:
        """Want more pictures of every camera than were taken."""
        self.wanted = {camera: self.count(camera) + pictures for camera in self.wanted}

    def next_step(self, calibrator: Calibrator) -> str:
        """Return what the person should do next, for the camera that lacks most."""
        lacking = {c: wanted - self.count(c) for c, wanted in self.wanted.items()}
        camera = max(lacking, key=lambda c: lacking[c])
        counts = ', '.join(f'{c} {self.count(c)}/{n}' for c, n in self.wanted.items())
        views = [view for view in self.views if view.camera == camera]
        if lacking[camera] <= 0:
            return f'{counts}: enough'
        if len(views) < 3:
            return f'{counts}: point {camera} at the board, hold still, then move on'
        turned, joints = calibrator.motion(views, camera)
        if turned[1] < self.config.span_deg:
            # Among those that did not move, the ones near the camera are the easiest to turn.
            least = sorted(joints, key=lambda joint: round(joints[joint]))[:3]
            return (
                f'{counts}: {camera} turned around one axis only ({turned[0]:.0f}, '
                f'{turned[1]:.0f} deg rms); also turn {", ".join(least)}'
            )
        return f'{counts}: more poses of {camera}, nearer, farther and from the sides'

    def _must_be_new(self, camera: str, values: Array) -> None:
        parent = self._nominal[camera].parent
        here = self._kinematics.pose(values, parent)
        for view in self.views:
            if view.camera != camera:
                continue
            mm, deg = difference(self._kinematics.pose(view.values, parent), here)
            if mm < self.config.new_mm and deg < self.config.new_deg:
                raise NotTaken(f'{camera}: like picture {view.name}; move the camera further')
