# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Three RGB-D cameras and a cloud that cost next to nothing: drawn and encoded once, played at 10 Hz.

What the recorder gets is what cameras of that size would give it: textured, with the noise of a
sensor, because flat images would be a tenth as large.
"""

from collections.abc import Iterator
import struct
import time
from typing import Any

import numpy as np
from rclpy.node import Node

from hvd_ros.core.bag import cdr
from hvd_ros.core.episodes.streams import CAMERAS, CLOUD, Stream, camera_streams
from hvd_ros.core.vision.cloud_message import FIELDS, FLOAT32, POINT_STEP, pack_points
from hvd_ros.core.vision.codec import COLOR_FORMAT, DEPTH_FORMAT, encode_color, encode_depth
from hvd_ros.nodes.recorder.ears import message_type
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.run import run
from hvd_ros.nodes.shell.tick import Tick

WIDTH, HEIGHT, POINTS = 640, 480, 4096
RATE_HZ = 10.0
VIEWS = 6  # different images of each camera
_FOCAL_PX, _BASELINE_M, _DISPARITY_PX = 380.0, 0.05, 0.08  # of a D435i


def color(seed: int) -> Any:
    """Return a cluttered scene (H, W, 3) with the noise of a sensor."""
    random = np.random.default_rng(seed)
    image = 90 + 50 * _smooth(random, 60)[..., None] + 25 * _smooth(random, 12, 3)
    for _ in range(40):  # boards, boxes, markers
        y, x = random.integers(0, HEIGHT - 40), random.integers(0, WIDTH - 40)
        h, w = random.integers(8, 120), random.integers(8, 160)
        patch = image[y : y + h, x : x + w]
        patch[:] = random.integers(20, 235, 3) + 0.3 * (patch - 128)
    return np.clip(image + random.normal(0.0, 2.0, image.shape), 0, 255).astype(np.uint8)


def depth(seed: int) -> Any:
    """Return the depth (H, W) in mm of a slanted room with boxes, noise of a stereo camera."""
    random = np.random.default_rng(seed)
    z_m = np.broadcast_to(np.linspace(3.0, 0.6, HEIGHT)[:, None], (HEIGHT, WIDTH)).copy()
    for _ in range(15):
        y, x = random.integers(0, HEIGHT - 40), random.integers(0, WIDTH - 40)
        h, w = random.integers(20, 160), random.integers(20, 200)
        z_m[y : y + h, x : x + w] = random.uniform(0.4, 2.0)
    # Stereo errs in disparity, which a D400 reports in 32nds of a pixel; neighbours err alike,
    # because they were matched in one window.
    disparity_px = _FOCAL_PX * _BASELINE_M / z_m + _DISPARITY_PX * _smooth(random, 5)
    z_m = _FOCAL_PX * _BASELINE_M / (np.round(32 * disparity_px) / 32)
    z_m[_smooth(random, 20) > 1.6] = 0.0  # holes
    return (1000 * z_m).astype(np.uint16)


def messages(seed: int) -> Iterator[tuple[Stream, bytes]]:
    """Yield one message of every stream, with no stamp yet."""
    for number, camera in enumerate(CAMERAS):
        rgb, mm, info = camera_streams(camera)
        head = cdr.header(0, f'{camera}_camera_optical_frame')
        jpeg = encode_color(color(10 * seed + number))
        yield rgb, _image(head, COLOR_FORMAT, jpeg)
        yield mm, _image(head, DEPTH_FORMAT, encode_depth(depth(10 * seed + number)))
        yield info, _info(head)
    yield CLOUD, _cloud(np.random.default_rng(seed))


def stamped(data: bytes, ns: int) -> bytes:
    """Return a message with this header stamp."""
    return data[:4] + struct.pack('<iI', ns // cdr.NS, ns % cdr.NS) + data[12:]


class CameraFeed(Node):  # type: ignore[misc]
    """Publishes them over and over."""

    def __init__(self) -> None:
        super().__init__('camera_feed')
        self._views = [tuple(messages(seed)) for seed in range(VIEWS)]
        self._publishers_of = {
            stream: self.create_publisher(message_type(stream.kind), stream.topic, qos.SENSOR)
            for stream, _ in self._views[0]
        }
        self._count = 0
        self.tick = Tick(self, 1.0 / RATE_HZ, self._on_tick)

    def _on_tick(self) -> None:
        now_ns = time.clock_gettime_ns(time.CLOCK_REALTIME)
        for stream, data in self._views[self._count % VIEWS]:
            self._publishers_of[stream].publish(stamped(data, now_ns))
        self._count += 1


def _smooth(random: Any, cell: int, channels: int = 1) -> Any:
    """Return noise (H, W) or (H, W, C) of unit size that changes over about `cell` pixels."""
    rows, columns = HEIGHT // cell + 2, WIDTH // cell + 2
    coarse = random.normal(0.0, 1.0, (rows, columns, channels))
    y, x = np.arange(HEIGHT) / cell, np.arange(WIDTH) / cell
    i, j = y.astype(int), x.astype(int)
    fy, fx = (y - i)[:, None, None], (x - j)[None, :, None]
    top = coarse[i][:, j] * (1 - fx) + coarse[i][:, j + 1] * fx
    bottom = coarse[i + 1][:, j] * (1 - fx) + coarse[i + 1][:, j + 1] * fx
    field = top * (1 - fy) + bottom * fy
    return field if channels > 1 else field[..., 0]


def _image(head: Any, form: str, data: bytes) -> bytes:
    pixels = np.frombuffer(data, np.uint8)
    return cdr.encode(
        cdr.make('sensor_msgs/msg/CompressedImage', header=head, format=form, data=pixels)
    )


def _info(head: Any) -> bytes:
    roi = cdr.make(
        'sensor_msgs/msg/RegionOfInterest',
        x_offset=0, y_offset=0, height=0, width=0, do_rectify=False,
    )  # fmt: skip
    k = np.array([_FOCAL_PX, 0, WIDTH / 2, 0, _FOCAL_PX, HEIGHT / 2, 0, 0, 1.0])
    p = np.hstack((k.reshape(3, 3), np.zeros((3, 1)))).ravel()
    return cdr.encode(
        cdr.make(
            'sensor_msgs/msg/CameraInfo',
            header=head, height=HEIGHT, width=WIDTH, distortion_model='plumb_bob', d=np.zeros(5),
            k=k, r=np.eye(3).ravel(), p=p, binning_x=0, binning_y=0, roi=roi,
        )
    )  # fmt: skip


def _cloud(random: Any) -> bytes:
    xyz = random.uniform(-1.0, 1.0, (POINTS, 3)).astype(np.float32)
    rgb = random.integers(0, 256, (POINTS, 3)).astype(np.uint8)
    fields = [
        cdr.make('sensor_msgs/msg/PointField', name=n, offset=4 * i, datatype=FLOAT32, count=1)
        for i, n in enumerate(FIELDS)
    ]
    data = np.frombuffer(pack_points(xyz, rgb), np.uint8)
    return cdr.encode(
        cdr.make(
            'sensor_msgs/msg/PointCloud2',
            header=cdr.header(0, 'base_link'), height=1, width=POINTS, fields=fields,
            is_bigendian=False, point_step=POINT_STEP, row_step=POINT_STEP * POINTS, data=data,
            is_dense=True,
        )
    )  # fmt: skip


if __name__ == '__main__':
    run(CameraFeed)
