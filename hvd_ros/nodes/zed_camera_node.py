# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The ZED 2i of the head, or its twin: colour and depth with the times of their capture."""

from dataclasses import dataclass
from typing import Any

from rclpy.node import Node

from hvd_ros.core.config import param
from hvd_ros.drivers.cameras.zed import ZedCamera, ZedConfig
from hvd_ros.nodes.camera.config import CameraNodeConfig, plain_serial
from hvd_ros.nodes.camera.face import CameraFace
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.run import run


@dataclass(frozen=True)
class ZedCameraConfig(CameraNodeConfig):
    """Parameters of the zed_camera node."""

    width: int = param(672, 'Width of the real images [px].', low=16, high=2208)
    height: int = param(376, 'Height of the real images [px].', low=16, high=1242)
    depth_mode: str = param(
        ZedConfig.depth_mode, 'How the SDK computes depth; NEURAL and lighter ones need less GPU.'
    )
    transfer_frames: float = param(
        ZedConfig.transfer_frames,
        'From exposure to the stamp of the SDK, in images (2 to 3 by its documentation).',
        low=0.0,
        high=4.0,
    )


class ZedCameraNode(Node):  # type: ignore[misc]
    """Chooses the device; the rest is what every camera does."""

    def __init__(self, **options: Any) -> None:
        super().__init__('zed_camera', **options)
        config = declare(self, ZedCameraConfig)
        real = ZedCamera(_asked(config)) if config.hardware == 'real' else None
        self._face = CameraFace(self, config, real)

    def close(self) -> None:
        """Give the camera back."""
        self._face.close()


def _asked(config: ZedCameraConfig) -> ZedConfig:
    return ZedConfig(
        plain_serial(config.serial),
        config.width,
        config.height,
        config.fps,
        config.depth_mode,
        config.transfer_frames,
        config.read_timeout_s,
    )


def main() -> None:
    """Run the node."""
    run(ZedCameraNode)
