# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Somebody who moves the simulated leader when nobody is there: approaches, engages, plays a script.

It sees what an operator sees (mode, robot, leader) and acts only on the twin's hands and thumbs.
When the robot stops following it lets go and starts again, as a person would.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
import time
from typing import Any

from hvd_msgs.msg import MuxStatus
import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState, Joy

from hvd_ros.core.config import param
from hvd_ros.core.leader.buttons import to_levels
from hvd_ros.core.leader.motors import LEADER_JOINTS
from hvd_ros.core.mux.command import Mode
from hvd_ros.core.robot.body import Array
from hvd_ros.core.robot.description import load_body
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.run import run
from hvd_ros.nodes.shell.tick import Tick
from hvd_ros.sim.operator_script import REST, SCRIPTS, Act, Script, approach, engage, release

JOINTS = tuple(joint.name for joint in LEADER_JOINTS)
TICK_S = 0.02
_PATIENCE_S = 0.5  # how long the robot may not follow before the operator lets go
_PAUSE_S = 2.0  # between two rounds, and before another try


@dataclass(frozen=True)
class ScriptedOperatorConfig:
    """Parameters of the scripted_operator node."""

    robot: str = param('r1', 'Robot description: a name or the path of a YAML file.')
    script: str = param('tour', 'What to play; none: do nothing.', choices=('none', *SCRIPTS))
    once: bool = param(False, 'Leave after one round, with exit code 0.')
    start_delay_s: float = param(0.0, 'Wait before the first act.', low=0.0, high=600.0)


class Hands:
    """Holds the simulated leader; each call is what the hands do from now on."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._hand = node.create_publisher(JointState, 'sim_joylo/hand', qos.STATE)
        self._pads = node.create_publisher(Joy, 'sim_joylo/pads', qos.STATE)

    def move(self, q: Array) -> None:
        """Go to leader joint angles (J,) [rad], in the order of JOINTS."""
        message = JointState(name=list(JOINTS), position=[float(x) for x in q])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._hand.publish(message)

    def push(
        self,
        pressed: frozenset[str] = frozenset(),
        sticks: tuple[float, float, float, float] = REST,
    ) -> None:
        """Hold buttons and sticks; must be repeated, or the twin lets go after half a second."""
        message = Joy(axes=list(sticks), buttons=to_levels(pressed))
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._pads.publish(message)


class ScriptedOperatorNode(Node):  # type: ignore[misc]
    """An operator made of a script."""

    def __init__(self, **options: Any) -> None:
        super().__init__('scripted_operator', **options)
        self._config = declare(self, ScriptedOperatorConfig)
        self._body = load_body(self._config.robot)
        self._hands = Hands(self)
        self._mux = Latest(self, MuxStatus, 'mux/status', qos.LATCHED)
        self._robot_joints = Latest(self, JointState, 'joint_states', qos.STATE)
        self._leader_joints = Latest(self, JointState, 'joylo/joint_states', qos.STATE)
        self._status: MuxStatus | None = None
        self._robot: Array | None = None
        self._leader: Array | None = None
        self._following_s = 0.0  # steady time at which the robot last followed
        self._text = ''
        self._plan = self._live()
        self.tick = Tick(self, TICK_S, self._on_tick)

    def close(self) -> None:
        """Let go of everything."""
        if self.context.ok():
            self._hands.push()

    def _look(self) -> None:
        status, robot, leader = (
            latest.take() for latest in (self._mux, self._robot_joints, self._leader_joints)
        )
        self._robot = self._robot if robot is None else _arms(robot)
        self._leader = self._leader if leader is None else _arms(leader)
        if status is not None:
            self._status = status
        # The mux reports ten times a second; between two reports the last one holds.
        age_s = time.monotonic() - self._mux.received_ns / 1e9
        if self._status is not None and self._status.mode == Mode.TELEOP and age_s < 0.3:
            self._following_s = time.monotonic()

    def _on_tick(self) -> None:
        self._look()
        if next(self._plan, None) is None:
            self.context.try_shutdown()

    # The plan: each `yield` is one tick.

    def _live(self) -> Iterator[bool]:
        yield from self._wait(self._config.start_delay_s)
        if self._config.script == 'none':
            while True:
                yield True
        while True:
            yield from self._until(self._ready, 'waits for mux, robot and leader')
            if (yield from self._round()):
                self.get_logger().info(f'{self._config.script} finished')
                if self._config.once:
                    return
            yield from self._wait(_PAUSE_S)

    def _round(self) -> Generator[bool, None, bool]:
        """Approach, engage, play; the result says whether it went to its end."""
        goal = np.array(self._robot)
        yield from self._play(approach(np.array(self._leader), goal), lambda: True)
        yield from self._play(engage(goal), lambda: True)
        if not self._follows():
            self._complain('the robot does not follow')
            return False
        script = SCRIPTS[self._config.script](self._body, JOINTS, goal)
        if not (yield from self._play(script, self._follows)):
            self._complain('the robot stopped following')
            return False
        yield from self._play(release(goal), lambda: True)
        return True

    def _play(self, script: Script, go_on: Callable[[], bool]) -> Generator[bool, None, bool]:
        begin = time.monotonic()
        while (act := script.at(time.monotonic() - begin)) is not None:
            if not go_on():
                self._hands.push()
                return False
            self._act(act)
            yield True
        return True

    def _act(self, act: Act) -> None:
        self._say(act.text)
        self._hands.move(act.hand)
        self._hands.push(act.pressed, act.sticks)

    def _wait(self, seconds: float) -> Iterator[bool]:
        end = time.monotonic() + seconds
        yield from self._until(lambda: time.monotonic() >= end, 'pauses')

    def _until(self, condition: Callable[[], bool], text: str) -> Iterator[bool]:
        while not condition():
            self._say(text)
            self._hands.push()
            yield True

    # What the operator sees

    def _ready(self) -> bool:
        status = self._status
        heard = self._robot is not None and self._leader is not None
        return heard and status is not None and not status.estop

    def _follows(self) -> bool:
        return time.monotonic() - self._following_s < _PATIENCE_S

    def _say(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.get_logger().info(text)

    def _complain(self, what: str) -> None:
        status = self._status
        why = f'{status.reason}: {status.text}' if status is not None else 'the mux is silent'
        self.get_logger().warning(f'{what} ({why}); lets go and tries again')
        self._hands.push()


def _arms(message: JointState) -> Array | None:
    positions = dict(zip(message.name, message.position, strict=False))
    if not all(name in positions for name in JOINTS):
        return None
    return np.array([positions[name] for name in JOINTS])


def main() -> None:
    """Run the node."""
    run(ScriptedOperatorNode)
