# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parameters that all camera nodes share."""

from dataclasses import dataclass

from hvd_ros.core.config import param
from hvd_ros.core.vision.codec import JPEG_QUALITY
from hvd_ros.core.vision.mounts import OPTICAL_FRAMES


@dataclass(frozen=True)
class CameraNodeConfig:
    """Which camera, how it is named, how often it is heard."""

    hardware: str = param('sim', 'The real camera or its twin.', choices=('sim', 'real'))
    name: str = param('head', 'Name of the camera.', choices=tuple(OPTICAL_FRAMES))
    serial: str = param(
        '',
        'Serial number of the real camera, after an underscore lest it be read as a number '
        '(_044122070299); empty: the only one that is connected.',
    )
    fps: int = param(30, 'Images per second of the real camera.', low=5, high=90)
    rate_hz: float = param(15.0, 'Images published per second at most.', low=1.0, high=90.0)
    frame_id: str = param('', 'Frame of the images; empty: that of the robot description.')
    jpeg_quality: int = param(JPEG_QUALITY, 'Quality of colour.', low=1, high=100)
    read_timeout_s: float = param(1.0, 'Longest wait for an image.', low=0.1, high=2.0)
    frozen_s: float = param(
        2.0, 'A camera that showed nothing new for so long is opened anew.', low=0.2, high=60.0
    )
    open_timeout_s: float = param(
        60.0, 'How long to wait for the twin to appear.', low=0.1, high=600.0
    )


def plain_serial(serial: str) -> str:
    """Return a serial number without the underscore that keeps it from being a number."""
    return serial.removeprefix('_')


def frame_of(config: CameraNodeConfig) -> str:
    """Return the frame of the images."""
    return config.frame_id or OPTICAL_FRAMES[config.name]
