# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A camera as the graph sees it: its images, and in /diagnostics how it is.

The real camera must be there when the node starts; the twin may still be drawing its first
picture and is waited for. Later both may come and go.
"""

import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from hvd_ros.core.errors import DeviceError
from hvd_ros.drivers.cameras.camera import Camera
from hvd_ros.drivers.cameras.sim_camera import SimCamera
from hvd_ros.drivers.sim_devices import twin_dir
from hvd_ros.nodes.camera.capture import BACKOFF_S, Capture
from hvd_ros.nodes.camera.config import CameraNodeConfig
from hvd_ros.nodes.camera.outlet import Outlet
from hvd_ros.nodes.shell import qos


class CameraFace:
    """Everything of a camera node but the choice of its device."""

    def __init__(
        self,
        node: Node,
        config: CameraNodeConfig,
        real: Camera | None,
        backoff_s: tuple[float, float] = BACKOFF_S,
    ) -> None:
        """Open `real`, or the twin of this graph if there is none; raises DeviceError."""
        self._node, self._config = node, config
        self._patient = real is None
        camera = real or SimCamera(twin_dir(node.get_namespace()), config.name)
        log = node.get_logger()
        self._capture = Capture(
            camera,
            noisy=real is not None,
            frozen_s=config.frozen_s,
            warn=lambda text: log.warning(f'{config.name}: {text}'),
            info=lambda text: log.info(f'{config.name}: {text}'),
            backoff_s=backoff_s,
        )
        self._outlet = Outlet(node, config, self._capture)
        self._diagnostics = node.create_publisher(DiagnosticArray, '/diagnostics', qos.EVENTS)
        self._began_ns = time.monotonic_ns()
        self._counted = (0, 0, self._began_ns)
        self._capture.open(patient=self._patient)
        self._outlet.open()
        node.create_timer(1.0, self._on_second)

    def close(self) -> None:
        """Stop publishing, give the camera back."""
        self._outlet.close()
        self._capture.close()

    def _on_second(self) -> None:
        crash = self._capture.crash or self._outlet.crash
        if crash is not None:
            raise crash
        waited_s = (time.monotonic_ns() - self._began_ns) / 1e9
        if not self._capture.opened and waited_s > self._config.open_timeout_s:
            raise DeviceError(f'no camera after {waited_s:.0f} s: {self._capture.trouble}')
        message = DiagnosticArray()
        message.header.stamp = self._node.get_clock().now().to_msg()
        message.status.append(self._status())
        self._diagnostics.publish(message)

    def _trouble(self) -> str:
        told = self._capture.trouble or self._capture.covered
        silent_s = (time.monotonic_ns() - self._outlet.newest_ns) / 1e9
        longest_s = self._config.read_timeout_s + self._config.frozen_s
        if told or silent_s < longest_s:
            return told
        # A driver that keeps its deadline would have said so itself.
        return f'no image for {silent_s:.1f} s: its driver hangs; start this node again'

    def _status(self) -> DiagnosticStatus:
        trouble = self._trouble()
        status = DiagnosticStatus(
            name=f'{self._node.get_fully_qualified_name()}: camera {self._config.name}',
            message=trouble or 'ok',
            hardware_id=self._config.serial,
            level=DiagnosticStatus.ERROR if trouble else DiagnosticStatus.OK,
        )
        status.values = [KeyValue(key=key, value=value) for key, value in self._figures().items()]
        return status

    def _figures(self) -> dict[str, str]:
        capture, outlet, now_ns = self._capture, self._outlet, time.monotonic_ns()
        pictures, published, at_ns = self._counted
        self._counted = (capture.pictures, outlet.published, now_ns)
        seconds = (now_ns - at_ns) / 1e9
        age_s = f'{(now_ns - outlet.newest_ns) / 1e9:.3f}' if outlet.newest_ns else 'never'
        return {
            'age_s': age_s,
            'captured_hz': f'{(capture.pictures - pictures) / seconds:.1f}',
            'published_hz': f'{(outlet.published - published) / seconds:.1f}',
            'opened': str(capture.opened),
            'pictures': str(capture.pictures),
            'repeated': str(capture.repeated),
            'encode_ms': f'{outlet.encode_ms:.1f}',
            'bytes': str(outlet.bytes),
        }
