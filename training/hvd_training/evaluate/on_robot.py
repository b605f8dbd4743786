# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Trials on a robot, or rehearsed on its twin: a person lays out every scene and gives the scores.

Each is the robot's own verb, `hvd trial`, which has the terminal to itself and leaves its result
in a file. Nothing says which policy it is: names are in the report alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
import json
from pathlib import Path
import secrets
import signal
import subprocess
from typing import TYPE_CHECKING

from hvd_ros.core.durable import write_whole
from hvd_ros.core.errors import ConfigError
from hvd_ros.core.trials.order import turns
from hvd_training.evaluate.in_graph import HVD, EpisodeLost, deployed, told
from hvd_training.evaluate.outcome import Outcome

if TYPE_CHECKING:
    from hvd_training.evaluate.runner import Job

REAL, SIM = 'real', 'sim'
_INTERRUPTED = 130


@dataclass(frozen=True)
class Bench:
    """Where trials take place, and where everything about them is kept."""

    hardware: str  # REAL, or SIM for a rehearsal
    folder: Path  # of the order, the pictures of the starts, results and logs
    limit_s: float | None = None  # None: that of the task
    launch: tuple[str, ...] = ()  # more ARG:=VALUE for the graph

    @property
    def rehearsed(self) -> bool:
        """Whether no robot has anything to do with it."""
        return self.hardware == SIM


def order_key(folder: Path) -> str:
    """Return the key of the order, drawn once a folder."""
    path = folder / 'order.json'
    if path.exists():
        try:
            return str(json.loads(path.read_text(encoding='utf-8'))['key'])
        except (OSError, ValueError, KeyError, TypeError):
            raise ConfigError(f'{path} is damaged; name another --out') from None
    key = secrets.token_hex(8)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({'kind': 'order of trials', 'key': key}) + '\n')
    return key


def in_turn(jobs: Sequence['Job'], key: str) -> list['Job']:
    """Return all jobs of a plan placement by placement, the policies of each in random order."""
    scenes: dict[tuple[str, str], dict[int, dict[str, Job]]] = {}
    for job in jobs:
        placements = scenes.setdefault((job.task, job.setting), {})
        placements.setdefault(job.seed, {})[str(job.spec)] = job
    return [
        here[policy]
        for (task, setting), placements in scenes.items()
        for number, here in enumerate(placements.values())
        for policy in turns(list(here), f'{task}.{setting}', number, key)
    ]


@dataclass
class RobotDesk:
    """Has a person try jobs; `whole` are all of the evaluation in their order."""

    bench: Bench
    whole: Sequence['Job']
    command: Sequence[str] = HVD
    say: Callable[[str], None] = field(default=lambda line: print(line, flush=True))

    def play(self, job: 'Job') -> Outcome:
        """Try until it counts; raises EpisodeLost, or KeyboardInterrupt where somebody left."""
        number = self.whole.index(job) + 1
        while True:
            result = self.bench.folder / 'trials' / f'{number:04d}.json'
            result.unlink(missing_ok=True)
            code = _with_terminal([*self.command, *self.words(job, number, result)])
            if code == _INTERRUPTED:
                raise KeyboardInterrupt
            if code or not result.exists():
                raise EpisodeLost(
                    f'trial {number} of {len(self.whole)} has no score, see above; the same '
                    'command goes on with it'
                )
            found = json.loads(result.read_text(encoding='utf-8'))
            if found['counted']:
                return told(job, found)
            self.say(f'trial {number} is repeated')

    def words(self, job: 'Job', number: int, result: Path) -> list[str]:
        """Return the arguments of the verb for a job."""
        bench = self.bench
        start = bench.folder / 'starts' / job.task / f'{job.setting}.{job.seed}.jpg'
        made = [
            'trial', deployed(job.spec), '--task', job.task, '--setting', job.setting,
            '--seed', str(job.seed), '--robot', job.robot, '--cloud', job.cloud,
            '--hardware', bench.hardware, '--number', str(number), '--of', str(len(self.whole)),
            '--start', str(start), '--result', str(result),
        ]  # fmt: skip
        made += ['--limit', str(bench.limit_s)] if bench.limit_s is not None else []
        return made + (['--launch', *bench.launch] if bench.launch else [])

    def close(self) -> None:
        """Nothing is kept from one trial to the next."""


def _with_terminal(command: Sequence[str]) -> int:
    """Run a verb that has the terminal; Ctrl-C is its to answer, and it holds the robot first."""
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        return subprocess.Popen(command).wait()
    finally:
        signal.signal(signal.SIGINT, before)
