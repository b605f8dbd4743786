# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Plays what was asked for: every policy in every task and setting on the same seeds, in processes.

What is in the cache is not played again. A policy that fails once is not played further, and the
others are; what a worker keeps from one episode to the next is one policy and one scene.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
import multiprocessing
import os
from pathlib import Path

from hvd_ros.core.errors import HvdError
from hvd_ros.core.pool import belong_to
from hvd_ros.core.robot.body import Body
from hvd_ros.core.robot.description import load_body
from hvd_ros.sim.cameras import RAY_LOOKS, Look
from hvd_ros.sim.task_env import TaskEnv
from hvd_training.evaluate.cache import Cache
from hvd_training.evaluate.identity import content_id, graph_id
from hvd_training.evaluate.in_graph import GraphDesk, refuse_undeployable
from hvd_training.evaluate.on_robot import Bench, RobotDesk, in_turn, order_key
from hvd_training.evaluate.outcome import Ending, Outcome
from hvd_training.evaluate.players import Player, play
from hvd_training.evaluate.specs import Spec, load, refuse_privileged

LOOKS = {'depth': Look(), **RAY_LOOKS}
Tell = Callable[['Job', Outcome, bool], None]  # what, how it went, whether it was known before


class EvaluationBroken(HvdError):
    """The evaluation could not go on; what is done is kept."""


@dataclass(frozen=True)
class Plan:
    """What is played."""

    specs: tuple[Spec, ...]
    tasks: tuple[str, ...]
    settings: tuple[str, ...]
    seeds: tuple[int, ...]
    robot: str = 'r1'
    workers: int = 1
    sensors_only: bool = False
    cloud: str = 'depth'  # how a cloud is made, see LOOKS
    graph: bool = False  # in real time through the whole graph
    bench: Bench | None = None  # by a person, on a robot or its twin

    @property
    def where(self) -> str:
        """Return what keeps the results of one way to play from those of another."""
        if self.bench is not None:
            seen = self.cloud if self.bench.rehearsed else 'sensors'
            return f'{seen}, {self.bench.hardware}, scored by a person'
        return f'{self.cloud}, graph {graph_id()}' if self.graph else self.cloud

    @property
    def real(self) -> bool:
        """Whether it is a robot that plays."""
        return self.bench is not None and not self.bench.rehearsed


@dataclass(frozen=True)
class Job:
    """One episode; travels to a worker."""

    spec: Spec
    task: str
    setting: str
    seed: int
    robot: str
    cloud: str


Found = dict[Spec, list[Outcome]]


def run(plan: Plan, folder: Path, tell: Tell = lambda job, outcome, known: None) -> Found:
    """
    Play everything and return the outcomes of every policy in the order of the plan.

    Call refuse_unplayable() first, unless a wrong policy may be noticed late.
    """
    body = load_body(plan.robot)
    cache = Cache(folder, body, plan.where, plan.real)
    contents = {spec: content_id(spec) for spec in plan.specs}
    found: dict[Job, Outcome] = {}
    missing = []
    order = _order(plan)
    for job in order:
        known = cache.read(contents[job.spec], job.task, job.setting)
        if job.seed in known:
            found[job] = known[job.seed]
            tell(job, found[job], True)
        else:
            missing.append(job)
    for job, outcome in _play_all(missing, plan, order):
        cache.add(contents[job.spec], outcome)
        found[job] = outcome
        tell(job, outcome, False)
    return {
        spec: [found[job] for job in _jobs(plan) if job.spec == spec and job in found]
        for spec in plan.specs
    }


def refuse_unplayable(plan: Plan, body: Body) -> None:
    """Make every policy and every scene once, so that what is wrong is said before hours of it."""
    if plan.graph or plan.bench is not None:
        refuse_undeployable(plan.specs, plan.workers, '--graph' if plan.graph else '--robot')
    for task in plan.tasks if not plan.real else ():
        for setting in plan.settings:
            TaskEnv(task, body, setting)
    for spec in plan.specs:
        player = load(spec, body)
        if plan.sensors_only or plan.real:
            refuse_privileged(spec, player)


def _order(plan: Plan) -> list['Job']:
    """Give every episode in the order in which it is played."""
    jobs = list(_jobs(plan))
    return jobs if plan.bench is None else in_turn(jobs, order_key(plan.bench.folder))


def _jobs(plan: Plan) -> Iterator[Job]:
    """Give every episode, those of one policy and one scene together."""
    for spec in plan.specs:
        for task in plan.tasks:
            for setting in plan.settings:
                for seed in plan.seeds:
                    yield Job(spec, task, setting, seed, plan.robot, plan.cloud)


def _play_all(
    jobs: Sequence[Job], plan: Plan, order: Sequence[Job]
) -> Iterator[tuple[Job, Outcome]]:
    """Give each episode as it ends; none is begun with a policy that has failed."""
    failed: set[Spec] = set()
    queue = (job for job in jobs if job.spec not in failed)
    alone = plan.graph or plan.bench is not None or plan.workers <= 1
    played = _serial(queue, _desk(plan, order)) if alone else _pooled(queue, plan.workers)
    for job, outcome in played:
        if outcome.ending is Ending.POLICY_ERROR:
            failed.add(job.spec)
        yield job, outcome


def _desk(plan: Plan, order: Sequence[Job]) -> 'Desk | GraphDesk | RobotDesk':
    if plan.bench is not None:
        return RobotDesk(plan.bench, order)
    return GraphDesk() if plan.graph else Desk()


def _serial(
    queue: Iterator[Job], desk: 'Desk | GraphDesk | RobotDesk'
) -> Iterator[tuple[Job, Outcome]]:
    try:
        for job in queue:
            yield job, desk.play(job)
    finally:
        desk.close()


def _pooled(queue: Iterator[Job], workers: int) -> Iterator[tuple[Job, Outcome]]:
    # Spawned, not forked: torch and graphics do not survive a fork.
    context = multiprocessing.get_context('spawn')
    pool = ProcessPoolExecutor(
        workers, mp_context=context, initializer=_begin, initargs=(workers, os.getpid())
    )
    waiting: dict[Future[Outcome], Job] = {}
    try:
        while True:
            while len(waiting) < workers and (job := next(queue, None)) is not None:
                waiting[pool.submit(_work, job)] = job
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                job = waiting[future]
                outcome = future.result()
                del waiting[future]
                yield job, outcome
    except BrokenProcessPool:
        lost = '; '.join(f'{j.spec} in {j.task}, {j.setting}, {j.seed}' for j in waiting.values())
        raise EvaluationBroken(
            f'a worker died while it played {lost} (out of memory, or the policy ended its '
            'process); what is done is kept: run the same again, with fewer --workers'
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class Desk:
    """What a worker keeps: the policy and the scene of its last episode."""

    def __init__(self) -> None:
        self._player: tuple[Spec, str, Player] | None = None
        self._env: tuple[str, str, str, TaskEnv] | None = None

    def play(self, job: Job) -> Outcome:
        """Play one episode."""
        return play(self.player(job), self._scene(job), job.seed)

    def player(self, job: Job) -> Player:
        """Return the policy, made anew only when it is another one."""
        if self._player is None or self._player[:2] != (job.spec, job.robot):
            self._player = job.spec, job.robot, load(job.spec, load_body(job.robot))
        return self._player[2]

    def _scene(self, job: Job) -> TaskEnv:
        wanted = job.task, job.setting, job.robot
        if self._env is None or self._env[:3] != wanted:
            self.close()
            body, look = load_body(job.robot), LOOKS[job.cloud]
            self._env = *wanted, TaskEnv(job.task, body, job.setting, look=look)
        return self._env[3]

    def close(self) -> None:
        """Give the scene's graphics memory back."""
        if self._env is not None:
            self._env[3].close()
            self._env = None


_DESK = Desk()


def _work(job: Job) -> Outcome:
    return _DESK.play(job)


def _begin(workers: int, parent: int) -> None:
    belong_to(parent)
    os.environ.setdefault('OMP_NUM_THREADS', str(max(1, (os.cpu_count() or 1) // workers)))
