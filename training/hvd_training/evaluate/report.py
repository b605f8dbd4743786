# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What an evaluation found, as one object of plain numbers: report.json.

Text and page are made from it alone, so that nothing stands in them which is not in the file.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hvd_ros.core.tasks import load_task
from hvd_training.evaluate.comparisons import Comparison, compare_all
from hvd_training.evaluate.films import Film
from hvd_training.evaluate.outcome import Ending, Outcome
from hvd_training.evaluate.runner import Plan
from hvd_training.evaluate.statistics import CONFIDENCE, detectable
from hvd_training.evaluate.tables import ALL, Cell, Evaluation, Figure, Method

VERSION = 1


@dataclass(frozen=True)
class Setup:
    """What was asked for."""

    plan: Plan
    methods: tuple[Method, ...]
    purpose: str  # of the seeds
    baseline: str | None = None


def report(
    setup: Setup, found: Evaluation, ids: Mapping[str, str], films: Sequence[Film] = ()
) -> dict[str, Any]:
    """Return everything; `ids` are the hashes of the policies by spec."""
    names = {task: load_task(task).stage_names for task in found.tasks}
    tasks = [*found.tasks, *([ALL] if len(found.tasks) > 1 else [])]
    cells = [
        found.cell(method, task, setting)
        for setting in found.settings
        for task in tasks
        for method in found.methods
    ]
    return {
        'kind': 'hvd evaluation',
        'version': VERSION,
        'setup': _setup(setup, found, ids, names),
        'cells': [_cell(cell) for cell in cells],
        'stages': [asdict(row) for row in found.stages(names)],
        'comparisons': [_comparison(row) for row in compare_all(found, setup.baseline)],
        'problems': _problems(found, films),
        'episodes': [
            {'policy': str(spec), **outcome.as_json()} for spec, outcome in _outcomes(found)
        ],
    }


def _setup(
    setup: Setup,
    found: Evaluation,
    ids: Mapping[str, str],
    names: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    plan = setup.plan
    return {
        'methods': {m.name: [str(spec) for spec in m.specs] for m in found.methods},
        'content': dict(ids),
        'baseline': setup.baseline or found.methods[0].name,
        'tasks': list(found.tasks),
        'titles': {task: load_task(task).title for task in found.tasks},
        'stage_names': {task: list(rows) for task, rows in names.items()},
        'settings': list(found.settings),
        'episodes': found.episodes,
        'seeds': setup.purpose,
        'first_seed': min(plan.seeds),
        'robot': plan.robot,
        'cloud': plan.cloud,
        'played': _played(plan),
        'sensors_only': plan.sensors_only,
        'confidence': CONFIDENCE,
        'detectable_difference': detectable(found.episodes),
    }


def _played(plan: Plan) -> str:
    if plan.bench is None:
        return 'in real time through the graph' if plan.graph else 'headless'
    where = 'on the twin, as a rehearsal' if plan.bench.rehearsed else 'on the robot'
    return f'{where}, in random order, scored by a person who was not told which policy it was'


def _cell(cell: Cell) -> dict[str, Any]:
    figures = {name: _figure(figure) for name, figure in cell.figures.items()}
    return {**asdict(cell), 'figures': figures, 'whole': cell.whole}


def _figure(figure: Figure) -> dict[str, Any]:
    low, high = figure.interval if figure.interval else (None, None)
    return {
        'mean': figure.mean,
        'low': low,
        'high': high,
        'interval_over': figure.unit,
        'training_seeds': list(figure.seeds),
    }


def _comparison(row: Comparison) -> dict[str, Any]:
    seeds = None
    if row.seeds is not None:
        low, high = row.seeds.interval or (None, None)
        seeds = {
            'seeds': row.seeds.seeds,
            'difference': row.seeds.mean,
            'low': low,
            'high': high,
            'sd': row.seeds.seed_sd,
            'p': row.seeds.p,
        }
    return {**asdict(row), 'seeds': seeds}


def _outcomes(found: Evaluation) -> list[tuple[Any, Outcome]]:
    specs = dict.fromkeys(spec for method in found.methods for spec in method.specs)
    return [
        (spec, outcome)
        for spec in specs
        for task in found.tasks
        for setting in found.settings
        for outcome in found.outcomes(spec, task, setting)
    ]


def _problems(found: Evaluation, films: Sequence[Film]) -> list[str]:
    """Say in words what has no score, and why."""
    lines = []
    blown: Counter[str] = Counter()
    for spec, outcome in _outcomes(found):
        if outcome.ending is Ending.POLICY_ERROR:
            lines.append(f"policy '{spec}' failed in {outcome.where}: {outcome.error}")
        elif outcome.ending is Ending.BLOW_UP:
            blown[str(spec)] += 1
            if blown[str(spec)] <= 3:
                lines.append(f"physics broke while '{spec}' played: {outcome.error}")
    lines += [f"physics broke in {n} episodes of '{spec}'" for spec, n in blown.items() if n > 3]
    for one in films:
        if not one.faithful:
            lines.append(
                f"policy '{one.take.spec}' is not reproducible: {one.take.outcome.where} went "
                'otherwise when it was played once more'
            )
    return lines
