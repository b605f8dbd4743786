# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The leader: arms and Joy-Cons in, one target for the whole body out, 100 times a second.

A thread waits for each reading of the arms and answers it at once; a timer of its own would add up
to a period of latency. When the arms are silent it goes on at the same rate, disengaged.
"""

from dataclasses import dataclass
import threading
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from hvd_msgs.msg import MuxStatus, WholeBodyCommand
import numpy as np
from rclpy.node import Node
from rclpy.time import Time
from sensor_msgs.msg import JointState, Joy

from hvd_ros.core.config import param
from hvd_ros.core.leader.engagement import Change
from hvd_ros.core.leader.haptics import HapticsConfig
from hvd_ros.core.leader.pose_gate import PoseGateConfig
from hvd_ros.core.leader.teleop import TeleopConfig
from hvd_ros.core.leader.tick import Leader, LeaderInput, LeaderOutput
from hvd_ros.core.mux.command import Source
from hvd_ros.core.reasons import EXPLANATION, Reason
from hvd_ros.core.robot.description import load_body
from hvd_ros.nodes.joylo.devices import SIDES, LeaderDevices, LeaderDevicesConfig
from hvd_ros.nodes.joylo.haptics import ArmFeel
from hvd_ros.nodes.joylo.messages import LeaderMessages, diagnostics
from hvd_ros.nodes.joylo.recorder_feel import RecorderFeel
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.priority import go_first
from hvd_ros.nodes.shell.run import run

PERIOD_S = 0.01
# A target so much older than the last one was not formed late: somebody set the clock.
CLOCK_SET_BACK_NS = 1_000_000_000
_FOREIGN = {int(Source.POLICY), int(Source.REPLAY), int(Source.HOME)}
_ESTOPS = {Reason.ESTOP_BUTTON, Reason.ESTOP_LATCHED}
# Strength and seconds of the rumble, lamps, and what the log says.
_FEEDBACK: dict[Change, tuple[float, float, int, str]] = {
    Change.ARMED: (0.3, 0.05, 0b0011, 'armed: hold L or R to engage'),
    Change.DISARMED: (0.0, 0.0, 0b0001, 'disarmed'),
    Change.ENGAGED: (0.4, 0.1, 0b1111, 'engaged'),
    Change.RELEASED: (0.0, 0.0, 0b0011, 'released'),
    Change.REFUSED: (0.7, 0.4, 0b0011, 'engaging refused'),
    Change.LOST: (0.9, 0.8, 0b0001, 'disarmed by a fault'),
}


@dataclass(frozen=True)
class JoyloConfig(LeaderDevicesConfig, HapticsConfig):
    """Parameters of the joylo node."""

    robot: str = param('r1', 'Robot description: a name or the path of a YAML file.')
    gripper: str = param(
        'toggle',
        'toggle: a press of ZL or ZR opens or closes; ramp: it moves while held.',
        choices=('toggle', 'ramp'),
    )
    speed_share: float = param(1.0, 'Base speed at full stick, of the limit.', low=0.05, high=1.0)
    arm_filter_s: float = param(0.005, 'Time constant of the arm low-pass.', low=0.0, high=0.2)
    stick_filter_s: float = param(0.03, 'Time constant of the base low-pass.', low=0.0, high=0.5)
    gate_rad: float = param(
        0.8, 'Leader and robot closer than this may engage.', low=0.05, high=1.5
    )
    bilateral: bool = param(False, 'Push back with what the robot feels, while armed.')
    feedback_timeout_s: float = param(
        0.2, 'Oldest robot state that the gate looks at.', low=0.02, high=1.0
    )


class JoyloNode(Node):  # type: ignore[misc]
    """The leader as the rest of the graph sees it."""

    def __init__(self, **options: Any) -> None:
        super().__init__('joylo', **options)
        self._config = config = declare(self, JoyloConfig, self._on_config)
        self._body = load_body(config.robot)
        self._devices = LeaderDevices(config, config.robot, self.get_namespace(), PERIOD_S)
        joints = self._devices.calibration.names
        feel = TeleopConfig(
            gripper=config.gripper,
            arm_filter_s=config.arm_filter_s,
            stick_filter_s=config.stick_filter_s,
            speed_share=config.speed_share,
        )
        self._leader = Leader(self._body, joints, feel, PoseGateConfig(config.gate_rad))
        self._messages = LeaderMessages(self._body, joints)
        self._commands = self.create_publisher(WholeBodyCommand, 'teleop/command', qos.COMMAND)
        self._joints = self.create_publisher(JointState, 'joylo/joint_states', qos.STATE)
        self._buttons = self.create_publisher(Joy, 'joylo/buttons', qos.STATE)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', qos.EVENTS)
        self._robot = Latest(self, JointState, 'joint_states', qos.STATE)
        self._status = Latest(self, MuxStatus, 'mux/status', qos.LATCHED)
        self._recorder = RecorderFeel(self, self._shake)
        self._measured: np.ndarray | None = None
        self._said = ''
        self._stopped = False
        self._seq = 0
        self._formed_ns = 0  # ROS time of the last target; goes back only if the clock was set
        self._counted = (0, time.monotonic_ns())
        self._last: LeaderOutput | None = None
        self._crash: Exception | None = None
        self._stop = threading.Event()
        self._arms_at = np.array([self._body.index(name) for name in joints], np.intp)
        self._feel: ArmFeel | None = None
        if config.bilateral:
            self._feel = ArmFeel(self._devices.reader.arms, self._body, config)
            self._devices.reader.on_sample = self._feel.on_sample
        self._devices.open()
        self._thread = threading.Thread(target=self._run, name='joylo', daemon=True)
        self._thread.start()
        self.create_timer(1.0, self._on_second)

    def close(self) -> None:
        """Stop talking, let the arms go limp."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._devices.close()

    def _on_config(self, config: JoyloConfig) -> None:
        # Only how the leader feels may change while it runs.
        if self._feel is not None:
            self._feel.config = config

    def _run(self) -> None:
        sequence, late = -1, 1.0
        try:
            while not self._stop.is_set():
                sample = self._devices.reader.wait(sequence, late * PERIOD_S)
                # A sample that is a little late is still waited for; a silent bus is not.
                fresh = sample is not None and sample.sequence != sequence
                sequence, late = sample.sequence if sample else -1, 1.5 if fresh else 1.0
                self._tick()
        except Exception as error:
            self._crash = error

    def _tick(self) -> None:
        now_ns, ros_ns = time.monotonic_ns(), self.get_clock().now().nanoseconds
        sample = self._devices.arms(now_ns)
        status = self._status.take() or self._status.message
        left, right = (self._devices.pad(side) for side in SIDES)
        measured, feedback = self._hear_robot(now_ns)
        out = self._last = self._leader.step(
            LeaderInput(
                now_ns=now_ns,
                arms=sample.q if sample else None,
                left=left,
                right=right,
                measured=measured,
                feedback=feedback,
                estop=status is not None and status.estop,
                foreign=status is not None and status.active_source in _FOREIGN,
            )
        )
        now = Time(nanoseconds=ros_ns).to_msg()
        # The target was formed when the arms were read; without a reading it is formed now.
        age_ns = now_ns - sample.stamp_ns if sample else 0
        formed_ns = ros_ns - age_ns
        if not 0 < self._formed_ns - formed_ns < CLOCK_SET_BACK_NS:
            self._formed_ns = formed_ns
        formed = Time(nanoseconds=self._formed_ns).to_msg()
        self._seq += 1
        self._commands.publish(self._messages.command(out, self._seq, formed))
        if sample is not None:
            self._joints.publish(self._messages.joints(sample.q, sample.dq, formed))
        self._buttons.publish(self._messages.joy(out, now))
        if self._feel is not None:
            robot = None if measured is None or feedback else measured[self._arms_at]
            self._feel.follow(robot if out.engagement.armed else None)
        self._recorder.step(now_ns)
        self._tell(out)

    def _hear_robot(self, now_ns: int) -> tuple[np.ndarray | None, Reason]:
        message = self._robot.take()
        if message is not None:
            joints = dict(zip(message.name, message.position, strict=False))
            self._measured = self._body.values_of(joints)
        if self._measured is None:
            return None, Reason.NO_FEEDBACK
        age_s = (now_ns - self._robot.received_ns) / 1e9
        stale = age_s > self._config.feedback_timeout_s
        return self._measured, Reason.STALE_FEEDBACK if stale else Reason.NONE

    def _tell(self, out: LeaderOutput) -> None:
        """Let the operator feel, see and read what changed."""
        change, reason = out.engagement.change, out.engagement.reason
        stopped = reason in _ESTOPS
        if stopped and not self._stopped:
            self._shake(1.0, 1.0)
        self._stopped = stopped
        if change is Change.NONE:
            return
        strength, seconds, lamps, text = _FEEDBACK[change]
        for pad in self._devices.pads.values():
            pad.lamps(lamps)
        if seconds and not stopped:
            self._shake(strength, seconds)
        why, fix = EXPLANATION[reason]
        detail = f' ({why}; {fix})' if change in (Change.REFUSED, Change.LOST) else ''
        self.get_logger().info(text + detail)

    def _shake(self, strength: float, seconds: float) -> None:
        for pad in self._devices.pads.values():
            pad.rumble(strength, seconds)

    def _on_second(self) -> None:
        if self._crash is not None:
            raise self._crash
        self._devices.check_complete()
        rows = self._rows()
        now = self.get_clock().now().to_msg()
        self._diagnostics.publish(diagnostics(self.get_fully_qualified_name(), now, rows))
        # The log hears of trouble when it changes, not every second.
        trouble = '; '.join(
            text for part, (text, _) in rows.items() if part != 'engagement' and text
        )
        if trouble != self._said:
            self._said = trouble
            log = self.get_logger()
            log.warning(trouble) if trouble else log.info('arms and Joy-Cons are well')

    def _rows(self) -> dict[str, tuple[str, dict[str, str]]]:
        devices, out = self._devices, self._last
        reader = devices.reader
        now_ns = time.monotonic_ns()
        arms = {
            'opened': str(reader.opened),
            'errors': str(reader.errors),
            'samples': str(reader.sample.sequence if reader.sample else 0),
            'age_s': _age(reader.sample.stamp_ns, now_ns) if reader.sample else 'never',
            'rate_hz': f'{self._rate_hz(now_ns):.1f}',
            'cycle_ms': f'{reader.arms.cycle_s * 1e3:.2f}',
        }
        trouble = reader.trouble or '; '.join(reader.arms.warnings)
        rows = {'arms': (trouble, arms)}
        for side, pad in devices.pads.items():
            rows[f'{side} Joy-Con'] = (devices.pad_trouble[side], pad.figures())
        if out is not None:
            rows['engagement'] = (out.engagement.reason.value, self._engagement(out))
        return rows

    def _rate_hz(self, now_ns: int) -> float:
        """Return how many commands a second went out since the last look."""
        (seq, at_ns), self._counted = self._counted, (self._seq, now_ns)
        return (self._seq - seq) / (now_ns - at_ns) * 1e9

    def _engagement(self, out: LeaderOutput) -> dict[str, str]:
        figures = {'armed': str(out.engagement.armed), 'engaged': str(out.engagement.engaged)}
        if out.gate is not None:
            names = self._devices.calibration.names
            figures['gate'] = 'open' if out.gate.ok else 'closed'
            figures['furthest_joint'] = names[out.gate.worst]
            # How to move the leader, joint by joint.
            for name, delta in zip(names, out.gate.delta, strict=True):
                figures[f'{name}_delta_rad'] = f'{delta:.3f}'
        return figures


def _age(stamp_ns: int, now_ns: int) -> str:
    return f'{(now_ns - stamp_ns) / 1e9:.3f}'


def main() -> None:
    """Run the node."""
    run(JoyloNode, claim=go_first)
