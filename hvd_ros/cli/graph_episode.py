# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One episode of a task in a graph of our own: the twin, the mux, the policy node, and a referee.

The twin's own scoreboard says how it went. The graph has a domain and a state folder to itself.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from hvd_msgs.msg import MuxStatus
from hvd_msgs.srv import SetMode

from hvd_ros.cli.benches.graph import BenchGraph
from hvd_ros.cli.ros_session import Session
from hvd_ros.core.errors import HvdError
from hvd_ros.core.mux.command import Mode
from hvd_ros.core.policy.observation import Modality
from hvd_ros.core.reasons import explain
from hvd_ros.core.tasks import load_task
from hvd_ros.nodes.shell import qos

_READY_S = 120.0  # a policy may load for long
_AGAIN_S = 5.0  # how long a policy that was held may take to get going again
_TURN_S = 0.05
_UNUSED = ('recorder',)


class EpisodeLost(HvdError):
    """The graph did not get the policy going; the message has its reason."""


@dataclass
class Referee:
    """Remembers the score of every stage, and since when it stands."""

    stages: tuple[str, ...]
    scores: list[float] = field(default_factory=list)
    since_s: list[float] = field(default_factory=list)
    success: bool = False

    def hear(self, told: Mapping[str, str], at_s: float) -> None:
        """Take a message of the twin's scoreboard, `at_s` after the start."""
        scores = [float(told[stage]) for stage in self.stages]
        before = self.scores or [0.0] * len(scores)
        since = self.since_s or [0.0] * len(scores)
        changed = zip(before, scores, since, strict=True)
        self.since_s = [at_s if old != new else then for old, new, then in changed]
        self.scores, self.success = scores, told['success'] == 'true'


@dataclass(frozen=True)
class Played:
    """How an episode went; times are from the moment that the policy got authority."""

    scores: tuple[float, ...]
    since_s: tuple[float, ...]
    duration_s: float
    held: int  # how often the mux took the authority away meanwhile
    lost: str = ''  # why it was not given back, if not: the robot held, and the scores stood

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def arguments(
    policy: str,
    needs: frozenset[Modality],
    task: str,
    setting: str,
    seed: int,
    cloud: str,
    robot: str,
) -> dict[str, str]:
    """Return what `hvd launch deploy` has to be told, so that the policy sees what it needs."""
    drawn = Modality.CLOUD in needs and cloud == 'depth'
    rays = Modality.CLOUD in needs and not drawn
    pictures = drawn or bool(needs & {Modality.RGB, Modality.DEPTH})
    state = 'state' if Modality.SIM_STATE in needs else 'none'
    return {
        'policy': policy,
        'task': task,
        'scene': task,
        'setting': setting,
        'seed': str(seed),
        'robot': robot,
        'cameras': str(pictures).lower(),
        'cloud': str(drawn).lower(),
        'oracle': cloud if rays else state,
        'viewer': 'false',
    }


def play(told: Mapping[str, str], longest_s: float) -> Played:
    """
    Launch `deploy`, start the policy, watch until the task is done or its time is over.

    Raises EpisodeLost or GraphFailed where there is no score.
    """
    with BenchGraph('deploy', _UNUSED, **told) as graph, Session() as session:
        return _Episode(load_task(told['task']).stage_names, graph, session).play(longest_s)


class _Episode:
    """One graph that runs."""

    def __init__(self, stages: tuple[str, ...], graph: BenchGraph, session: Session) -> None:
        self._graph, self._session, self._referee = graph, session, Referee(stages)
        self._begun_s, self._held = time.monotonic(), 0
        self._mux: list[MuxStatus] = session.collect(MuxStatus, 'mux/status', qos.LATCHED)
        self._policy = session.collect(DiagnosticStatus, 'policy/status', qos.LATCHED)
        session.node.create_subscription(
            DiagnosticStatus, 'sim_robot/score', self._hear, qos.LATCHED
        )

    def play(self, longest_s: float) -> Played:
        self._start(_READY_S)
        self._begun_s, lost = time.monotonic(), ''
        while not lost and not self._referee.success and self._elapsed_s < longest_s:
            self._session.spin(_TURN_S)
            self._graph.check()
            if self._mux and self._mux[-1].mode != Mode.POLICY:
                # A person would press start again, and so do we.
                self._held += 1
                lost = self._start_again()
        if not self._referee.scores:
            raise EpisodeLost('the twin told no score; was it launched in the scene of a task?')
        lasted_s, scores = self._elapsed_s, self._referee.scores
        # A stage of which nothing came ends with the episode, as headless.
        pairs = zip(scores, self._referee.since_s, strict=True)
        since_s = tuple(since_s if score else lasted_s for score, since_s in pairs)
        return Played(tuple(scores), since_s, lasted_s, self._held, lost)

    @property
    def _elapsed_s(self) -> float:
        return time.monotonic() - self._begun_s

    def _start(self, within_s: float) -> None:
        """Ask for authority until it is given."""
        end, request = time.monotonic() + within_s, SetMode.Request(mode='policy')
        while True:
            answer = self._session.call(SetMode, 'mux/set_mode', request, within_s, 'deploy')
            if answer.success:
                self._mux.clear()  # only what it says from now on counts
                return
            if time.monotonic() > end:
                why = answer.message or '; '.join(explain(answer.reason))
                said = self._policy[-1].message if self._policy else 'nothing'
                raise EpisodeLost(f'the mux refuses: {why}; the policy says: {said}')
            self._session.spin(0.5)
            self._graph.check()

    def _start_again(self) -> str:
        """Ask once more; return why it is not given. A policy that spoke nonsense has failed."""
        try:
            self._start(_AGAIN_S)
        except EpisodeLost as error:
            return str(error)
        return ''

    def _hear(self, message: Any) -> None:
        told = {value.key: value.value for value in message.values}
        self._referee.hear(told, self._elapsed_s)
