# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How well an operator does a task: as an expert, with faults, or with a fault that it repairs.

A dataset that is worth selecting from holds every grade of work. A fault names what goes wrong and
a dial says how far; the operator and its movements know how.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.sim.tasks.catalogue import load_sim_task

KINDS = ('expert', 'imperfect', 'correction')


class FaultKind(StrEnum):
    """What may go wrong."""

    POSE_ERROR = 'pose_error'  # things are seen where they are not
    MISGRASP = 'misgrasp'  # the hand closes beside or above the thing
    EARLY_RELEASE = 'early_release'  # it opens before it is there
    LATE_RELEASE = 'late_release'  # it opens when it is already leaving
    DRIFT = 'drift'  # hands and base stray, the further the longer
    WRONG_ORDER = 'wrong_order'  # a part of the work is skipped or done too early
    HESITATION = 'hesitation'  # slow, with pauses
    OVER_CORRECTION = 'over_correction'  # shoots past its goal, and back past it again
    GIVING_UP = 'giving_up'  # stops before the end


@dataclass(frozen=True)
class Fault:
    """
    One thing that goes wrong, and how far: 0 is not at all.

    A systematic fault leans the same way in every episode; otherwise each draws its own way, so
    that the mean over many episodes is right.
    """

    kind: FaultKind
    strength: float
    systematic: bool = False

    def __post_init__(self) -> None:
        """Refuse what no dial shows."""
        names = [str(kind) for kind in FaultKind]
        if self.kind not in names:
            raise ConfigError(f"fault '{self.kind}': {did_you_mean(str(self.kind), names)}")
        object.__setattr__(self, 'kind', FaultKind(self.kind))
        if isinstance(self.strength, bool) or not 0.0 <= self.strength <= 1.0:
            raise ConfigError(
                f"fault '{self.kind}': strength {self.strength!r} must be a number from 0 to 1"
            )


@dataclass(frozen=True)
class Manner:
    """
    The way in which one episode is done.

    expert: no fault. imperfect: the faults last all the episode. correction: they spoil the first
    attempt, which is noticed and mended.
    """

    kind: str = 'expert'
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a kind that is not there, and faults that contradict it."""
        check_kind(self.kind)
        kinds = [fault.kind for fault in self.faults]
        if self.kind == 'expert' and kinds:
            raise ConfigError(f'an expert has no faults, got {", ".join(kinds)}')
        if self.kind != 'expert' and not kinds:
            raise ConfigError(f"manner '{self.kind}' needs at least one fault")
        if len(set(kinds)) < len(kinds):
            raise ConfigError(f'every fault counts once, got {", ".join(kinds)}')

    @property
    def text(self) -> str:
        """Say it in one line."""
        faults = (f'{f.kind} {f.strength:.2f}{" always" * f.systematic}' for f in self.faults)
        return ': '.join(filter(None, (self.kind, ', '.join(faults))))


_REPAIRABLE = (FaultKind.MISGRASP, FaultKind.POSE_ERROR, FaultKind.DRIFT)
_COUNTS = (0.6, 0.3, 0.1)  # chance of one, two, three faults at a time
_SYSTEMATIC = 0.4  # of all faults


def draw_manner(rng: np.random.Generator, task: str, kind: str) -> Manner:
    """Draw how one episode of a task is done, so that many of them are a graded mix."""
    load_sim_task(task)
    check_kind(kind)
    if kind == 'expert':
        return EXPERT
    allowed = tuple(FaultKind) if kind == 'imperfect' else _REPAIRABLE
    count = 1 + int(rng.choice(len(_COUNTS), p=_COUNTS)) if kind == 'imperfect' else 1
    chosen = rng.choice(len(allowed), size=count, replace=False)
    faults = (
        Fault(allowed[i], float(rng.uniform(0.1, 1.0)), bool(rng.uniform() < _SYSTEMATIC))
        for i in chosen
    )
    return Manner(kind, tuple(faults))


def check_kind(kind: str) -> None:
    """Refuse a kind of manner that is not there."""
    if kind not in KINDS:
        raise ConfigError(f"manner '{kind}': {did_you_mean(str(kind), KINDS)}")


EXPERT = Manner()
