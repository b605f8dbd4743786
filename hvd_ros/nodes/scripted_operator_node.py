# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Somebody who moves the simulated leader when nobody is there: approaches, engages, plays.

What it plays is a script, or a task that the twin stands in. It sees what an operator sees (mode,
robot, leader, the scene) and acts only on the twin's hands and thumbs. When the robot stops
following it lets go and starts again, as a person would.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
import time
from typing import TYPE_CHECKING, Any

from hvd_msgs.msg import MuxStatus, WholeBodyCommand
import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState

from hvd_ros.core.config import param
from hvd_ros.core.mux.command import Mode
from hvd_ros.core.robot.body import Array
from hvd_ros.core.robot.description import load_body
from hvd_ros.drivers.sim_devices import twin_dir
from hvd_ros.nodes.operator.hands import JOINTS, Hands
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.run import run
from hvd_ros.nodes.shell.tick import Tick
from hvd_ros.sim.operator_script import (
    MANNERS,
    SCRIPTS,
    TASK_SCRIPTS,
    Act,
    Script,
    approach,
    engage,
    release,
)

if TYPE_CHECKING:
    from hvd_ros.nodes.operator.errand import Errand

__all__ = ['JOINTS', 'Hands', 'ScriptedOperatorNode']
TICK_S = 0.02
_PATIENCE_S = 0.5  # how long the robot may not follow before the operator lets go
_LONGEST_TICK_S = 0.1  # what a stall longer than that would have moved is not caught up
_PAUSE_S = 2.0  # between two rounds, and before another try


@dataclass(frozen=True)
class ScriptedOperatorConfig:
    """Parameters of the scripted_operator node."""

    robot: str = param('r1', 'Robot description: a name or the path of a YAML file.')
    script: str = param(
        'tour',
        'What to play: a script, or the task that the twin stands in; none: do nothing.',
        choices=('none', *SCRIPTS, *TASK_SCRIPTS),
    )
    manner: str = param('expert', 'How well a task is done.', choices=MANNERS)
    once: bool = param(False, 'Leave after one round, with exit code 0.')
    start_delay_s: float = param(0.0, 'Wait before the first act.', low=0.0, high=600.0)


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
        self._wishes = Latest(self, WholeBodyCommand, 'teleop/command', qos.STATE)
        self._commands = Latest(self, WholeBodyCommand, 'command', qos.STATE)
        self._status: MuxStatus | None = None
        self._robot: Array | None = None
        self._leader: Array | None = None
        self._asked: Array | None = None  # by the leader (D,)
        self._told: Array | None = None  # to the robot (D,)
        self._following_s = 0.0  # steady time at which the robot last followed
        self._hand = np.zeros(len(JOINTS))  # where it was moved last
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
        wish, command = self._wishes.take(), self._commands.take()
        self._asked = self._asked if wish is None else np.array(wish.values)
        self._told = self._told if command is None else np.array(command.values)
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
                if self._config.script in TASK_SCRIPTS:
                    yield from self._until(lambda: False, 'has nothing more to do')
            yield from self._wait(_PAUSE_S)

    def _round(self) -> Generator[bool, None, bool]:
        """Approach, engage, play; the result says whether it went to its end."""
        task = self._config.script in TASK_SCRIPTS
        errand = self._errand() if task else None
        goal = np.array(self._robot)
        yield from self._play(approach(np.array(self._leader), goal), lambda: True)
        yield from self._play(engage(goal), lambda: True)
        if not self._follows():
            self._complain('the robot does not follow')
            return False
        if errand is not None:
            done = yield from self._do(errand)
        else:
            script = SCRIPTS[self._config.script](self._body, JOINTS, goal)
            done = yield from self._play(script, self._follows)
        if not done:
            self._complain('the robot stopped following')
            return False
        yield from self._play(release(self._hand), lambda: True)
        return True

    def _errand(self) -> 'Errand':
        # Physics is needed for a task only.
        from hvd_ros.nodes.operator.errand import Errand

        folder = twin_dir(self.get_namespace())
        errand = Errand(self._body, self._config.script, self._config.manner, folder)
        self.get_logger().info(f'is to do {errand.text}')
        return errand

    def _do(self, errand: 'Errand') -> Generator[bool, None, bool]:
        errand.begin(np.array(self._asked))
        before_s = time.monotonic() - TICK_S
        while self._follows():
            now_s = time.monotonic()
            # Until the next tick as much time will pass as did since the last one.
            dt_s = min(now_s - before_s, _LONGEST_TICK_S)
            act = errand.act(np.array(self._asked), np.array(self._told), dt_s)
            before_s = now_s
            if act is None:
                self.get_logger().info(f'{errand.text}: {errand.result}')
                return True
            self._act(act)
            yield True
        return False

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
        self._hand = act.hand
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
