# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The command mux as a node: poll the inputs, take one step of core/mux/tick.py, publish.

Nothing wakes this process but its own steady timer and the two services.
"""

import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from hvd_msgs.msg import CommandTrace, Heartbeat, MuxStatus, WholeBodyCommand
from hvd_msgs.srv import SetMode
from rclpy.node import Node
from std_srvs.srv import Trigger

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.mux.command import Mode
from hvd_ros.core.mux.keepout import Distance
from hvd_ros.core.mux.phase import shift_ns
from hvd_ros.core.mux.report import report
from hvd_ros.core.mux.state import Decision, Inputs, MuxConfig, MuxState, prepare
from hvd_ros.core.mux.tick import step
from hvd_ros.core.mux.transitions import ask, stop
from hvd_ros.core.reasons import EXPLANATION, Reason
from hvd_ros.core.robot.body import Body
from hvd_ros.core.robot.collision import SelfCollision
from hvd_ros.core.robot.description import load_body
from hvd_ros.nodes.mux import messages as mux_messages
from hvd_ros.nodes.mux.inputs import MuxInputs
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.priority import go_first
from hvd_ros.nodes.shell.run import run
from hvd_ros.nodes.shell.tick import Tick

_BEAT_HZ, _STATUS_HZ, _WRITERS_HZ, _DIAGNOSTICS_HZ = 50.0, 10.0, 5.0, 1.0


class MuxNode(Node):  # type: ignore[misc]
    """One writer of `command`."""

    def __init__(self, **options: Any) -> None:
        super().__init__('mux', **options)
        self._config = config = declare(self, MuxConfig)
        body = load_body(config.robot)
        self._setup = prepare(body, config, _self_distance(body))
        self._state = MuxState()
        self._inputs = MuxInputs(self, body)
        self._ticks = 0
        self._last_tick_ns = 0
        self._worst_ns = 0  # largest period error since the last diagnostics
        self._closed = False
        self._period_ns = round(1e9 / config.rate_hz)
        self._make_outputs(body.layout_id)
        self.create_service(SetMode, 'mux/set_mode', self._on_set_mode)
        self.create_service(Trigger, 'mux/estop', self._on_estop)
        self.tick = Tick(
            self, 1.0 / config.rate_hz, self._on_tick, awaited=self._inputs.leader_is_due
        )

    def close(self) -> None:
        """Say a last word: base zero, joints where they are."""
        if self._closed:
            return
        self._closed = True
        # A step in e-stop says exactly this; no heartbeat follows, so nothing gets latched.
        self._state = stop(self._state, Reason.ESTOP_SERVICE)
        ros_now = self.get_clock().now()
        inputs = Inputs(ros_now_ns=ros_now.nanoseconds)
        self._state, decision = step(self._state, time.monotonic_ns(), inputs, self._setup)
        self._publish_command(decision, ros_now.to_msg())

    # Outputs

    def _make_outputs(self, layout_id: int) -> None:
        self._command_message = WholeBodyCommand(layout_id=layout_id)
        self._trace_message = CommandTrace(layout_id=layout_id)
        self._status_message = MuxStatus(layout_id=layout_id)
        self._beat_message = Heartbeat()
        self._command = self.create_publisher(WholeBodyCommand, 'command', qos.COMMAND)
        self._trace = self.create_publisher(CommandTrace, 'mux/trace', qos.EVENTS)
        self._status = self.create_publisher(MuxStatus, 'mux/status', qos.LATCHED)
        self._heartbeat = self.create_publisher(Heartbeat, 'mux/heartbeat', qos.COMMAND)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', qos.EVENTS)

    def _on_tick(self) -> None:
        now_ns = time.monotonic_ns()
        self._measure_tick(now_ns)
        ros_now = self.get_clock().now()
        if self._due(_WRITERS_HZ):
            self._inputs.count_writers()
        inputs = self._inputs.take(now_ns, ros_now.nanoseconds)
        self.tick.shift(shift_ns(self._inputs.waited_ns, self._period_ns))
        before = self._state.mode
        self._state, decision = step(self._state, now_ns, inputs, self._setup)
        stamp = ros_now.to_msg()
        self._publish_command(decision, stamp)
        changed = self._state.mode is not before
        if changed:
            self._log_change(before)
        if changed or self._due(_BEAT_HZ):
            self._publish_beat(stamp)
        self._publish_trace(decision, stamp)
        if changed or self._due(_STATUS_HZ):
            self._publish_status(stamp)
        self._ticks += 1

    def _due(self, rate_hz: float) -> bool:
        return self._ticks % max(1, round(self._config.rate_hz / rate_hz)) == 0

    def _measure_tick(self, now_ns: int) -> None:
        if self._last_tick_ns:
            error_ns = abs(now_ns - self._last_tick_ns - self._period_ns)
            self._worst_ns = max(self._worst_ns, error_ns)
        self._last_tick_ns = now_ns

    def _publish_command(self, decision: Decision, stamp: Any) -> None:
        message = self._command_message
        message.header.stamp = stamp
        mux_messages.fill_command(message, decision, (message.seq + 1) % (1 << 32))
        self._command.publish(message)

    def _publish_beat(self, stamp: Any) -> None:
        latch, message = self._state.latch, self._beat_message
        message.header.stamp = stamp
        message.seq = (message.seq + 1) % (1 << 32)
        message.estop = latch.stopped
        message.epoch = latch.epoch or 0
        message.reason = str(latch.reason)
        self._heartbeat.publish(message)

    def _publish_trace(self, decision: Decision, stamp: Any) -> None:
        self._trace_message.header.stamp = stamp
        mux_messages.fill_trace(self._trace_message, decision, self._ticks)
        self._trace.publish(self._trace_message)

    def _publish_status(self, stamp: Any) -> None:
        told = report(self._state, self._last_tick_ns, self._setup)
        self._status_message.header.stamp = stamp
        mux_messages.fill_status(self._status_message, told)
        self._status.publish(self._status_message)
        if self._due(_DIAGNOSTICS_HZ):
            name = f'{self.get_fully_qualified_name()}: motion'
            summary = mux_messages.diagnostic(name, told, self._worst_ns / 1e6)
            self._worst_ns = 0
            message = DiagnosticArray(status=[summary])
            message.header.stamp = stamp
            self._diagnostics.publish(message)

    def _log_change(self, before: Mode) -> None:
        reason = self._state.reason
        text, fix = EXPLANATION[reason]
        self.get_logger().info(
            f'{before.name.lower()} -> {self._state.mode.name.lower()}: '
            f'{reason or "engaged"} ({text}{"; " + fix if fix else ""})'
        )

    # Services

    def _on_set_mode(
        self, request: SetMode.Request, response: SetMode.Response
    ) -> SetMode.Response:
        names = {mode.name.lower(): mode for mode in Mode}
        try:
            if request.mode not in names:
                raise ConfigError(f"no mode '{request.mode}'; {did_you_mean(request.mode, names)}")
            self._state, answer = ask(
                self._state, time.monotonic_ns(), names[request.mode], request.pose, self._setup
            )
        except ConfigError as error:
            response.success, response.mode = False, self._state.mode.name.lower()
            response.reason, response.message = str(Reason.MODE_REFUSED), str(error)
            return response
        text, fix = EXPLANATION[answer.reason]
        response.success, response.mode = answer.granted, answer.mode.name.lower()
        response.reason = str(answer.reason)
        refused = f'{text}; {fix}' if fix else text
        response.message = response.mode if answer.granted else refused
        return response

    def _on_estop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._state = stop(self._state, Reason.ESTOP_SERVICE)
        self._publish_beat(self.get_clock().now().to_msg())
        response.success, response.message = True, 'stopped; reset with: hvd estop reset'
        return response


def _self_distance(body: Body) -> Distance | None:
    return None if body.spheres is None else SelfCollision(body).distance


def main() -> None:
    """Run the mux."""
    run(MuxNode, claim=go_first)
