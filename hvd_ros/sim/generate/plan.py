# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a dataset will hold, down to the seed of every episode, before anything is played.

Every number of an episode follows from the plan and the episode's place in it, so that it does not
matter which process plays it, or when.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache
import hashlib
import json

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.description import load_body
from hvd_ros.sim.generate.mixes import counts, load_mix
from hvd_ros.sim.generate.tape import Shows
from hvd_ros.sim.seeds import SEEDS
from hvd_ros.sim.tasks.catalogue import TASKS, load_sim_task
from hvd_ros.sim.tasks.setting import load_setting

_SEEDS = SEEDS['generation']
MOST_ATTEMPTS = 20  # at one episode


@dataclass(frozen=True)
class Job:
    """One episode to make; travels to a worker."""

    number: int
    episode_id: str
    task: str
    kind: str  # expert, suboptimal, rollout
    manner: str  # of the operator: expert, imperfect, correction; of a rollout empty


@dataclass(frozen=True)
class Plan:
    """A dataset to make; building one checks it (ConfigError)."""

    mix: str
    episodes: int
    tasks: tuple[str, ...] = tuple(TASKS)
    setting: str = 'usual'
    seed: int = 0
    robot: str = 'r1'
    policy: str = ''  # who plays the rollouts; empty: neighbours of the plan's own experts
    policy_sha256: str = ''  # of its file
    shows: Shows = field(default_factory=Shows)

    def __post_init__(self) -> None:
        """Refuse what can not be made, before anything is."""
        load_mix(self.mix)
        load_setting(self.setting)
        load_body(self.robot)
        if not self.tasks or len(set(self.tasks)) < len(self.tasks):
            raise ConfigError(f'tasks {list(self.tasks)}: name at least one, each once')
        for task in self.tasks:
            load_sim_task(task)
        most = len(_SEEDS) // MOST_ATTEMPTS
        if not 1 <= self.episodes <= most:
            raise ConfigError(f'{self.episodes} episodes: allowed are 1 to {most}')
        if self.seed < 0:
            raise ConfigError(f'seed {self.seed}: must be a whole number from 0')
        if self.fits_itself and not self.of_kind('expert'):
            raise ConfigError(
                f"mix '{self.mix}' has rollouts but no experts to learn from; name who plays with "
                '--policy, such as neighbours:PATH'
            )
        strange = self._of('rollout') - self._of('expert') if self.fits_itself else None
        if strange:
            raise ConfigError(
                f"{self.episodes} episodes of mix '{self.mix}': {', '.join(sorted(strange))} "
                'would have rollouts but no expert to learn them from; ask for more episodes or '
                'fewer --tasks, or name who plays with --policy'
            )

    @property
    def fits_itself(self) -> bool:
        """Whether the policy of the rollouts is made of the plan's own experts."""
        return not self.policy and bool(self.of_kind('rollout'))

    @property
    def digest(self) -> str:
        """Eight digits that differ where any number of an episode could."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def jobs(self) -> list[Job]:
        """Return every episode, in order; kinds and tasks are spread evenly over one another."""
        return [self._job(number, *row) for number, row in enumerate(self._rows())]

    def of_kind(self, kind: str) -> int:
        """Return how many episodes of a kind there will be."""
        return counts(load_mix(self.mix), self.episodes)[kind]

    def seed_of(self, number: int, attempt: int = 0) -> int:
        """Return the seed of an attempt at an episode; no two have the same."""
        place = number + attempt * self.episodes
        return int(_shuffled(self.seed)[place])

    def _rows(self) -> Iterator[tuple[str, str]]:
        mix = load_mix(self.mix)
        for kind, count in counts(mix, self.episodes).items():
            for i in range(count):
                repaired = i % mix.correction_every == mix.correction_every - 1
                manners = {
                    'expert': 'expert',
                    'suboptimal': 'correction' if repaired else 'imperfect',
                }
                yield kind, manners.get(kind, '')

    def _of(self, kind: str) -> set[str]:
        """Return the tasks that have episodes of a kind."""
        rows = enumerate(self._rows())
        return {self.tasks[number % len(self.tasks)] for number, row in rows if row[0] == kind}

    def _job(self, number: int, kind: str, manner: str) -> Job:
        name = f'sim-{self.digest}-{number:06d}'
        return Job(number, name, self.tasks[number % len(self.tasks)], kind, manner)


@lru_cache(maxsize=4)
def _shuffled(seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).permutation(np.arange(_SEEDS.start, _SEEDS.stop))
