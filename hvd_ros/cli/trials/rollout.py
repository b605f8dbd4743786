# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The policy drives while a person watches and scores; the robot is held at the end, however it ends.

Where the mux takes the authority away, only a person gives it back: nothing drives on by itself.
"""

from contextlib import suppress
import sys
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from hvd_msgs.msg import MuxStatus
from hvd_msgs.srv import SetMode

from hvd_ros.cli.launching.graph import Graph
from hvd_ros.cli.ros_session import Session
from hvd_ros.cli.trials.keys import Keys
from hvd_ros.core.errors import HvdError
from hvd_ros.core.mux.command import Mode
from hvd_ros.core.reasons import explain
from hvd_ros.core.tasks import Task
from hvd_ros.core.trials.sheet import CONFIRM, SCORES, Phase, Sheet, clock, press
from hvd_ros.nodes.policy.telling import READY
from hvd_ros.nodes.shell import qos

_TURN_S = 0.02
_PATIENCE_S = 5.0  # how long the mux may refuse before a person is told why
_AGAIN_S = 0.2
KEYS = '0 5 1: score 0, 0.5, 1   u: undo   space: hold the robot and end   x: does not count'


class TrialLost(HvdError):
    """The trial has no score; the message never says which policy it was."""


class Rollout:
    """One policy in one graph, from its start to the confirmed scores."""

    def __init__(self, graph: Graph, session: Session, task: Task, deadman: bool) -> None:
        self._graph, self._session, self._task = graph, session, task
        self._with = 'hold L or R all along; ' if deadman else ''
        self._mux: list[MuxStatus] = session.collect(MuxStatus, 'mux/status', qos.LATCHED)
        self._policy = session.collect(DiagnosticStatus, 'policy/status', qos.LATCHED)
        self._driving = self._moved = False
        self.held = 0  # how often the mux took the authority away

    def play(self, limit_s: float) -> Sheet:
        """Start the policy when somebody says so, and stay until the sheet is closed."""
        with Keys() as keys:
            try:
                self._begin(keys)
                return self._watch(keys, Sheet(self._task.stage_names, limit_s, time.monotonic()))
            finally:
                # Also after Ctrl-C and errors, as long as the mux answers.
                if self._moved:
                    with suppress(HvdError):
                        self._ask('hold')

    def _begin(self, keys: Keys) -> None:
        if not self._ready():
            print('the policy is getting ready', flush=True)
            while not self._ready():
                self._turn(keys)
        print(f'{self._with}Enter: the policy starts', flush=True)
        while not self._driving:
            if self._turn(keys) == CONFIRM:
                self._start()

    def _watch(self, keys: Keys, sheet: Sheet) -> Sheet:
        print(f'the policy drives, {sheet.limit_s:g} s at most\n{KEYS}', flush=True)
        self._show(sheet)
        while not sheet.over:
            key = self._turn(keys)
            before, sheet = sheet, clock(sheet, time.monotonic())
            if key == CONFIRM and sheet.phase is Phase.RUNNING and not self._driving:
                self._start()
            elif key:
                sheet = press(sheet, key, time.monotonic())
            if sheet.phase is not Phase.RUNNING and before.phase is Phase.RUNNING:
                self._hold()
            elif self._driving and self._lost():
                self._tell_held()
            if key or sheet is not before:
                self._show(sheet)
        return sheet

    def _show(self, sheet: Sheet) -> None:
        """Say what the last key came to, and what the next stage's scores mean."""
        if sheet.said:
            print(f'  {sheet.said}')
        if sheet.over:
            return
        if sheet.missing:
            number = len(sheet.marks)
            stage = self._task.stages[number]
            print(f'stage {number + 1} of {len(sheet.stages)}: {stage.name}')
            for key, score in SCORES.items():
                print(f'  [{key}]  {stage.rubric[score]}')
        if sheet.phase is Phase.HELD:
            todo = 'score what is missing' if sheet.missing else 'Enter: it counts'
            print(f'ended after {sheet.duration_s:.1f} s; {todo}, u: undo, x: does not count')
        sys.stdout.flush()

    def _turn(self, keys: Keys) -> str:
        """Serve the graph for a moment and return a key, if one was pressed."""
        self._session.spin(_TURN_S)
        name = self._graph.ended()
        if name:
            raise TrialLost(f"node '{name}' has ended; its last words: {self._graph.log(name)}")
        return keys.take()

    def _ready(self) -> bool:
        return bool(self._policy) and self._policy[-1].message == READY

    def _start(self) -> None:
        """Ask for authority for a few seconds, and say why it is not given."""
        end_s = time.monotonic() + _PATIENCE_S
        self._moved = True  # from here on the robot may move
        while not (answer := self._ask('policy')).success:
            if time.monotonic() > end_s:
                print(f'refused: {_why(answer)}\n{self._with}Enter: once more', flush=True)
                return
            self._session.spin(_AGAIN_S)
        self._mux.clear()  # only what it says from now on counts
        self._driving = True

    def _lost(self) -> bool:
        """Whether the mux says twice that the policy does not drive; one may be an old word."""
        del self._mux[:-2]
        return len(self._mux) == 2 and all(status.mode != Mode.POLICY for status in self._mux)

    def _tell_held(self) -> None:
        self._driving, status = False, self._mux[-1]
        self.held += 1
        who = 'a person drives' if status.mode == Mode.TELEOP else 'the robot is held'
        text, fix = explain(status.reason)
        why = f': {text}' + (f'; {fix}' if fix else '')
        print(f'{who}{why}\n{self._with}Enter: the policy goes on', flush=True)

    def _hold(self) -> None:
        self._driving = False
        answer = self._ask('hold')
        if answer.success:
            self._moved = False
            print('the robot is held')
        else:
            print(f'NOT HELD by the mux ({_why(answer)}): keep the e-stop in reach')

    def _ask(self, mode: str) -> Any:
        return self._session.call(
            SetMode, 'mux/set_mode', SetMode.Request(mode=mode), launch='deploy'
        )


def _why(answer: Any) -> str:
    return str(answer.message or '; '.join(explain(answer.reason)))
