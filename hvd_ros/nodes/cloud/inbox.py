# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The newest picture of one camera: colour, depth and intrinsics of the same shot.

Colour and depth travel apart. Half a shot from now and half from before would paint the points
of a moving arm with the table behind it, so only a pair of equal stamps is a picture.
"""

from collections import deque
import math
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage

from hvd_ros.core.errors import HvdError
from hvd_ros.core.vision.cloud import Seen
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.nodes.cloud.messages import intrinsics_of, stamp_ns
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest

_KEPT = 4


class CameraInbox:
    """What has arrived of one camera."""

    def __init__(self, node: Node, camera: str, stale_s: float) -> None:
        place = f'camera/{camera}'
        self.camera = camera
        self._color = Latest(
            node, CompressedImage, f'{place}/color/image_raw/compressed', qos.PAIRED
        )
        self._depth = Latest(
            node, CompressedImage, f'{place}/depth/image_raw/compressedDepth', qos.PAIRED
        )
        self._info = Latest(node, CameraInfo, f'{place}/color/camera_info', qos.SENSOR)
        self._colors: deque[Any] = deque(maxlen=_KEPT)
        self._depths: deque[Any] = deque(maxlen=_KEPT)
        self._intrinsics: Intrinsics | None = None
        self._refused = ''
        self._stale_s = stale_s
        self._seen: Seen | None = None
        self._seen_ns = 0  # steady clock; 0: never

    def look(self) -> bool:
        """Take what has arrived; return whether there is a picture that is newer."""
        self._colors += self._color.drain()
        self._depths += self._depth.drain()
        self._learn(self._info.take())
        pair = self._pair()
        if pair is None or self._intrinsics is None:
            return False
        color, depth = pair
        at_ns = stamp_ns(color)
        # A frozen camera that repeats its last picture is silent, whatever it sends.
        if self._seen is not None and at_ns == self._seen.captured_ns:
            return False
        self._seen = Seen(
            self.camera, bytes(color.data), bytes(depth.data), self._intrinsics, at_ns
        )
        self._seen_ns = max(self._color.received_ns, self._depth.received_ns)
        return True

    def age_s(self, now_ns: int) -> float:
        """Return how long ago the newest picture came, infinite before the first."""
        return (now_ns - self._seen_ns) / 1e9 if self._seen is not None else math.inf

    def fresh(self, now_ns: int) -> Seen | None:
        """Return the newest picture unless it is too old."""
        return self._seen if self.age_s(now_ns) <= self._stale_s else None

    def trouble(self, now_ns: int) -> str:
        """Return why there is no fresh picture; empty if there is one."""
        if self.fresh(now_ns) is not None:
            return ''
        if self._refused:
            return self._refused
        if self._seen is not None:
            return f'no new picture for {self.age_s(now_ns):.1f} s; is the camera still there?'
        parts = {'colour': self._colors, 'depth': self._depths, 'camera_info': self._intrinsics}
        missing = [name for name, part in parts.items() if not part]
        if missing:
            return f'never heard: {", ".join(missing)}; does its node run (`hvd status`)?'
        return 'colour and depth never have the same stamp; both must carry their capture time'

    def _learn(self, info: Any) -> None:
        if info is None:
            return
        try:
            self._intrinsics, self._refused = intrinsics_of(info), ''
        except HvdError as error:
            self._intrinsics, self._refused = None, str(error)

    def _pair(self) -> tuple[Any, Any] | None:
        """Return the last colour that has its depth."""
        for color in reversed(self._colors):
            for depth in reversed(self._depths):
                if color.header.stamp == depth.header.stamp:
                    return color, depth
        return None
