# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A tiny process on the robot's computer: it owns the e-stop latch and stops an abandoned chassis.

It imports little, does little, and publishes nothing on the vendor's topic but zeros.
"""

from dataclasses import dataclass, replace
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from hvd_msgs.msg import Heartbeat
from rclpy.node import Node
from std_srvs.srv import Trigger

from hvd_ros.core.config import param
from hvd_ros.core.reasons import Reason
from hvd_ros.core.safety.estop import (
    Beat,
    GuardianLatch,
    guardian_hear,
    guardian_reset,
    guardian_trigger,
)
from hvd_ros.core.safety.guardian import GuardianRules, Watch, decide, heard_chassis
from hvd_ros.core.safety.latch_file import load_latch, save_latch
from hvd_ros.core.share import user_state_dir
from hvd_ros.drivers.robot.chassis_topic import ChassisTopic
from hvd_ros.nodes.guardian.topics import TYPES, TopicsChassis
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.priority import go_first
from hvd_ros.nodes.shell.run import run
from hvd_ros.nodes.shell.tick import Tick

RATE_HZ = 50.0


@dataclass(frozen=True)
class GuardianConfig:
    """Parameters of the guardian."""

    vendor_prefix: str = param('', "Before every vendor topic: '/' on the robot, empty: the twin.")
    chassis_topic: str = param('motion_target/target_speed_chassis', 'Chassis target.')
    chassis_type: str = param('twist_stamped', 'Type of the chassis target.', choices=tuple(TYPES))
    transport: str = param(
        'topics',
        'How the robot is reached: ROS 2 topics, or rosbridge for a ROS 1 robot.',
        choices=('topics', 'rosbridge'),
    )
    rosbridge_host: str = param('127.0.0.1', 'Host of the rosbridge server.')
    rosbridge_port: int = param(9090, 'Port of the rosbridge server.', low=1, high=65535)
    silence_s: float = param(0.15, 'Longest silence while moving.', low=0.05, high=1.0)


class GuardianNode(Node):  # type: ignore[misc]
    """Owner of the latch, sender of zeros."""

    def __init__(self, **options: Any) -> None:
        super().__init__('guardian', **options)
        self._config = config = declare(self, GuardianConfig)
        self._rules = GuardianRules(silence_ns=round(config.silence_s * 1e9))
        self._file = user_state_dir() / 'estop.json'
        self._latch = load_latch(self._file, self.get_namespace())
        self._watch = Watch()
        self._closed = False
        self._ticks = 0
        self._sending = False
        self._reached = True
        self._chassis = self._make_chassis()
        self._beat = Heartbeat()
        self._mux = Latest(self, Heartbeat, 'mux/heartbeat', qos.COMMAND)
        self._beats = self.create_publisher(Heartbeat, 'guardian/heartbeat', qos.COMMAND)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', qos.EVENTS)
        self.create_service(Trigger, 'estop/trigger', self._on_trigger)
        self.create_service(Trigger, 'estop/reset', self._on_reset)
        self.tick = Tick(self, 1.0 / RATE_HZ, self._on_tick)
        if self._latch.latched:
            self.get_logger().warning(f'e-stop is latched ({self._latch.reason}): hvd estop reset')

    def close(self) -> None:
        """Leave a chassis that somebody has set in motion standing."""
        if self._closed:
            return
        self._closed = True
        if self._watch.moving:
            self._chassis.send_zero()
        self._chassis.close()

    def _make_chassis(self) -> ChassisTopic:
        c = self._config
        if c.transport == 'topics':
            return TopicsChassis(self, f'{c.vendor_prefix}{c.chassis_topic}', c.chassis_type)
        # Here, because most guardians need no websocket.
        from hvd_ros.drivers.robot.rosbridge_chassis import RosbridgeChassis

        topic = f'{c.vendor_prefix or "/"}{c.chassis_topic}'
        return RosbridgeChassis(c.rosbridge_host, c.rosbridge_port, topic)

    def _on_tick(self) -> None:
        now_ns = time.monotonic_ns()
        self._hear_mux(now_ns)
        for moving in self._chassis.heard():
            self._watch = heard_chassis(self._watch, now_ns, moving)
        self._watch, send = decide(self._watch, now_ns, self._latch.latched, self._rules)
        if send and not self._chassis.send_zero():
            # Nobody carried it: the time of the zeros begins when somebody does.
            self._watch = replace(self._watch, danger_ns=None)
        if send is not self._sending:
            self._sending = send
            self.get_logger().warning('chassis abandoned: zeros' if send else 'zeros end')
        self._note_connection()
        self._publish_beat()
        if self._ticks % round(RATE_HZ) == 0:
            self._publish_diagnostics()
        self._ticks += 1

    def _hear_mux(self, now_ns: int) -> None:
        for message in self._mux.drain():
            heard = Beat(message.estop, message.epoch, message.reason, now_ns)
            self._watch = replace(self._watch, beat_ns=now_ns)
            self._keep(guardian_hear(self._latch, heard))

    def _note_connection(self) -> None:
        reached = self._chassis.connected()
        if reached is not self._reached:
            self._reached = reached
            text = 'reached' if reached else f'not reached, no heartbeat: {self._chassis.detail()}'
            self.get_logger().warning(f'the chassis is {text}')

    def _publish_beat(self) -> None:
        # Who can not reach the chassis guards nothing: the mux must know. A stop is always said.
        if not (self._reached or self._latch.latched):
            return
        message = self._beat
        message.header.stamp = self.get_clock().now().to_msg()
        message.seq = (message.seq + 1) % (1 << 32)
        message.estop = self._latch.latched
        message.epoch = self._latch.epoch
        message.reason = self._latch.reason
        self._beats.publish(message)

    def _publish_diagnostics(self) -> None:
        others = self._chassis.others()
        # One of them is r1; a second one fights it for the chassis.
        two = others > 1
        if two:
            self.get_logger().error(
                f'{Reason.TWO_WRITERS}: {others} nodes besides the guardian publish '
                f"'{self._config.chassis_topic}'; stop one of them: hvd doctor names them",
                throttle_duration_sec=10.0,
            )
        trouble = str(Reason.TWO_WRITERS) if two else self._latch.reason
        bad = two or self._latch.latched or not self._reached
        if not self._reached:
            trouble = f'no connection to the chassis: {self._chassis.detail()}'
        status = DiagnosticStatus(
            name=f'{self.get_fully_qualified_name()}: chassis',
            level=DiagnosticStatus.ERROR if bad else DiagnosticStatus.OK,
            message=trouble or self._chassis.detail() or 'watching',
            values=[KeyValue(key='connected', value=str(self._reached).lower())],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    # The latch

    def _keep(self, latch: GuardianLatch) -> str:
        """Take over a latch and write it down; return what went wrong with that, if anything."""
        if latch == self._latch:
            return ''
        if latch.latched and not self._latch.latched:
            self.get_logger().error(f'e-stop latched: {latch.reason}')
        self._latch = latch
        try:
            save_latch(self._file, self.get_namespace(), latch)
        except OSError as error:
            text = f'the latch could not be written to {self._file}: {error}'
            self.get_logger().error(text)
            return text
        return ''

    def _on_trigger(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        trouble = self._keep(guardian_trigger(self._latch, str(Reason.ESTOP_SERVICE)))
        self._publish_beat()
        response.success = True
        response.message = 'stopped and latched' + (f'; but {trouble}' if trouble else '')
        return response

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        stopped, fresh = self._latch, guardian_reset(self._latch)
        if fresh is stopped:
            response.success, response.message = True, 'was not latched'
            return response
        trouble = self._keep(fresh)
        if trouble:
            # A reset that the disk does not know would come undone at the next start.
            self._latch = stopped
        response.success = not trouble
        response.message = trouble or f'released, epoch {fresh.epoch}'
        self._publish_beat()
        return response


def main() -> None:
    """Run the guardian."""
    run(GuardianNode, claim=go_first)
