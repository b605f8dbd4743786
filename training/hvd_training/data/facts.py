# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What is known about an episode besides its frames: the row that every tool filters and counts by.

Episodes as recorded and episodes inside a dataset give the same facts, so that complexity,
composition and the filters work on both.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hvd_ros.core.errors import ConfigError, did_you_mean

KINDS = ('expert', 'suboptimal', 'rollout')
OUTCOMES = ('', 'success', 'partial', 'failure')


@dataclass(frozen=True)
class StageEnd:
    """A stage ended at this frame with this score; both count from 0."""

    frame: int
    stage: int
    score: float


@dataclass(frozen=True)
class EpisodeFacts:
    """One episode in words and counts."""

    episode_id: str
    task: str  # short name, such as pen_insert
    prompt: str  # the words that a policy is told
    kind: str  # one of KINDS
    outcome: str  # one of OUTCOMES
    operator: str
    robot: str
    layout_id: str  # hex
    names: tuple[str, ...]  # of the commanded dimensions, in order
    fps: int
    frames: int
    stages: int  # that the task has
    ends: tuple[StageEnd, ...] = ()

    @property
    def duration_s(self) -> float:
        """Return how long it lasts."""
        return self.frames / self.fps

    @property
    def success(self) -> bool:
        """Strict success: as stated, else every stage ended with score 1."""
        if self.outcome:
            return self.outcome == 'success'
        good = {end.stage for end in self.ends if end.score == 1.0}
        return len(good) == self.stages > 0

    @property
    def score(self) -> float:
        """Return the sum of the scores over the number of stages, 0 to 1."""
        return sum(end.score for end in self.ends) / max(self.stages, 1)

    def as_json(self) -> dict[str, Any]:
        """Return plain lists and numbers."""
        return asdict(self)


def facts_from_json(data: Mapping[str, Any]) -> EpisodeFacts:
    """Read what as_json wrote."""
    ends = tuple(StageEnd(**end) for end in data['ends'])
    return EpisodeFacts(**{**data, 'names': tuple(data['names']), 'ends': ends})


def kind_code(kind: str) -> int:
    """Return the number of a kind in the column `kind`."""
    if kind not in KINDS:
        raise ConfigError(f"kind '{kind}'; {did_you_mean(kind, KINDS)}")
    return KINDS.index(kind)
