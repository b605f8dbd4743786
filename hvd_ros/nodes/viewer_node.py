# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The page: the robot, the mode and the reasons, live in a browser on this machine.

It listens only; the one thing that a click can do is ask the mux for an e-stop.
"""

from dataclasses import dataclass
import math
import threading
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from hvd_msgs.msg import MuxStatus, RecorderStatus, RobotHealth, WholeBodyCommand
from nav_msgs.msg import Odometry
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from hvd_ros.core.config import param
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.kinematics import BodyKinematics
from hvd_ros.core.robot.urdf import read_urdf
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.run import run
from hvd_ros.nodes.viewer.page import Page
from hvd_ros.nodes.viewer.scene import Scene
from hvd_ros.nodes.viewer.server import HOST, LoopbackServer
from hvd_ros.nodes.viewer.view import Stream, View, planar, positions

RATE_HZ = 15.0  # the picture; the bars and the text follow at a third of it

_TOPICS: dict[str, tuple[str, type[Any], Any]] = {
    'mux': ('mux/status', MuxStatus, qos.LATCHED),
    'health': ('robot_health', RobotHealth, qos.STATE),
    'joints': ('joint_states', JointState, qos.STATE),
    'odom': ('odom', Odometry, qos.STATE),
    'leader': ('joylo/joint_states', JointState, qos.STATE),
    'command': ('command', WholeBodyCommand, qos.COMMAND),
    'recorder': ('recorder/status', RecorderStatus, qos.LATCHED),
    'policy': ('policy/status', DiagnosticStatus, qos.LATCHED),
    'task': ('sim_robot/score', DiagnosticStatus, qos.LATCHED),
}


@dataclass(frozen=True)
class ViewerConfig:
    """Parameters of the viewer node."""

    robot: str = param('r1', 'Robot description: a name or the path of a YAML file.')
    port: int = param(8080, 'Port of the page on 127.0.0.1; 0: any free one.', low=0, high=65535)


class ViewerNode(Node):
    """Read the graph, draw the page."""

    def __init__(self) -> None:
        super().__init__('viewer')
        config = declare(self, ViewerConfig)
        body = load_body(config.robot)
        self._tree = BodyKinematics(body).tree
        self._inbox = {
            name: Latest(self, kind, topic, profile)
            for name, (topic, kind, profile) in _TOPICS.items()
        }
        self._estop = self.create_client(Trigger, 'mux/estop')
        self._estop_asked = threading.Event()  # set by a thread of the server
        assert body.urdf is not None  # BodyKinematics refused a body without one
        self._server = LoopbackServer(config.port)
        self._scene = Scene(self._server, read_urdf(body.urdf), self._tree)
        self._page = Page(self._server, body, self._estop_asked.set)
        self._tick = 0
        self.create_timer(1.0 / RATE_HZ, self._on_tick)
        self.get_logger().info(f'the page is at http://{HOST}:{self._server.get_port()}')

    def close(self) -> None:
        """Stop serving."""
        self._server.stop()

    def _on_tick(self) -> None:
        view = self._view()
        self._tick += 1
        if self._estop_asked.is_set():
            self._estop_asked.clear()
            self._ask_estop()
        if not self._server.get_clients():
            return  # nobody looks, nothing to draw
        with self._server.atomic():
            self._draw(view)
            if self._tick % 3 == 0:
                self._page.update(view)

    def _view(self) -> View:
        now = time.monotonic_ns()
        streams = {}
        for name, latest in self._inbox.items():
            latest.take()
            age_s = (now - latest.received_ns) / 1e9 if latest.message is not None else math.inf
            streams[name] = Stream(name, _TOPICS[name][0], latest.message, max(age_s, 0.0))
        return View(**streams)

    def _draw(self, view: View) -> None:
        known = self._tree.joints
        joints = {n: q for n, q in positions(view.joints.message).items() if n in known}
        leader = {n: q for n, q in positions(view.leader.message).items() if n in known}
        self._scene.drive(*planar(view.odom.message))
        self._scene.robot(joints, view.joints.fresh)
        self._scene.leader(joints | leader, leader.keys() if view.leader.fresh else ())

    def _ask_estop(self) -> None:
        if not self._estop.service_is_ready():
            text = 'Nobody serves mux/estop. Use the hardware e-stop.'
            self._page.tell('E-stop NOT sent', text, good=False)
            return
        self.get_logger().warning('e-stop asked on the page')
        self._estop.call_async(Trigger.Request()).add_done_callback(self._on_estop_answer)

    def _on_estop_answer(self, future: Any) -> None:
        answer = future.result()
        title = 'E-stop' if answer.success else 'E-stop REFUSED'
        self._page.tell(title, answer.message, good=answer.success)


def main() -> None:
    """Run the viewer node."""
    run(ViewerNode)
