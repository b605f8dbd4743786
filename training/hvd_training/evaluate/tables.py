# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
From outcomes to figures: success, stages and settings, with their intervals.

A method is one policy or several that differ in nothing but the training seed. Of one policy the
unit is the episode, of several the policy; every figure says which. A cell with a policy that
failed has no figure: what is missing is never counted as a failure of the task, nor left out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hvd_training.evaluate.outcome import Ending, Outcome
from hvd_training.evaluate.specs import Spec
from hvd_training.evaluate.statistics import A_RATE, Interval, over_seeds, wilson

ALL = 'all'  # the mean over the tasks
Measure = Callable[[Outcome], float]
MEASURES: dict[str, Measure] = {
    'strict': lambda o: float(o.strict),
    'loose': lambda o: float(o.loose),
    'score': lambda o: o.score,
}


@dataclass(frozen=True)
class Method:
    """A row of a table."""

    name: str
    specs: tuple[Spec, ...]  # one a training seed


@dataclass(frozen=True)
class Figure:
    """A mean with its interval."""

    mean: float
    interval: Interval | None
    unit: str  # 'episode' or 'training seed': what the interval is over
    seeds: tuple[float, ...] = ()  # the mean of each training seed


@dataclass(frozen=True)
class Cell:
    """One method in one task (or all) and one setting."""

    method: str
    task: str
    setting: str
    planned: int
    played: int
    blow_ups: int
    policy_errors: int
    figures: Mapping[str, Figure]  # by measure; empty when there is nothing that can be said

    @property
    def whole(self) -> bool:
        """Whether every planned episode came to an end, if only in a blow-up."""
        return self.played + self.blow_ups == self.planned


@dataclass(frozen=True)
class StageRow:
    """What one stage was worth."""

    method: str
    task: str
    setting: str
    stage: str
    mean: float
    shares: tuple[float, float, float]  # of 0, 0.5 and 1


Results = Mapping[Spec, Sequence[Outcome]]


class Evaluation:
    """The outcomes of some methods, asked for cell by cell."""

    def __init__(
        self,
        methods: Sequence[Method],
        results: Results,
        tasks: Sequence[str],
        settings: Sequence[str],
        episodes: int,
    ) -> None:
        self.methods, self.tasks, self.settings = tuple(methods), tuple(tasks), tuple(settings)
        self.episodes = episodes
        self._found: dict[tuple[Spec, str, str], list[Outcome]] = {}
        for spec, rows in results.items():
            for row in sorted(rows, key=lambda row: row.seed):
                self._found.setdefault((spec, row.task, row.setting), []).append(row)

    def outcomes(self, spec: Spec, task: str, setting: str) -> list[Outcome]:
        """Return what one policy did, by seed."""
        return self._found.get((spec, task, setting), [])

    def played(self, spec: Spec, task: str, setting: str) -> list[Outcome]:
        """Return those of them that have scores."""
        return [o for o in self.outcomes(spec, task, setting) if o.played]

    def mean(
        self, spec: Spec, tasks: Sequence[str], setting: str, measure: Measure
    ) -> float | None:
        """Return the mean over tasks of the means over episodes; None where nothing was played."""
        means = []
        for task in tasks:
            rows = self.played(spec, task, setting)
            if not rows:
                return None
            means.append(sum(map(measure, rows)) / len(rows))
        return sum(means) / len(means)

    def cell(self, method: Method, task: str, setting: str) -> Cell:
        """Return what a method reached."""
        tasks = self.tasks if task == ALL else (task,)
        rows = [o for s in method.specs for t in tasks for o in self.outcomes(s, t, setting)]
        endings = [o.ending for o in rows]
        made = Cell(
            method=method.name,
            task=task,
            setting=setting,
            planned=len(method.specs) * len(tasks) * self.episodes,
            played=endings.count(Ending.PLAYED),
            blow_ups=endings.count(Ending.BLOW_UP),
            policy_errors=endings.count(Ending.POLICY_ERROR),
            figures={},
        )
        if not made.whole or made.played == 0:
            return made
        figures = {n: self._figure(method, tasks, setting, m) for n, m in MEASURES.items()}
        known = {name: figure for name, figure in figures.items() if figure is not None}
        return Cell(**{**made.__dict__, 'figures': known})

    def _figure(
        self, method: Method, tasks: Sequence[str], setting: str, measure: Measure
    ) -> Figure | None:
        means = [self.mean(spec, tasks, setting, measure) for spec in method.specs]
        known = [mean for mean in means if mean is not None]
        if len(known) < len(means):
            return None
        found = over_seeds(known, bounds=A_RATE)
        # Every task counts alike, also where a blow-up left it an episode less.
        count = sum(len(self.played(s, task, setting)) for s in method.specs for task in tasks)
        episodes = wilson(min(found.mean * count, count), count)
        if len(known) == 1:
            return Figure(found.mean, episodes, 'episode', tuple(known))
        # Never narrower than if all episodes were independent: few seeds may agree by luck.
        seeds = found.interval or episodes
        both = Interval(min(seeds.low, episodes.low), max(seeds.high, episodes.high))
        return Figure(found.mean, both, 'training seed', tuple(known))

    def stages(self, names: Mapping[str, Sequence[str]]) -> list[StageRow]:
        """Return every stage of every task, given the names of the stages by task."""
        found = []
        for method in self.methods:
            for task in self.tasks:
                for setting in self.settings:
                    if self.cell(method, task, setting).figures:
                        found += self._stages(method, task, setting, names[task])
        return found

    def _stages(
        self, method: Method, task: str, setting: str, names: Sequence[str]
    ) -> list[StageRow]:
        rows = [o for spec in method.specs for o in self.played(spec, task, setting)]
        found = []
        for i, name in enumerate(names):
            values = [o.scores[i] for o in rows]
            none, half, full = (values.count(worth) / len(values) for worth in (0.0, 0.5, 1.0))
            mean = sum(values) / len(values)
            found.append(StageRow(method.name, task, setting, name, mean, (none, half, full)))
        return found
