# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Publishers that play the whole graph towards a node that only listens."""

import math
import threading
import time

from geometry_msgs.msg import Quaternion
from hvd_msgs.msg import Gate, MuxStatus, RobotHealth, SourceStatus, WholeBodyCommand
from nav_msgs.msg import Odometry
import rclpy
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from hvd_ros.core.robot.body import Kind
from hvd_ros.nodes.shell import qos


class FakeGraph:
    """Publishes from a thread of its own until closed; its fields may be changed meanwhile."""

    def __init__(self, body, rate_hz=20.0):
        self.body = body
        self.period_s = 1.0 / rate_hz
        self.silent = False
        self.estops = 0
        self.status = MuxStatus(mode=MuxStatus.MODE_IDLE, layout_id=body.layout_id)
        self.status.self_distance_m = 0.123
        self.health = RobotHealth(
            battery_percent=76.0, battery_voltage=50.4, temperature_c=41.0, base_ready=True
        )
        self.values = body.pose('home').copy()
        self.leader = self.values.copy()
        self.x = self.y = self.yaw = 0.0
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        node = self._node = rclpy.create_node('fake_graph', context=self._context)
        self._status = node.create_publisher(MuxStatus, 'mux/status', qos.LATCHED)
        self._health = node.create_publisher(RobotHealth, 'robot_health', qos.STATE)
        self._joints = node.create_publisher(JointState, 'joint_states', qos.STATE)
        self._leader = node.create_publisher(JointState, 'joylo/joint_states', qos.STATE)
        self._odom = node.create_publisher(Odometry, 'odom', qos.STATE)
        self._command = node.create_publisher(WholeBodyCommand, 'command', qos.COMMAND)
        node.create_service(Trigger, 'mux/estop', self._on_estop)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(node)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def gate(self, name, open_, reason='', detail='', fix=''):
        self.status.gates = [
            *(g for g in self.status.gates if g.name != name),
            Gate(name=name, open=open_, reason=reason, detail=detail, fix=fix),
        ]

    def source(self, name, age_s, engaged=False, reason=''):
        self.status.sources = [
            *(s for s in self.status.sources if s.name != name),
            SourceStatus(
                name=name, age_s=age_s, fresh=age_s < 0.1, engaged=engaged, reason=reason
            ),
        ]

    def close(self):
        self._stop.set()
        self._thread.join()
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def _run(self):
        due = time.monotonic()
        while not self._stop.is_set():
            due += self.period_s
            while (left := due - time.monotonic()) > 0:
                self._executor.spin_once(timeout_sec=left)
            if not self.silent:
                self._publish()

    def _publish(self):
        self._status.publish(self.status)
        self._health.publish(self.health)
        self._joints.publish(self._joint_state(self.values))
        self._leader.publish(self._joint_state(self.leader, 'arm'))
        odom = Odometry()
        odom.pose.pose.position.x, odom.pose.pose.position.y = self.x, self.y
        odom.pose.pose.orientation = Quaternion(z=math.sin(self.yaw / 2), w=math.cos(self.yaw / 2))
        base = self.body.mask(Kind.VELOCITY)
        twist = odom.twist.twist
        twist.linear.x, twist.linear.y, twist.angular.z = self.values[base].tolist()
        self._odom.publish(odom)
        self._command.publish(
            WholeBodyCommand(
                layout_id=self.body.layout_id, engaged=True, values=self.values.tolist()
            )
        )

    def _joint_state(self, values, group=None):
        rows = [
            (d.joint, float(values[i] * d.joint_per_unit))
            for i, d in enumerate(self.body.dimensions)
            if d.joint and group in (None, d.group)
        ]
        return JointState(name=[r[0] for r in rows], position=[r[1] for r in rows])

    def _on_estop(self, request, response):
        self.estops += 1
        self.status.mode, self.status.estop = MuxStatus.MODE_ESTOP, True
        response.success, response.message = True, 'stopped'
        return response
