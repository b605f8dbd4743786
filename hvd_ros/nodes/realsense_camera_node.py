# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One RealSense D435i, or its twin: colour and aligned depth with the times of their capture."""

from dataclasses import dataclass
from typing import Any

from rclpy.node import Node

from hvd_ros.core.config import param
from hvd_ros.drivers.cameras.realsense import RealsenseCamera, RealsenseConfig
from hvd_ros.nodes.camera.config import CameraNodeConfig, plain_serial
from hvd_ros.nodes.camera.face import CameraFace
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.run import run


@dataclass(frozen=True)
class RealsenseCameraConfig(CameraNodeConfig):
    """Parameters of the realsense_camera node."""

    width: int = param(640, 'Width of the real images [px].', low=16, high=1920)
    height: int = param(480, 'Height of the real images [px].', low=16, high=1080)


class RealsenseCameraNode(Node):  # type: ignore[misc]
    """Chooses the device; the rest is what every camera does."""

    def __init__(self, **options: Any) -> None:
        super().__init__('realsense_camera', **options)
        config = declare(self, RealsenseCameraConfig)
        real = RealsenseCamera(_asked(config)) if config.hardware == 'real' else None
        self._face = CameraFace(self, config, real)

    def close(self) -> None:
        """Give the camera back."""
        self._face.close()


def _asked(config: RealsenseCameraConfig) -> RealsenseConfig:
    return RealsenseConfig(
        plain_serial(config.serial), config.width, config.height, config.fps, config.read_timeout_s
    )


def main() -> None:
    """Run the node."""
    run(RealsenseCameraNode)
