# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A JoyLo that does not exist: emulated motors on a pseudo-terminal, emulated Joy-Cons on sockets.

Topics are the hand that holds it. The joylo node opens these devices as it would open real ones.
"""

from dataclasses import dataclass
import time
from typing import Any

from hvd_msgs.srv import InjectFault
import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState, Joy

from hvd_ros.core.config import param
from hvd_ros.core.errors import ContractMismatch, HvdError
from hvd_ros.core.leader.buttons import AXES, LEFT_BUTTONS, RIGHT_BUTTONS, from_levels
from hvd_ros.core.leader.calibration import nominal_calibration
from hvd_ros.drivers.dynamixel.twin import DynamixelTwin
from hvd_ros.drivers.joycon.twin import JoyConTwin
from hvd_ros.drivers.sim_devices import BUS, LEFT, RIGHT, twin_dir
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.priority import go_first
from hvd_ros.nodes.shell.run import run
from hvd_ros.nodes.shell.tick import Tick

# How strong a fault is when nobody said: all of them, seconds, rad, volt.
_TICK_S = 0.01
_AMOUNTS = {'drop': 1.0, 'crc': 1.0, 'delay': 0.2, 'jump': 1.0, 'latency': 0.016, 'voltage': 4.0}
_BUTTONS = {LEFT: frozenset(LEFT_BUTTONS), RIGHT: frozenset(RIGHT_BUTTONS)}


@dataclass(frozen=True)
class SimJoyloConfig:
    """Parameters of the sim_joylo node."""

    robot: str = param('r1', 'Robot description that the leader belongs to.')
    hand_speed_rad_s: float = param(
        3.0, 'Fastest joint when the hand is told a new pose.', low=0.1, high=15.0
    )
    pads_timeout_s: float = param(
        0.5, 'Thumbs let go when nobody has moved them for so long.', low=0.05, high=60.0
    )


class SimJoyloNode(Node):  # type: ignore[misc]
    """The twins and the topics that move them."""

    def __init__(self, **options: Any) -> None:
        super().__init__('sim_joylo', **options)
        self._config = declare(self, SimJoyloConfig)
        self.folder = twin_dir(self.get_namespace())
        calibration = nominal_calibration(self._config.robot)
        self._names = calibration.names
        self.arms = DynamixelTwin(self.folder / BUS, calibration)
        self.pads = {
            LEFT: JoyConTwin(self.folder / LEFT, 'left'),
            RIGHT: JoyConTwin(self.folder / RIGHT, 'right'),
        }
        self._hand = self.arms.hand
        self._pads_ns = time.monotonic_ns()
        self.arms.start()
        for pad in self.pads.values():
            pad.start()
        self._hands = Latest(self, JointState, 'sim_joylo/hand', qos.STATE)
        self._thumbs = Latest(self, Joy, 'sim_joylo/pads', qos.STATE)
        self.create_service(InjectFault, 'sim_joylo/fault', self._on_fault)
        self.tick = Tick(self, _TICK_S, self._on_tick)
        self.get_logger().info(f'a leader without arms is in {self.folder}')

    def close(self) -> None:
        """Take the devices away."""
        self.arms.stop()
        for pad in self.pads.values():
            pad.stop()

    def _on_tick(self) -> None:
        for hand in self._hands.drain():
            self._on_hand(hand)
        for thumbs in self._thumbs.drain():
            self._on_pads(thumbs)
        self._let_go_when_alone()

    def _on_hand(self, message: JointState) -> None:
        try:
            self._hand = self._pose(message)
        except HvdError as error:
            self.get_logger().warning(str(error), throttle_duration_sec=1.0)
            return
        self.arms.set_hand(self._hand, self._config.hand_speed_rad_s)

    def _pose(self, message: JointState) -> np.ndarray:
        pose = self._hand.copy()
        if len(message.name) != len(message.position):
            raise ContractMismatch(
                f'sim_joylo/hand: {len(message.name)} names, {len(message.position)} positions'
            )
        for name, position in zip(message.name, message.position, strict=True):
            if name not in self._names or not np.isfinite(position):
                raise ContractMismatch(
                    f"sim_joylo/hand: '{name}' = {position}; valid: finite angles of "
                    + ', '.join(self._names)
                )
            pose[self._names.index(name)] = position
        return pose

    def _on_pads(self, message: Joy) -> None:
        try:
            pressed = from_levels(message.buttons)
            if len(message.axes) != len(AXES) or not np.isfinite(message.axes).all():
                raise ContractMismatch(
                    f'sim_joylo/pads: axes {list(message.axes)}; four finite numbers are needed'
                )
        except ContractMismatch as error:
            self.get_logger().warning(str(error), throttle_duration_sec=1.0)
            return
        self._pads_ns = time.monotonic_ns()
        self._push(pressed, tuple(max(-1.0, min(1.0, a)) for a in message.axes))

    def _let_go_when_alone(self) -> None:
        # A hand whose owner is gone does not go on pushing.
        if time.monotonic_ns() - self._pads_ns > self._config.pads_timeout_s * 1e9:
            self._push(frozenset(), (0.0, 0.0, 0.0, 0.0))

    def _push(self, pressed: frozenset[str], axes: tuple[float, ...]) -> None:
        left_x, left_y, right_x, right_y = axes
        self.pads[LEFT].set_pads(pressed & _BUTTONS[LEFT], (left_x, left_y))
        self.pads[RIGHT].set_pads(pressed & _BUTTONS[RIGHT], (right_x, right_y))

    def _on_fault(
        self, request: InjectFault.Request, response: InjectFault.Response
    ) -> InjectFault.Response:
        amount = request.amount or _AMOUNTS.get(request.fault, 0.0)
        try:
            self._inject(request.fault, request.target, amount, request.seconds)
        except HvdError as error:
            response.success, response.message = False, str(error)
            return response
        response.success = True
        response.message = f'{request.fault} on {request.target or "everything"}'
        return response

    def _inject(self, fault: str, target: str, amount: float, seconds: float) -> None:
        """Break 'left', 'right', 'bus', one motor or joint, or (empty) arms and pads alike."""
        for name, pad in self.pads.items():
            if target in ('', name):
                pad.inject(fault, amount, seconds)
        if target not in self.pads:
            self.arms.inject(fault, '' if target == BUS else target, amount, seconds)


def main() -> None:
    """Run the node."""
    # A device keeps its own time, however busy the computer is.
    run(SimJoyloNode, claim=go_first)
