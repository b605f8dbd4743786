# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A trial from the launch to its result: start the graph, reset, lay out, roll out, score."""

from collections.abc import Mapping
from dataclasses import dataclass
import os
from pathlib import Path
from typing import Any

from hvd_msgs.msg import MuxStatus

from hvd_ros.cli.guarded_move import MoveRefused, move_in
from hvd_ros.cli.launching.graph import Graph
from hvd_ros.cli.ros_session import NoAnswer, Session
from hvd_ros.cli.trials.rollout import Rollout, TrialLost
from hvd_ros.cli.trials.start import StartPicture
from hvd_ros.core.robot.body import Body
from hvd_ros.core.tasks import Task
from hvd_ros.core.trials.sheet import Phase, Sheet
from hvd_ros.nodes.shell import qos

_READY_S = 120.0  # cameras and policies may load for long
_TURN_S = 0.1


@dataclass(frozen=True)
class Plan:
    """What is tried, from where, and for how long."""

    task: Task
    body: Body
    pose: str
    limit_s: float
    start: Path  # picture of the placement
    real: bool  # whether it is a robot: then with the dead-man held, and a recorder at hand


def conduct(plan: Plan, told: Mapping[str, str], logs: Path) -> dict[str, Any]:
    """Do one trial; return its result, or raise where it has none."""
    without = () if plan.real else ('recorder',)
    logs.mkdir(parents=True, exist_ok=True)
    if 'domain' in told:  # as its nodes will have it
        os.environ['ROS_DOMAIN_ID'] = told['domain']
    graph = Graph('deploy', told, logs, without)
    with graph, Session(told.get('namespace', '')) as session:
        print('starting the graph', flush=True)
        _wait(graph, session)
        _reset(session, plan)
        StartPicture(session, plan.start).lay_out()
        rollout = Rollout(graph, session, plan.task, plan.real)
        return _result(rollout.play(plan.limit_s), rollout.held)


def _wait(graph: Graph, session: Session) -> None:
    heard = session.collect(MuxStatus, 'mux/status', qos.LATCHED)
    left_s = _READY_S
    while not session.spin_until(lambda: bool(heard), _TURN_S):
        left_s -= _TURN_S
        name = graph.ended()
        if name or left_s < 0:
            what = f"node '{name}' has ended" if name else f'no mux after {_READY_S:g} s'
            raise TrialLost(f'{what}; what the nodes said: {graph.logs}')


def _reset(session: Session, plan: Plan) -> None:
    """Bring the body to where every trial starts; a refusal can be mended and tried again."""
    while True:
        try:
            code = move_in(session, plan.body, plan.pose)
            if code == 0:
                return
            if code == 130:
                raise KeyboardInterrupt
        except (MoveRefused, NoAnswer) as error:
            print(error)
        input('the body has to be at its start; Enter: once more, Ctrl-C: leave ')


def _result(sheet: Sheet, held: int) -> dict[str, Any]:
    if sheet.phase is Phase.VOID:
        return {'counted': False}
    return {
        'counted': True,
        'scores': list(sheet.scores),
        'since_s': [round(mark.at_s, 3) for mark in sheet.marks],
        'duration_s': round(sheet.duration_s, 3),
        'held': held,
    }
