# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What both robot twins show besides the vendor's interface: the clock, the truth, the fault dial.

A twin without the truth could not be used to judge anything; a twin that silently runs slow would
be worse than none. The process that draws the cameras reads the state here; nothing waits for it.
"""

import array
import math
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from hvd_msgs.srv import InjectFault
from nav_msgs.msg import Odometry
from rclpy.node import Node
from sensor_msgs.msg import JointState

from hvd_ros.core.errors import ConfigError
from hvd_ros.drivers.cameras.frame_store import state_writer
from hvd_ros.drivers.sim_devices import twin_dir
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.twin.score import Score
from hvd_ros.sim.mirror import physics_size, read_physics
from hvd_ros.sim.real_time import RealTime
from hvd_ros.sim.vendor_side import VendorSide

TRUTH_PERIOD_NS = 20_000_000
SLOW_FACTOR = 0.98
WARN_PERIOD_NS = 5_000_000_000
DIAGNOSE_PERIOD_NS = 1_000_000_000


class TwinFace:
    """Steps a VendorSide in real time and publishes its ground truth under the node's name."""

    def __init__(self, node: Node, side: VendorSide, robot_name: str) -> None:
        self._node, self._side = node, side
        name = node.get_name()
        self._truth = node.create_publisher(Odometry, f'{name}/ground_truth', qos.STATE)
        self._joints = node.create_publisher(JointState, f'{name}/joint_states', qos.STATE)
        self._diagnostics = node.create_publisher(DiagnosticArray, '/diagnostics', qos.EVENTS)
        node.create_service(InjectFault, f'{name}/fault', self._on_inject)
        now_ns = time.monotonic_ns()
        robot = side.robot
        self._board = state_writer(
            twin_dir(node.get_namespace()),
            robot.model.nq,
            {'robot': robot_name, **side.about},
            0 if side.stage is None else physics_size(robot.model),
        )
        self._score = None if side.stage is None else Score(node, side.stage.scoreboard)
        self.clock = RealTime(robot.timestep_s, now_ns)
        self._truth_ns = self._warned_ns = self._diagnosed_ns = now_ns

    def advance(self, now_ns: int) -> None:
        """Catch up with the steady clock, and show the truth at 50 Hz."""
        steps = self.clock.due(now_ns)
        if steps:
            self._side.step(steps * self._side.robot.timestep_s, now_ns)
            self._hand_out_state(now_ns)
        if self._score is not None:
            self._score.tell()
        if now_ns - self._truth_ns >= TRUTH_PERIOD_NS:
            self._truth_ns = max(self._truth_ns + TRUTH_PERIOD_NS, now_ns - TRUTH_PERIOD_NS)
            self._publish_truth()
        if now_ns - self._diagnosed_ns >= DIAGNOSE_PERIOD_NS:
            self._diagnosed_ns = now_ns
            self._diagnose()
        if now_ns - self._warned_ns >= WARN_PERIOD_NS:
            self._warned_ns = now_ns
            self._warn_if_slow()

    def close(self) -> None:
        """Take the state away, so that nobody draws a robot that is gone; safe to call twice."""
        self._board.close()

    def _hand_out_state(self, now_ns: int) -> None:
        record, data = self._board.begin(), self._side.robot.data
        # The physics has come up to the tick's begin; stepping it took a moment since.
        late_ns = time.monotonic_ns() - now_ns
        record['captured_ns'] = self._node.get_clock().now().nanoseconds - late_ns
        record['captured_steady_ns'] = now_ns
        record['time_s'] = data.time
        record['qpos'] = data.qpos
        if self._score is not None:
            read_physics(self._side.robot.model, data, record['physics'])
        self._board.commit()

    def _diagnose(self) -> None:
        """Say how fast life goes here; the recorder marks what was recorded too slowly."""
        factor = self.clock.factor()
        slow = factor < SLOW_FACTOR
        status = DiagnosticStatus(
            level=DiagnosticStatus.WARN if slow else DiagnosticStatus.OK,
            name=f'{self._node.get_fully_qualified_name()}: real time',
            message='slower than life' if slow else 'ok',
            values=[KeyValue(key='real_time_factor', value=f'{factor:.4f}')],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def _warn_if_slow(self) -> None:
        factor = self.clock.factor()
        if factor < SLOW_FACTOR:
            self._node.get_logger().warning(
                f'real-time factor {factor:.3f} is under {SLOW_FACTOR}: this machine is too busy; '
                'what is recorded now runs slower than life'
            )

    def _publish_truth(self) -> None:
        stamp = self._node.get_clock().now().to_msg()
        truth = Odometry()
        truth.header.stamp = stamp
        truth.header.frame_id, truth.child_frame_id = 'world', 'base_link'
        pose, twist = truth.pose.pose, truth.twist.twist
        pose.position.x, pose.position.y, yaw = self._side.robot.base_pose
        pose.orientation.z, pose.orientation.w = math.sin(yaw / 2), math.cos(yaw / 2)
        twist.linear.x, twist.linear.y, twist.angular.z = self._side.robot.base_twist
        self._truth.publish(truth)
        joints = JointState()
        joints.header.stamp = stamp
        names, position, velocity = self._side.robot.joint_state()
        joints.name = list(names)
        joints.position = array.array('d', position.tobytes())
        joints.velocity = array.array('d', velocity.tobytes())
        self._joints.publish(joints)

    def _on_inject(
        self, request: InjectFault.Request, response: InjectFault.Response
    ) -> InjectFault.Response:
        now_ns = time.monotonic_ns()
        try:
            response.message = self._side.dial.set(
                request.fault, request.target, request.amount, request.seconds, now_ns
            )
            response.success = True
        except ConfigError as error:
            response.success, response.message = False, str(error)
        return response
