# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One method against another on the same episodes, as two questions.

Would these very policies differ on new episodes? (paired exact tests, the unit is the episode, of
several training seeds its mean over them). Would the methods differ if they were trained again?
(paired t test over training seeds, matched in the order in which they are named).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_training.evaluate.outcome import Outcome
from hvd_training.evaluate.statistics import (
    Interval,
    OverSeeds,
    Paired,
    holm,
    mcnemar,
    over_seeds,
    sign_flip,
)
from hvd_training.evaluate.tables import ALL, MEASURES, Evaluation, Method


@dataclass(frozen=True)
class Comparison:
    """A method minus the baseline."""

    method: str
    baseline: str
    task: str
    setting: str
    strict: Paired  # success with every stage 1
    score: Paired  # normalised stage score
    seeds: OverSeeds | None  # of strict success; None unless both have as many seeds, above one
    holm_p: float = 1.0  # of strict, adjusted for the methods that are compared in this row


def compare_all(found: Evaluation, baseline: str | None = None) -> list[Comparison]:
    """Compare every method with one of them, by default the first."""
    base = _named(found.methods, baseline)
    others = [method for method in found.methods if method is not base]
    rows: list[Comparison] = []
    for setting in found.settings:
        for task in (*found.tasks, *([ALL] if len(found.tasks) > 1 else [])):
            known = [_compare(found, method, base, task, setting) for method in others]
            rows += _adjusted([row for row in known if row is not None])
    return rows


def _named(methods: Sequence[Method], name: str | None) -> Method:
    names = [method.name for method in methods]
    if name is not None and name not in names:
        raise ConfigError(f"baseline '{name}': {did_you_mean(name, names)}")
    return methods[names.index(name) if name else 0]


def _adjusted(rows: Sequence[Comparison]) -> list[Comparison]:
    adjusted = holm({row.method: row.strict.p for row in rows})
    return [replace(row, holm_p=adjusted[row.method]) for row in rows]


def _compare(
    found: Evaluation, method: Method, base: Method, task: str, setting: str
) -> Comparison | None:
    if not all(found.cell(m, task, setting).figures for m in (method, base)):
        return None
    tasks = found.tasks if task == ALL else (task,)
    first, second = _shared(found, method, base, tasks, setting)
    if not first:
        return None
    single = len(method.specs) == len(base.specs) == 1
    return Comparison(
        method=method.name,
        baseline=base.name,
        task=task,
        setting=setting,
        strict=_successes(first, second) if single else _means(first, second, 'strict'),
        score=_means(first, second, 'score'),
        seeds=_over_seeds(found, method, base, tasks, setting),
    )


_Rows = list[list[Outcome]]  # an episode each, and in it one outcome a training seed


def _shared(
    found: Evaluation, method: Method, base: Method, tasks: Sequence[str], setting: str
) -> tuple[_Rows, _Rows]:
    """Return the episodes that every policy of both methods has played."""
    first: _Rows = []
    second: _Rows = []
    for task in tasks:
        sides = [
            [{o.seed: o for o in found.played(spec, task, setting)} for spec in one.specs]
            for one in (method, base)
        ]
        seeds = set.intersection(*(set(played) for side in sides for played in side))
        for seed in sorted(seeds):
            first.append([played[seed] for played in sides[0]])
            second.append([played[seed] for played in sides[1]])
    return first, second


def _successes(first: _Rows, second: _Rows) -> Paired:
    return mcnemar([row[0].strict for row in first], [row[0].strict for row in second])


def _means(first: _Rows, second: _Rows, measure: str) -> Paired:
    value = MEASURES[measure]

    def means(rows: _Rows) -> list[float]:
        return [sum(map(value, row)) / len(row) for row in rows]

    return sign_flip(means(first), means(second))


def _over_seeds(
    found: Evaluation, method: Method, base: Method, tasks: Sequence[str], setting: str
) -> OverSeeds | None:
    if len(method.specs) != len(base.specs) or len(method.specs) < 2:
        return None
    gaps = []
    for one, other in zip(method.specs, base.specs, strict=True):
        ours = found.mean(one, tasks, setting, MEASURES['strict'])
        theirs = found.mean(other, tasks, setting, MEASURES['strict'])
        if ours is None or theirs is None:
            return None
        gaps.append(ours - theirs)
    return over_seeds(gaps, bounds=Interval(-1.0, 1.0))
