# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The ROS 1 robot's twin: the same simulated body behind a rosbridge server on loopback.

In ROS 2 it shows only its ground truth and its fault dial; all else goes through the websocket.
"""

from collections import deque
from dataclasses import dataclass
import time
from typing import Any

from rclpy.node import Node

from hvd_ros.core.config import param
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.vendor.streams import STREAMS
from hvd_ros.drivers.robot import rosbridge_link as ros1
from hvd_ros.drivers.robot.rosbridge_twin import RosbridgeTwin
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.priority import NICE_TWIN, go_before
from hvd_ros.nodes.shell.run import run
from hvd_ros.nodes.shell.tick import Tick
from hvd_ros.nodes.twin.face import TwinFace
from hvd_ros.sim.fault_dial import Sample
from hvd_ros.sim.tasks.setting import SETTINGS
from hvd_ros.sim.vendor_side import PLACES, VendorSide

STATUS_PERIOD_NS = 100_000_000
# Connection faults that only a socket can have.
SOCKET_FAULTS = ('hang_up', 'half_open')


@dataclass(frozen=True)
class RosbridgeTwinConfig:
    """Parameters of the twin."""

    robot: str = param('r1', 'Robot description: a name or the path of a YAML file.')
    scene: str = param('floor', 'Where the robot stands: a room, or a task.', choices=PLACES)
    seed: int = param(0, 'Which episode of a task; the same as hvd sim has.', low=0)
    setting: str = param(
        'usual', 'Setting of a task: usual, or perturbed.', choices=tuple(SETTINGS)
    )
    host: str = param('127.0.0.1', 'Loopback address to listen on.')
    port: int = param(9090, 'Port to listen on; 0 takes a free one.', low=0, high=65535)
    feedback_hz: float = param(200.0, 'Rate of every feedback stream.', low=20.0, high=500.0)


class RosbridgeTwinNode(Node):  # type: ignore[misc]
    """The vendor's side of the websocket."""

    def __init__(self, **options: Any) -> None:
        super().__init__('rosbridge_twin', **options)
        config = declare(self, RosbridgeTwinConfig)
        self._side = VendorSide(
            load_body(config.robot), SOCKET_FAULTS, config.scene, config.seed, config.setting
        )
        # The server's thread only appends; the tick takes.
        self._inbox: deque[tuple[str, dict[str, Any]]] = deque(maxlen=1000)
        self._targets = _target_streams()
        self._server = RosbridgeTwin(
            ros1.vendor_topics(), lambda t, m: self._inbox.append((t, m)), config.host, config.port
        )
        self._server.open()
        self.port = self._server.port
        self.get_logger().info(f'rosbridge twin at ws://{config.host}:{self.port}')
        self._face = TwinFace(self, self._side, config.robot)
        self._status_ns = 0
        self._half_open = False
        self.tick = Tick(self, 1.0 / config.feedback_hz, self._on_tick)

    def close(self) -> None:
        """Stop listening, and take the state away."""
        self._server.close()
        self._face.close()

    def _on_tick(self) -> None:
        now_ns = time.monotonic_ns()
        self._play_socket_faults(now_ns)
        while self._inbox:
            self._hear(*self._inbox.popleft(), now_ns)
        self._face.advance(now_ns)
        stamp_ns = self.get_clock().now().nanoseconds
        for stream in STREAMS:
            for sample in self._side.feedback(stream, stamp_ns, now_ns):
                self._server.publish(f'/hdas/feedback_{stream}', _joint_state(sample))
        if now_ns - self._status_ns >= STATUS_PERIOD_NS:
            self._status_ns = now_ns
            self._publish_status(now_ns)

    def _play_socket_faults(self, now_ns: int) -> None:
        if self._side.dial.amount('hang_up', now_ns) is not None:
            self._side.dial.clear('hang_up')
            self._server.hang_up()
        half_open = self._side.dial.amount('half_open', now_ns) is not None
        if half_open != self._half_open:
            self._half_open = half_open
            self._server.mute(half_open)

    def _hear(self, topic: str, message: dict[str, Any], now_ns: int) -> None:
        try:
            if topic == f'/{ros1.ACCELERATION_LIMIT}':
                self._side.on_acceleration(_xyw(message), now_ns)
            elif topic == f'/{ros1.CHASSIS_TARGET}':
                self._side.on_target('chassis', _xyw(message), now_ns)
            elif 'data' in message:
                self._side.on_target(self._targets[topic], [float(message['data'])], now_ns)
            else:
                values = [float(q) for q in message['position']]
                self._side.on_target(self._targets[topic], values, now_ns)
        except (KeyError, TypeError, ValueError) as error:
            self.get_logger().warning(f'{topic}: not understood: {error!r}')

    def _publish_status(self, now_ns: int) -> None:
        side, publish = self._side, self._server.publish
        side.speed_listeners = self._server.subscribers(f'/{ros1.CHASSIS_SPEED}')
        if not side.dial.cut('bms', now_ns):
            percent, voltage = side.battery(now_ns)
            publish('/hdas/bms', {'voltage': voltage, 'current': 0.0, 'capital': percent})
        if not side.dial.cut('controller', now_ns):
            publish('/controller', {'mode': side.controller_mode(now_ns)})
        for stream in STREAMS:
            if not side.dial.cut(stream, now_ns):
                publish(f'/hdas/feedback_status_{stream}', _status(side.errors(stream, now_ns)))


def _target_streams() -> dict[str, str]:
    topics = ros1.JOINT_TARGETS | ros1.STROKE_TARGETS
    return {f'/{topic}': stream for stream, topic in topics.items()}


def _joint_state(sample: Sample) -> dict[str, Any]:
    secs, nsecs = divmod(sample.stamp_ns, 1_000_000_000)
    return {
        'header': {'seq': 0, 'stamp': {'secs': secs, 'nsecs': nsecs}, 'frame_id': ''},
        'name': [],
        'position': list(sample.position),
        'velocity': list(sample.velocity),
        'effort': list(sample.effort),
    }


def _status(errors: list[tuple[str, int, str]]) -> dict[str, Any]:
    entries = [
        {'name': name, 'error_code': code, 'error_description': [text]}
        for name, code, text in errors
    ]
    return {'name_id': 0, 'errors': entries}


def _xyw(message: dict[str, Any]) -> tuple[float, float, float]:
    linear, angular = message['linear'], message['angular']
    return float(linear['x']), float(linear['y']), float(angular['z'])


def main() -> None:
    """Run the node."""
    run(RosbridgeTwinNode, claim=lambda: go_before(NICE_TWIN))
