# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for mux and guardian that says exactly what a test wants said."""

import threading

from hvd_msgs.msg import CommandTrace, Gate, Heartbeat, MuxStatus
from hvd_msgs.srv import SetMode
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from hvd_ros.core.mux.command import Mode
from hvd_ros.nodes.shell import qos


class FakeMux:
    """Publishes `status` at 20 Hz from a thread; counts keepalives and asked modes."""

    def __init__(self, *, services=True, status=True, guardian=True, name='mux', namespace=''):
        self.status = MuxStatus(mode=Mode.HOLD, text='', gates=[Gate(name='estop', open=True)])
        self.heartbeat = Heartbeat()
        self.joints = None
        self.publishing = status
        self.asked = []
        self.grant = SetMode.Response(success=True)
        self.on_grant = lambda request: None
        self.beats = 0
        self._context = Context()
        rclpy.init(args=[], context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self.node = rclpy.create_node(name, namespace=namespace, context=self._context)
        self._status = self.node.create_publisher(MuxStatus, 'mux/status', qos.LATCHED)
        self._joints = self.node.create_publisher(JointState, 'joint_states', qos.STATE)
        self._trace = self.node.create_publisher(CommandTrace, 'mux/trace', qos.EVENTS)
        self.node.create_subscription(Heartbeat, 'home/keepalive', self._on_beat, qos.COMMAND)
        if services:
            self.node.create_service(SetMode, 'mux/set_mode', self._on_mode)
            self.node.create_service(Trigger, 'mux/estop', self._on_estop)
        if guardian:
            self._guardian = self.node.create_publisher(
                Heartbeat, 'guardian/heartbeat', qos.COMMAND
            )
            self.node.create_service(Trigger, 'estop/trigger', self._on_estop)
            self.node.create_service(Trigger, 'estop/reset', self._on_reset)
        self._has_guardian = guardian
        self.node.create_timer(0.05, self._tick)
        # `hvd status` waits for the names of all nodes, for as long as discovery may take.
        self._others = [
            rclpy.create_node(other, namespace=namespace, context=self._context)
            for other in ('guardian', 'r1', 'joylo')
        ]
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._spin)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        self._thread.join()
        self._executor.shutdown()
        for node in (self.node, *self._others):
            node.destroy_node()
        self._context.try_shutdown()

    def publish_once(self):
        """Say one status and no more, as a mux that froze just after it."""
        self.publishing = False
        self._status.publish(self.status)

    def _spin(self):
        while not self._stop.is_set():
            self._executor.spin_once(timeout_sec=0.02)

    def _tick(self):
        if self.publishing:
            self.status.heartbeat += 1
            self._status.publish(self.status)
        if self.joints is not None:
            self._joints.publish(self.joints)
        if self._has_guardian:
            self._guardian.publish(self.heartbeat)

    def _on_beat(self, message):
        self.beats += 1

    def _on_mode(self, request, response):
        self.asked.append((request.mode, request.pose))
        if self.grant.success:
            self.on_grant(request)
        return self.grant

    def _on_estop(self, request, response):
        self.status.estop = self.heartbeat.estop = True
        self.heartbeat.reason = self.status.reason = 'estop_service'
        return Trigger.Response(success=True, message='stopped')

    def _on_reset(self, request, response):
        self.status.estop = self.heartbeat.estop = False
        return Trigger.Response(success=True, message='released')
