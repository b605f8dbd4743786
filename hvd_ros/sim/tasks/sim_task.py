# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a task is in physics, and how its score is told from what really happened.

A task adds its things to a scene, shuffles them, and says at every control step what is true of
them: a Truth. A stage is a pure function of the stacked truths of an episode, so a score never
asks a script how far it got, and can be proved on states made by hand.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol, TypeVar

import mujoco
import numpy as np
import numpy.typing as npt

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.body import Array
from hvd_ros.sim.tasks.setting import Setting


@dataclass(frozen=True, eq=False)
class Truth:
    """
    Facts at one time, or, stacked, of a whole episode: every field then gains a first axis.

    Hands are left, right. A hand holds a thing when both of its fingers touch it.
    """

    time_s: Array
    base: Array  # x, y [m], yaw [rad] in the world
    base_twist: Array  # in the world [m/s, m/s, rad/s]


Flags = npt.NDArray[np.bool_]
T = TypeVar('T', bound=Truth)
Score = Callable[[Any], float]
Detail = Callable[[Any], Any]  # a number, of any of NumPy's kinds


class SimTask(Protocol):
    """One task. It keeps no state of its own: what must be remembered lives in the physics."""

    @property
    def name(self) -> str:
        """As in config/tasks/."""
        ...

    @property
    def limit_s(self) -> float:
        """How long an episode may take."""
        ...

    @property
    def stages(self) -> Sequence[Score]:
        """One score per stage of the task's file: stacked truths to 0, 0.5 or 1."""
        ...

    @property
    def things(self) -> Sequence[str]:
        """The bodies whose places the privileged state tells."""
        ...

    @property
    def details(self) -> Mapping[str, Detail]:
        """What it tells beyond that, by name, from the truth of one time."""
        ...

    def build(self, spec: mujoco.MjSpec) -> None:
        """Add the things of the task to a furnished room."""
        ...

    def randomise(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        rng: np.random.Generator,
        setting: Setting,
    ) -> None:
        """Put the things where this episode finds them; base and torso stand already."""
        ...

    def advance(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Let mechanisms act that physics has no word for; called every few steps."""
        ...

    def truth(self, model: mujoco.MjModel, data: mujoco.MjData) -> Truth:
        """Say what is true now."""
        ...


def stack(truths: Sequence[T]) -> T:
    """Put the truths of an episode on top of each other, first axis time."""
    if not truths:
        raise ConfigError('no state to score: an episode has at least the one that it began in')
    kind = type(truths[0])
    return kind(**{f.name: np.stack([getattr(t, f.name) for t in truths]) for f in fields(kind)})


def held(thing: str) -> dict[str, Detail]:
    """Return the details that tell which hand holds the thing of a Truth's `held`."""
    return {
        f'{thing}.held_left': lambda truth: truth.held[0],
        f'{thing}.held_right': lambda truth: truth.held[1],
    }


def until(history: T, steps: int) -> T:
    """Return the beginning of an episode."""
    kind = type(history)
    return kind(**{f.name: getattr(history, f.name)[:steps] for f in fields(kind)})


def scores(task: SimTask, history: Truth) -> tuple[float, ...]:
    """Score every stage by what happened so far."""
    return tuple(stage(history) for stage in task.stages)


def stage_ends(task: SimTask, history: Truth) -> tuple[int, ...]:
    """
    Return the step at which the score of every stage was settled, in the order of the stages.

    A stage that is worth nothing ended when the episode did; none ends before the one before it.
    """
    ends: list[int] = []
    for stage in task.stages:
        ends.append(max([_settled(stage, history), *ends]))
    return tuple(ends)


def _settled(stage: Score, history: Truth) -> int:
    """Return the step since which a stage is worth what it is at the end, if it is anything."""
    steps, worth = len(history.time_s), stage(history)
    # From the end: most of an episode lies before what settled a late stage.
    for n in range(steps - 1, 0, -1) if worth > 0 else ():
        if stage(until(history, n)) != worth:
            return n
    return steps - 1


def episodes_of(touching: Flags, gap: int = 5) -> int:
    """
    Count separate contacts: runs of True, where a pause of fewer than `gap` steps is none.

    A hand that closes around a thing touches it, loses it and touches it again within moments;
    this is one attempt, coming back half a second later is the next.
    """
    at = np.flatnonzero(touching)
    return 0 if at.size == 0 else 1 + int(np.count_nonzero(np.diff(at) > gap))
