# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What came of one episode: the one line that the cache keeps and every table is made of.

An episode that has no score says why: a policy that failed and physics that broke are endings of
their own, and no table may take them for a 0.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from hvd_ros.core.errors import ConfigError


class Ending(StrEnum):
    """How an episode ended."""

    PLAYED = 'played'  # it has scores
    POLICY_ERROR = 'policy_error'  # the policy raised, or answered what no body can do
    BLOW_UP = 'blow_up'  # the physics broke


@dataclass(frozen=True)
class Outcome:
    """One policy, one task, one setting, one seed."""

    task: str
    setting: str
    seed: int
    ending: Ending
    scores: tuple[float, ...] = ()  # a stage each; empty unless played
    stage_ends: tuple[int, ...] = ()  # control steps from the start
    duration_s: float = 0.0  # of the robot's time
    calls: int = 0  # how often the policy was asked
    thinking_s: float = 0.0  # processor's wall time in these calls
    error: str = ''

    @property
    def played(self) -> bool:
        """Whether there is a score."""
        return self.ending is Ending.PLAYED

    @property
    def strict(self) -> bool:
        """Success in the strict sense: every stage worth 1."""
        return self.played and min(self.scores) == 1.0

    @property
    def loose(self) -> bool:
        """Success in the loose sense: the last stage worth 1."""
        return self.played and self.scores[-1] == 1.0

    @property
    def score(self) -> float:
        """Normalised stage score: the mean over the stages."""
        if not self.played:
            raise ConfigError(f'{self.where}: {self.ending}, so there is no score')
        return sum(self.scores) / len(self.scores)

    @property
    def where(self) -> str:
        """Name the episode in a message."""
        return f"{self.task}, setting '{self.setting}', seed {self.seed}"

    def as_json(self) -> dict[str, Any]:
        """Return what a line of the cache holds."""
        return asdict(self)


def outcome_from(row: Mapping[str, Any]) -> Outcome:
    """Read a line of the cache; raises ValueError, KeyError or TypeError for another one."""
    lists = {key: tuple(row[key]) for key in ('scores', 'stage_ends')}
    found = Outcome(**{**row, **lists, 'ending': Ending(row['ending'])})
    if found.played != bool(found.scores):
        raise ValueError('an episode has scores exactly when it was played')
    return found
