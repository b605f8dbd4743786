# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One cloud out of all cameras, ten times a second.

The tick only collects: pictures, joints, and who is silent. Building takes tens of milliseconds,
so it happens in a thread of its own, which always works on the newest pictures.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
import math
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from sensor_msgs.msg import JointState, PointCloud2

from hvd_ros.core.config import param
from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.vision.cloud import Cloud, CloudBuilder, SceneConfig, View, views_at_capture
from hvd_ros.core.vision.cloud_message import pack_points
from hvd_ros.core.vision.joint_history import JointHistory
from hvd_ros.core.vision.mounts import doubts, load_mounts
from hvd_ros.nodes.cloud.inbox import CameraInbox
from hvd_ros.nodes.cloud.messages import ERROR, OK, WARN, Row, cloud_message, diagnostics, stamp_ns
from hvd_ros.nodes.cloud.worker import Worker
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.run import run
from hvd_ros.nodes.shell.tick import Tick


@dataclass(frozen=True)
class CloudConfig(SceneConfig):
    """Parameters of the cloud node."""

    robot: str = param('r1', 'Robot description: a name or the path of a YAML file.')
    cameras: list[str] = param(['head', 'left_wrist', 'right_wrist'], 'Whose depth is fused.')
    rate_hz: float = param(10.0, 'Clouds a second, at most.', low=0.5, high=60.0)
    stale_s: float = param(
        0.5, 'A camera silent for longer is left out of the cloud.', low=0.05, high=5.0
    )
    mount_age_days: float = param(
        90.0, 'A camera mount measured longer ago is warned about.', low=1.0, high=3650.0
    )


class CloudNode(Node):  # type: ignore[misc]
    """Pictures and joints in, points out."""

    def __init__(self, **options: Any) -> None:
        super().__init__('cloud', **options)
        self._config = config = declare(self, CloudConfig)
        self._body = body = load_body(config.robot)
        self._mounts = load_mounts(body)
        self._check_cameras()
        mounts = {camera: self._mounts[camera] for camera in config.cameras}
        self._builder = CloudBuilder(body, mounts, config)
        self._doubts = doubts(mounts, datetime.now(UTC), config.mount_age_days)
        for text in self._doubts.values():
            self.get_logger().warning(text)
        self._history = JointHistory(body)
        self._broken_joints = 0
        self._joints = Latest(self, JointState, 'joint_states', qos.SERIES)
        self._inboxes = [CameraInbox(self, camera, config.stale_s) for camera in config.cameras]
        self._points = self.create_publisher(PointCloud2, 'points', qos.SENSOR)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', qos.EVENTS)
        self._uncovered: dict[str, str] = {}
        self._cloud: Cloud | None = None
        self._published, self._published_ns = 0, 0  # clouds so far; steady clock of the last
        self._age_s = math.inf
        self._counted = (0, time.monotonic_ns())
        self._said = ''
        self._worker: Worker[list[View]] = Worker('cloud', self._build)
        # Nothing here wakes the executor but the two timers.
        self._tick = Tick(self, 1.0 / config.rate_hz, self._on_tick)
        self._slow = Tick(self, 1.0, self._on_second)

    def close(self) -> None:
        """Finish the cloud in work; safe to call twice."""
        self._worker.close()

    def _check_cameras(self) -> None:
        cameras = self._config.cameras
        for camera in cameras:
            if camera not in self._mounts:
                raise ConfigError(
                    f"cameras: no camera '{camera}'; {did_you_mean(camera, self._mounts)}"
                )
        if not cameras or len(set(cameras)) != len(cameras):
            raise ConfigError(f'cameras = {cameras}: name at least one, and none twice')

    def _on_tick(self) -> None:
        if self._worker.crash is not None:
            raise self._worker.crash
        for message in self._joints.drain():
            joints = dict(zip(message.name, message.position, strict=False))
            self._broken_joints += not self._history.put(stamp_ns(message), joints)
        # All of them look; any() alone would stop at the first.
        renewed = [inbox.look() for inbox in self._inboxes]
        if not any(renewed):
            return
        now_ns = time.monotonic_ns()
        seen = [picture for inbox in self._inboxes if (picture := inbox.fresh(now_ns))]
        views, self._uncovered = views_at_capture(seen, self._history)
        if views:
            self._worker.put(views)

    def _build(self, views: list[View]) -> None:
        """Build and publish one cloud; the worker's thread runs this."""
        cloud = self._builder.build(views)
        self._cloud = cloud
        if not cloud.valid:
            return
        data = pack_points(cloud.xyz, cloud.rgb)
        self._points.publish(cloud_message(data, cloud.captured_ns, self._body.base_frame))
        self._age_s = (self.get_clock().now().nanoseconds - cloud.captured_ns) / 1e9
        self._published_ns = time.monotonic_ns()
        self._published += 1

    def _on_second(self) -> None:
        now_ns = time.monotonic_ns()
        rows = {inbox.camera: self._camera_row(inbox, now_ns) for inbox in self._inboxes}
        rows['points'] = self._points_row(now_ns)
        now = self.get_clock().now().to_msg()
        self._diagnostics.publish(diagnostics(self.get_fully_qualified_name(), now, rows))
        # The log hears of trouble when it changes; of the mounts it has heard at the start.
        trouble = {camera: self._trouble(inbox, now_ns) for camera, inbox in self._by_name()}
        said = ', '.join(sorted(camera for camera, text in trouble.items() if text))
        if said != self._said:
            self._said = said
            why = '; '.join(f'{camera}: {text}' for camera, text in trouble.items() if text)
            log = self.get_logger()
            log.warning(f'left out of the cloud: {why}') if why else log.info('all cameras are in')

    def _by_name(self) -> list[tuple[str, CameraInbox]]:
        return [(inbox.camera, inbox) for inbox in self._inboxes]

    def _trouble(self, inbox: CameraInbox, now_ns: int) -> str:
        """Return why a camera is not in the cloud; empty if it is."""
        name, cloud = inbox.camera, self._cloud
        left_out = cloud.left_out.get(name, '') if cloud is not None else ''
        return inbox.trouble(now_ns) or self._uncovered.get(name, '') or left_out

    def _camera_row(self, inbox: CameraInbox, now_ns: int) -> Row:
        mount = self._mounts[inbox.camera]
        trouble = self._trouble(inbox, now_ns) or self._doubts.get(inbox.camera, '')
        figures = {
            'age_s': f'{inbox.age_s(now_ns):.3f}',
            'mount': mount.calibrated or 'as drawn',
            'mount_residual_px': f'{mount.residual_px:.3f}',
            'mount_residual_m': f'{mount.residual_m:.4f}',
        }
        return WARN if trouble else OK, trouble, figures

    def _points_row(self, now_ns: int) -> Row:
        (count, at_ns), self._counted = self._counted, (self._published, now_ns)
        silent_s = (now_ns - self._published_ns) / 1e9 if self._published_ns else math.inf
        cloud = self._cloud
        figures = {
            'rate_hz': f'{(self._published - count) / (now_ns - at_ns) * 1e9:.1f}',
            'capture_age_s': f'{self._age_s:.3f}',
            'dropped': str(self._worker.dropped),
            'broken_joint_states': str(self._broken_joints),
        }
        if cloud is not None:
            figures |= {
                'cameras': ', '.join(cloud.cameras),
                'valid_points': str(cloud.valid),
                'build_ms': f'{sum(cloud.stages_ms.values()):.1f}',
            }
        if silent_s <= max(1.0, 3.0 / self._config.rate_hz):
            if cloud is not None and len(cloud.cameras) < len(self._inboxes):
                return WARN, 'degraded: not all cameras are in', figures
            return OK, '', figures
        if cloud is not None and not cloud.valid:
            return ERROR, 'nothing in the box; see crop_low_m, crop_high_m and depth', figures
        return ERROR, f'no cloud for {silent_s:.1f} s; see the cameras above', figures


def main() -> None:
    """Run the node."""
    run(CloudNode)
