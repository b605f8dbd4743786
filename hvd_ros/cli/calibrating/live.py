# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Views of the board from the running graph, while somebody moves the robot.

It only listens: the robot is moved by teleoperation, and what is said here is what to do next.
"""

from collections.abc import Sequence
import math
from pathlib import Path
import time
from types import TracebackType
from typing import Any

from nav_msgs.msg import Odometry
from sensor_msgs.msg import CameraInfo, CompressedImage, JointState

from hvd_ros.cli.calibrating import feed
from hvd_ros.cli.ros_session import NoAnswer, Session, where_we_looked
from hvd_ros.core.calibration.calibrator import Calibrator
from hvd_ros.core.calibration.collection import Collection
from hvd_ros.core.calibration.view_folder import ViewFolder
from hvd_ros.core.calibration.watch import Watch
from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.robot.body import Body
from hvd_ros.core.vision.mounts import CameraMount
from hvd_ros.nodes.cloud.messages import intrinsics_of
from hvd_ros.nodes.shell import qos

_FIRST_S = 8.0  # for discovery and the first picture
_TURN_S = 0.05
_REPEAT_S = 3.0  # how often the same complaint is said


class Live:
    """The graph's cameras and joints, for as long as a with block lasts."""

    def __init__(
        self,
        namespace: str,
        body: Body,
        collection: Collection,
        cameras: Sequence[str],
        keep: Path | None,
    ) -> None:
        folder = ViewFolder(keep, body) if keep is not None else None
        self._watch = Watch(body, collection, folder.put if folder is not None else None)
        self._collection, self._cameras = collection, cameras
        self._heard = dict.fromkeys(('joint_states', *cameras), 0)
        self._session = Session(namespace)
        self._complained_s = -math.inf
        self._subscribe()

    def __enter__(self) -> 'Live':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.__exit__(kind, error, trace)

    def collect(self, nominal: dict[str, CameraMount]) -> Calibrator:
        """Take pictures until every camera has enough; return who can solve them."""
        if not self._session.spin_until(lambda: all(self._heard.values()), _FIRST_S):
            silent = ', '.join(name for name, count in self._heard.items() if not count)
            raise NoAnswer(
                f'nothing was heard of {silent} in {_FIRST_S:g} s on {where_we_looked()}; start '
                'the robot and its cameras, or name those that run: --cameras'
            )
        calibrator = self._calibrator(nominal)
        print(self._collection.next_step(calibrator), flush=True)
        while not self._collection.complete:
            self._session.spin(_TURN_S)
            taken = self._watch.work()
            self._say(taken)
            if taken:
                print(self._collection.next_step(calibrator), flush=True)
        return self._calibrator(nominal)

    def _calibrator(self, nominal: dict[str, CameraMount]) -> Calibrator:
        return Calibrator(self._collection.body, nominal, self._watch.lenses)

    def _subscribe(self) -> None:
        node, watch = self._session.node, self._watch

        def on_joints(message: Any) -> None:
            self._heard['joint_states'] += 1
            feed.joints(watch, message)

        node.create_subscription(JointState, 'joint_states', on_joints, qos.SERIES)
        node.create_subscription(Odometry, 'odom', lambda m: feed.odometry(watch, m), qos.STATE)
        for camera in self._cameras:
            self._subscribe_to(camera)

    def _subscribe_to(self, camera: str) -> None:
        place = f'camera/{camera}/color'

        def on_picture(message: Any) -> None:
            self._heard[camera] += 1
            feed.picture(self._watch, camera, message)

        def on_info(message: Any) -> None:
            try:
                self._watch.lens(camera, intrinsics_of(message))
            except ContractMismatch as error:
                self._watch.said[camera] = str(error)

        self._session.node.create_subscription(
            CompressedImage, f'{place}/image_raw/compressed', on_picture, qos.PAIRED
        )
        self._session.node.create_subscription(
            CameraInfo, f'{place}/camera_info', on_info, qos.SENSOR
        )

    def _say(self, taken: int) -> None:
        """Say what was taken at once, and why nothing was from time to time."""
        now_s = time.monotonic()
        if self._watch.said and (taken or now_s - self._complained_s > _REPEAT_S):
            print('\n'.join(f'  {text}' for text in self._watch.said.values()), flush=True)
            self._watch.said.clear()
            self._complained_s = now_s
