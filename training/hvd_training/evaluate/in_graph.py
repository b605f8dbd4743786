# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Episodes through the whole graph in real time, by the robot's own verb: `hvd rollout`.

The same seed lays out the same scene as headless, and the twin's own scoreboard says how it went.
Nothing here needs ROS; the process that is started does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from hvd_ros.core.errors import ConfigError, HvdError
from hvd_ros.sim.task_env import STEP_S
from hvd_training.evaluate.outcome import Ending, Outcome
from hvd_training.evaluate.specs import Spec

if TYPE_CHECKING:
    from hvd_training.evaluate.runner import Job

_DEPLOYED = ('neighbours', 'run', 'bundle', 'module')
HVD = (sys.executable, '-m', 'hvd_ros.cli.main')


class EpisodeLost(HvdError):
    """An episode in the graph has no score; the message is that of the verb."""


def refuse_undeployable(specs: Sequence[Spec], workers: int, option: str = '--graph') -> None:
    """Raise ConfigError for what no graph can run: operators, and two graphs at once."""
    for spec in specs:
        if spec.kind not in _DEPLOYED:
            raise ConfigError(
                f"'{spec}' does not run in the graph; evaluate run:PATH, bundle:PATH, "
                f'neighbours:PATH or module:attribute with {option}'
            )
    if workers > 1:
        raise ConfigError(f'--workers {workers}: episodes in real time run one by one')


def deployed(spec: Spec) -> str:
    """Return how the robot's verbs call a policy."""
    return spec.argument if spec.kind == 'bundle' else str(spec)


def words(job: 'Job') -> list[str]:
    """Return the arguments of the verb that plays a job."""
    return [
        'rollout', deployed(job.spec), '--task', job.task, '--setting', job.setting,
        '--seed', str(job.seed), '--robot', job.robot, '--cloud', job.cloud, '--json',
    ]  # fmt: skip


def told(job: 'Job', found: Mapping[str, Any]) -> Outcome:
    """Return what came of a job by the result of the verb that played it."""
    return Outcome(
        task=job.task,
        setting=job.setting,
        seed=job.seed,
        ending=Ending.PLAYED,
        scores=tuple(found['scores']),
        stage_ends=tuple(round(since_s / STEP_S) for since_s in found['since_s']),
        duration_s=found['duration_s'],
    )


@dataclass(frozen=True)
class GraphDesk:
    """Plays jobs of the runner in graphs."""

    command: Sequence[str] = HVD

    def play(self, job: 'Job') -> Outcome:
        """Play one episode; raises EpisodeLost where there is no score."""
        done = subprocess.run(
            [*self.command, *words(job)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or ['it said nothing']
            raise EpisodeLost(f'{job.spec} in {job.task}, seed {job.seed}: {said[-1]}')
        return told(job, json.loads(done.stdout.strip().splitlines()[-1]))

    def close(self) -> None:
        """Nothing is kept from one episode to the next."""
