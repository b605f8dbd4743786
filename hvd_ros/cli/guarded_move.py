# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A guarded move to a named pose: show, ask, then keep saying "somebody watches" until it is done.

The mux moves only while `home/keepalive` arrives. The beat is sent by the same thread that
watches, so a verb that is stopped, frozen or cut off stops the robot.
"""

import argparse
from contextlib import suppress
import sys
from typing import Any

from hvd_msgs.msg import CommandTrace, Heartbeat, MuxStatus
from hvd_msgs.srv import SetMode
import numpy as np
from sensor_msgs.msg import JointState

from hvd_ros.cli.plan import Plan, measured
from hvd_ros.cli.ros_session import DISCOVERY_S, NoAnswer, Session, where_we_looked
from hvd_ros.core.errors import ConfigError, HvdError
from hvd_ros.core.mux.command import Mode
from hvd_ros.core.reasons import Reason, explain
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.core.robot.description import load_body
from hvd_ros.nodes.shell import qos

_BEAT_S = 0.1
_SILENT_S = 1.0  # ten statuses
_SHOW_S = 0.5


class MoveRefused(HvdError):
    """The robot did not reach the pose; the message says why."""


def move(args: argparse.Namespace) -> int:
    """Run the whole verb; 0 at arrival, 130 after Ctrl-C, an HvdError otherwise."""
    body = load_body(args.robot)
    body.pose(args.pose)
    with Session(args.namespace) as session:
        return move_in(session, body, args.pose, args.yes)


def move_in(session: Session, body: Body, pose: str, yes: bool = False) -> int:
    """Show the way, ask, and move in a graph that was joined; 1 when nobody wants it."""
    mover = _Mover(session, body, pose)
    start, start_is = mover.locate()
    print(Plan(body, pose, start).text(start_is), end='', flush=True)
    if not yes and not _confirmed():
        print('nothing was moved')
        return 1
    return mover.go()


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        raise ConfigError('nobody is there to confirm; on a terminal answer y, else pass --yes')
    try:
        return input('Is the way free, and the e-stop in reach? Move now [y/N] ') in ('y', 'yes')
    except EOFError:
        return False


class _Mover:
    """One visit to the graph; everything it hears is kept by the subscriptions."""

    def __init__(self, session: Session, body: Body, pose: str) -> None:
        self._session, self._body, self._pose = session, body, pose
        self._statuses = session.collect(MuxStatus, 'mux/status', qos.LATCHED)
        self._joints: JointState | None = None
        self._sent: Array | None = None
        node = session.node
        node.create_subscription(JointState, 'joint_states', self._on_joints, qos.STATE)
        self._trace = node.create_subscription(
            CommandTrace, 'mux/trace', self._on_trace, qos.EVENTS
        )
        self._beats = node.create_publisher(Heartbeat, 'home/keepalive', qos.COMMAND)
        self._beat = Heartbeat()

    def locate(self) -> tuple[Array, str]:
        """Return where the body stands and where that is known from."""
        if not self._session.spin_until(lambda: bool(self._statuses), DISCOVERY_S):
            raise NoAnswer(
                f'no mux heard ({where_we_looked()}); start the graph: hvd launch teleop'
            )
        self._session.spin_until(lambda: self._sent is not None, 0.3)
        self._session.node.destroy_subscription(self._trace)
        if self._sent is not None:
            return self._sent, 'last sent'
        self._session.spin_until(lambda: self._here() is not None, DISCOVERY_S)
        here = self._here()
        if here is None:
            text, fix = explain(Reason.NO_FEEDBACK)
            raise MoveRefused(f'{text}; {fix}')
        return here, 'measured'

    def go(self) -> int:
        """Ask for the mode and stay until the mux has left it."""
        self._session.node.create_timer(_BEAT_S, self._send_beat)
        # The mux grants the mode only to somebody it already hears.
        ready = self._session.spin_until(
            lambda: self._beats.get_subscription_count() > 0 and self._beat.seq >= 2, DISCOVERY_S
        )
        if not ready:
            raise NoAnswer("nobody listens to 'home/keepalive'; this mux has no guarded move")
        try:
            self._ask('home')
            return self._watch()
        except KeyboardInterrupt:
            with suppress(HvdError):
                self._ask('hold')
            print('\nstopped: the joints are held where they are', flush=True)
            return 130

    def _ask(self, mode: str) -> None:
        request = SetMode.Request(mode=mode, pose=self._pose if mode == 'home' else '')
        self._statuses.clear()
        answer = self._session.call(SetMode, 'mux/set_mode', request)
        if not answer.success:
            # The mux writes meaning and cure into its message.
            why = answer.message or '; '.join(explain(answer.reason))
            raise MoveRefused(f'refused in mode {answer.mode}: {why}')

    def _watch(self) -> int:
        entered, count = False, 0
        while True:
            self._statuses.clear()
            if not self._session.spin_until(lambda: bool(self._statuses), _SILENT_S):
                raise NoAnswer('the mux went silent during the move; see hvd status')
            status, count = self._statuses[-1], count + 1
            if status.mode == Mode.HOME:
                entered = True
                self._progress()
                self._session.spin(_SHOW_S)
                continue
            # The first status may have been on its way before the mode was granted.
            if entered or count > 1 or status.reason == Reason.ARRIVED:
                return self._verdict(status)

    def _progress(self) -> None:
        here = self._here()
        if here is not None:
            name, way = Plan(self._body, self._pose, here).farthest()
            print(f'  moving: {name} has {abs(way):.2f} to go', flush=True)

    def _verdict(self, status: Any) -> int:
        if status.reason == Reason.ARRIVED:
            print(f"arrived at '{self._pose}'; the joints are held")
            return 0
        text, fix = explain(status.reason)
        detail = f'{status.text or text}' + (f'; {fix}' if fix else '')
        raise MoveRefused(f"stopped before '{self._pose}': {detail}")

    def _send_beat(self) -> None:
        self._beat.seq += 1
        self._beat.header.stamp = self._session.node.get_clock().now().to_msg()
        self._beats.publish(self._beat)

    def _on_joints(self, message: JointState) -> None:
        self._joints = message

    def _on_trace(self, message: CommandTrace) -> None:
        if len(message.sent) == self._body.size:
            self._sent = np.array(message.sent)

    def _here(self) -> Array | None:
        if self._joints is None:
            return None
        named = dict(zip(self._joints.name, self._joints.position, strict=False))
        return measured(self._body, named)
