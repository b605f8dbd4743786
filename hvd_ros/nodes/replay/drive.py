# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Driving the twin through what a recorded episode sent, by way of the mux.

The mux limits every step as it does for anybody else. So that the recorded motion is not smeared
by a long way to its first pose, the episode's time stands still until the robot has got there.
"""

from enum import StrEnum
from typing import Any

from hvd_msgs.msg import MuxStatus, WholeBodyCommand
from hvd_msgs.srv import SetMode
import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState

from hvd_ros.core.episodes.playback import Targets
from hvd_ros.core.errors import CommandRejected
from hvd_ros.core.robot.body import Body, Kind
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest

_THERE = 0.05  # [rad or opening] so near to the first pose counts as there
_ASK_EVERY = 50  # ticks between two requests for the mode
_PATIENCE_TICKS = 6000  # a minute for the way to the first pose


class Stage(StrEnum):
    """How far the drive has come."""

    WAITING = 'waiting for the mux to grant replay'
    APPROACHING = 'going to the first pose'
    PLAYING = 'playing'


class Drive:
    """One writer of `replay/command`."""

    def __init__(self, node: Node, body: Body, targets: Targets) -> None:
        self.stage = Stage.WAITING
        self._node, self._body, self._targets = node, body, targets
        self._joints = body.mask(Kind.POSITION) | body.mask(Kind.OPENING)
        self._message = WholeBodyCommand(
            layout_id=body.layout_id, source=WholeBodyCommand.SOURCE_REPLAY, engaged=True
        )
        self._ticks = self._give_up = 0
        self._commands = node.create_publisher(WholeBodyCommand, 'replay/command', qos.COMMAND)
        self._measured = Latest(node, JointState, 'joint_states', qos.STATE)
        self._mode = node.create_client(SetMode, 'mux/set_mode')
        self._status = Latest(node, MuxStatus, 'mux/status', qos.LATCHED)
        self._led = False  # whether the mux was heard to follow us

    def again(self) -> None:
        """Go to the first pose once more, for an episode that begins anew."""
        if self.stage is Stage.PLAYING:
            self._enter(Stage.APPROACHING)

    def tick(self, log_ns: int, may_play: bool) -> bool:
        """
        Ask for the target of this moment; return whether the episode's time may run on.

        While it may not, the base must not drive what the first moment says.
        """
        target = self._targets.at(log_ns).copy()
        self._ticks += 1
        self._check_mux()
        if self.stage is Stage.PLAYING:
            self._publish(target)
            return True
        target[~self._joints] = 0.0  # the base waits for the joints
        self._publish(target)
        if self.stage is Stage.WAITING and self._ticks % _ASK_EVERY == 0:
            self._ask()
        elif self.stage is Stage.APPROACHING and self._is_there(target) and may_play:
            self._enter(Stage.PLAYING)
        return False

    def _publish(self, values: Any) -> None:
        message = self._message
        message.header.stamp = self._node.get_clock().now().to_msg()
        message.seq = (message.seq + 1) % (1 << 32)
        message.values = values.tolist()
        self._commands.publish(message)

    def _is_there(self, target: Any) -> bool:
        message = self._measured.take()
        if message is None:
            return False
        here = self._body.values_of(dict(zip(message.name, message.position, strict=False)))
        away = np.where(self._joints, np.abs(here - target), 0.0)
        farthest = int(np.nanargmax(away))
        text = f'{self._body.names[farthest]} is {away[farthest]:.2f} from the first pose'
        if self._ticks > self._give_up:
            raise CommandRejected(f'{text} and gets no nearer; hvd status says why')
        self._node.get_logger().info(text, throttle_duration_sec=5.0)
        return bool(away[farthest] < _THERE)

    def _check_mux(self) -> None:
        """Leave when the mux has left us: what is played to nobody has not been done."""
        status = self._status.take()
        if status is None or self.stage is Stage.WAITING:
            return
        if status.mode == MuxStatus.MODE_REPLAY:
            self._led = True
        elif self._led:
            raise CommandRejected(
                f'the mux stopped following while {self.stage}: {status.reason} ({status.text}); '
                'mend that and replay again, hvd status says more'
            )

    def _ask(self) -> None:
        if not self._mode.service_is_ready():
            self._node.get_logger().warning(
                'nobody serves mux/set_mode; start the twin: hvd launch teleop',
                throttle_duration_sec=5.0,
            )
            return
        request = SetMode.Request(mode='replay')
        self._mode.call_async(request).add_done_callback(self._on_answer)

    def _on_answer(self, future: Any) -> None:
        answer = future.result()
        if answer.success and self.stage is Stage.WAITING:
            self._enter(Stage.APPROACHING)
        elif not answer.success:
            self._node.get_logger().warning(f'the mux grants no replay: {answer.message}')

    def _enter(self, stage: Stage) -> None:
        self.stage = stage
        self._give_up = self._ticks + _PATIENCE_TICKS
        self._node.get_logger().info(str(stage))
