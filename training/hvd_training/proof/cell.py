# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One figure of a table before it is known: a method, its data, a training seed, and a scale.

Everything that decides the figure is in here, so its hash is the name under which what came of it
is kept; the same cell in two tables runs once.
"""

from dataclasses import asdict, dataclass
import hashlib
import json
from typing import Any

from hvd_ros.core.config import check, param
from hvd_ros.core.errors import ConfigError, did_you_mean

# Counted up when the making of a cell changes so that old figures must not stand beside new ones.
EDITION = 2
SEES = ('sim_state', 'cloud', 'state')


@dataclass(frozen=True)
class Scale:
    """How large everything is; the same for all methods of a table."""

    policy_steps: int = param(4000, 'updates of the policy', low=1)
    value_steps: int = param(6000, 'updates of the value', low=1)
    batch_size: int = param(256, 'chunks of an update', low=1)
    horizon: int = param(16, 'steps of a chunk', low=1, high=1000)
    episodes: int = param(100, 'episodes of each task that a policy plays', low=1)
    purpose: str = param(
        'test', 'of their seeds: to choose by, or to publish', choices=('test', 'validation')
    )
    sees: str = param('sim_state', 'what is looked at beside the state', choices=SEES)
    policy: tuple[str, ...] = ()  # fields of every policy, as --section.field value
    value: tuple[str, ...] = ()  # fields of every value

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Data:
    """Episodes of each task; each number is taken from the beginning of a pool."""

    tasks: tuple[str, ...] = ()
    experts: int = param(100, 'demonstrations, D_E', low=1)
    imperfect: int = param(0, 'imperfect teleoperation, every fourth one repaired', low=0)
    rollouts: int = param(0, 'rollouts of a policy that imitates the demonstrations', low=0)
    seed: int = param(0, 'of the scenes and of who plays', low=0)

    def __post_init__(self) -> None:
        check(self)
        if not self.tasks or len(set(self.tasks)) < len(self.tasks):
            raise ConfigError(f'tasks {list(self.tasks)}: name at least one, each once')

    def experts_only(self) -> 'Data':
        """Return the data of whoever looks at nothing else."""
        return Data(self.tasks, self.experts, seed=self.seed)


@dataclass(frozen=True)
class Cell:
    """A trained policy on test episodes."""

    method: str
    data: Data
    seed: int  # of its training
    scale: Scale

    @property
    def digest(self) -> str:
        """Return the name under which its result is kept."""
        return digest_of({'edition': EDITION, **asdict(self)})

    @property
    def title(self) -> str:
        """Return what a person calls it."""
        counts = f'{self.data.experts}+{self.data.imperfect}+{self.data.rollouts}'
        return f'{self.method}, {"+".join(self.data.tasks)}, {counts} episodes, seed {self.seed}'


def digest_of(facts: Any) -> str:
    """Return sixteen digits that differ where anything in plain facts does."""
    text = json.dumps(facts, sort_keys=True, default=list)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def one_of(what: str, name: str, valid: Any) -> Any:
    """Return what has a name in a mapping, or say what has."""
    if name not in valid:
        raise ConfigError(f"no {what} '{name}'; {did_you_mean(name, valid)}")
    return valid[name]
