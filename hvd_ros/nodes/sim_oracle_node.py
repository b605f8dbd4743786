# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Tells what only a simulation knows, ten times a second, in a process of its own.

For policies that may look behind the scene (`sim_state`), and for machines too small to draw: a
cloud by rays on the topic of the cameras' cloud. No robot has this node.
"""

from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import JointState, PointCloud2

from hvd_ros.core.config import param
from hvd_ros.core.errors import ConfigError
from hvd_ros.core.policy.observation import Modality
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.vision.cloud_message import pack_points
from hvd_ros.drivers.shared_record import RecordReader
from hvd_ros.drivers.sim_devices import twin_dir
from hvd_ros.nodes.cloud.messages import cloud_message, time_of
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.run import run
from hvd_ros.nodes.shell.tick import Tick
from hvd_ros.nodes.twin.finding import Finder
from hvd_ros.sim.cameras import CHEAP, RAY_LOOKS
from hvd_ros.sim.oracle import Oracle
from hvd_ros.sim.tasks.catalogue import TASKS


@dataclass(frozen=True)
class SimOracleConfig:
    """Parameters of the sim_oracle node."""

    rate_hz: float = param(10.0, 'How often it tells.', low=0.5, high=60.0)
    tells: str = param(
        'state',
        'The state alone, or with it a cloud by rays, of the room or of what stands on a table; '
        'then leave the cloud node out.',
        choices=('state', *RAY_LOOKS),
    )


class SimOracleNode(Node):  # type: ignore[misc]
    """Looks at the newest state of the twin in this namespace."""

    def __init__(self, **options: Any) -> None:
        super().__init__('sim_oracle', **options)
        self._config = config = declare(self, SimOracleConfig)
        self._folder = twin_dir(self.get_namespace())
        self._look = RAY_LOOKS.get(config.tells)
        self._needs = {Modality.SIM_STATE} | ({Modality.CLOUD} if self._look else set())
        self._told = self.create_publisher(JointState, 'sim_state', qos.STATE)
        self._points = (
            self.create_publisher(PointCloud2, 'points', qos.SENSOR) if self._look else None
        )
        self._state: RecordReader | None = None
        self._oracle: Oracle | None = None
        self._frame = ''
        self._finder = Finder(self, self._folder)
        self.tick = Tick(self, 1.0 / config.rate_hz, self._on_tick)

    def close(self) -> None:
        """Look no more; safe to call twice."""
        if self._state is not None:
            self._state.close()
        self._state = self._oracle = None

    def _on_tick(self) -> None:
        if (self._state is None or self._oracle is None) and not self._enter():
            return
        assert self._state is not None and self._oracle is not None
        state = self._state.read()
        if state is None:
            # The physics stands still, and so does what is told; or it is gone.
            if not self._state.alive():
                self.close()
            return
        seen = self._oracle.see(state['physics'], self._needs)
        captured_ns = int(state['captured_ns'])
        assert seen.sim_state is not None
        message = JointState(name=list(self._oracle.names), position=seen.sim_state.tolist())
        message.header.stamp = time_of(captured_ns)
        self._told.publish(message)
        if self._points is not None and seen.cloud is not None:
            data = pack_points(*seen.cloud)
            self._points.publish(cloud_message(data, captured_ns, self._frame))

    def _enter(self) -> bool:
        """Find the physics and build its scene once more."""
        state = self._finder.find()
        if state is None:
            return False
        about = state.about
        if about['scene'] not in TASKS:
            raise ConfigError(
                f"the twin stands in '{about['scene']}', where there is no task to tell of; "
                f'launch it with scene:= one of {", ".join(sorted(TASKS))}'
            )
        body = load_body(about['robot'])
        self._oracle = Oracle(
            body, about['scene'], int(about['seed']), about['setting'], self._look or CHEAP
        )
        self._state, self._frame = state, body.base_frame
        what = f'state and a cloud ({self._config.tells})' if self._look else 'state'
        self.get_logger().info(f"tells the {what} of '{about['scene']}', seed {about['seed']}")
        return True


def main() -> None:
    """Run the node."""
    run(SimOracleNode)
