# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The thread that encodes the newest picture once and publishes it.

It never queues: while it works, newer pictures replace each other in the capture. Raw images are
made only while somebody listens to them.
"""

import threading
import time

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from hvd_ros.nodes.camera.capture import Capture, Picture
from hvd_ros.nodes.camera.config import CameraNodeConfig, frame_of
from hvd_ros.nodes.camera.messages import CameraMessages
from hvd_ros.nodes.shell import qos

_WAIT_S = 0.2


class Pace:
    """Thins a stream of pictures to a rate, by the times of their captures."""

    def __init__(self, rate_hz: float, source_hz: float) -> None:
        self._period_ns = round(1e9 / rate_hz)
        # Captures jitter; one that comes a little early is the one that is meant.
        self._early_ns = round(min(0.5 / source_hz, 0.5 / rate_hz) * 1e9)
        self._due_ns = 0

    def take(self, captured_ns: int) -> bool:
        """Return whether the picture of this time is to be published."""
        if captured_ns < self._due_ns - self._early_ns:
            return False
        late = captured_ns - self._due_ns > self._period_ns
        self._due_ns = (captured_ns if late else self._due_ns) + self._period_ns
        return True


class Outlet:
    """The publishers of one camera."""

    def __init__(self, node: Node, config: CameraNodeConfig, capture: Capture) -> None:
        self._capture = capture
        self._messages = CameraMessages(frame_of(config), config.jpeg_quality)
        self._pace = Pace(config.rate_hz, config.fps)
        base = f'camera/{config.name}'

        def publisher(kind, topic):  # type: ignore[no-untyped-def]
            return node.create_publisher(kind, f'{base}/{topic}', qos.SENSOR)

        self._color = publisher(CompressedImage, 'color/image_raw/compressed')
        self._depth = publisher(CompressedImage, 'depth/image_raw/compressedDepth')
        self._raw_color = publisher(Image, 'color/image_raw')
        self._raw_depth = publisher(Image, 'depth/image_raw')
        self._infos = [publisher(CameraInfo, f'{kind}/camera_info') for kind in ('color', 'depth')]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name='outlet', daemon=True)
        self.crash: Exception | None = None
        self.published = 0
        self.bytes = 0  # of the last picture, encoded
        self.encode_ms = 0.0
        self.newest_ns = 0  # steady time of the last published capture

    def open(self) -> None:
        """Start publishing."""
        self._thread.start()

    def close(self) -> None:
        """Publish nothing more; safe to call twice."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        number = 0
        try:
            while not self._stop.is_set():
                picture = self._capture.wait(number, _WAIT_S)
                if picture is None:
                    continue
                number = picture.number
                if self._pace.take(picture.shot.captured_steady_ns):
                    self._publish(picture)
        except Exception as error:
            self.crash = error

    def _publish(self, picture: Picture) -> None:
        shot, messages = picture.shot, self._messages
        began_ns = time.monotonic_ns()
        color, depth = messages.color(shot), messages.depth(shot)
        self.encode_ms = (time.monotonic_ns() - began_ns) / 1e6
        self.bytes = len(color.data) + len(depth.data)
        info = messages.info(picture.intrinsics, shot)
        for publisher in self._infos:
            publisher.publish(info)
        self._color.publish(color)
        self._depth.publish(depth)
        if self._raw_color.get_subscription_count():
            self._raw_color.publish(messages.raw_color(shot))
        if self._raw_depth.get_subscription_count():
            self._raw_depth.publish(messages.raw_depth(shot))
        self.published += 1
        self.newest_ns = shot.captured_steady_ns
