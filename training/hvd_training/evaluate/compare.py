# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Methods against each other over training seeds and budgets: the tables that papers print.

A cell is a method, a training seed and a number of updates. Cells that were not run say so and
take nothing else down; a mean over training seeds is given only where every planned seed ran.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math

from hvd_training.evaluate.outcome import Outcome
from hvd_training.evaluate.statistics import (
    A_RATE,
    OverSeeds,
    Paired,
    holm,
    over_seeds,
    sign_flip,
)
from hvd_training.evaluate.words import NOT_RUN, grid, p_value, short

# More updates are worth their time while success still rises by more than this.
_STILL_RISING = 0.05


@dataclass(frozen=True, order=True)
class Run:
    """One trained policy."""

    method: str
    seed: int  # of its training
    updates: int


Cells = Mapping[Run, Sequence[Outcome]]  # on the same evaluation seeds


@dataclass(frozen=True)
class Row:
    """One method at one budget against the baseline at the same."""

    method: str
    updates: int
    rates: tuple[float | None, ...]  # by training seed; None: not run
    over: OverSeeds | None  # None: a seed is missing
    gap: OverSeeds | None = None  # minus the baseline, training seed by training seed
    episodes: Paired | None = None  # likewise on the same episodes
    holm_p: float | None = None  # of `episodes`, over the methods of this budget


def rate(outcomes: Sequence[Outcome]) -> float | None:
    """Return strict success; None when there is no episode, or one has no score."""
    if not outcomes or not all(o.played for o in outcomes):
        return None
    return sum(o.strict for o in outcomes) / len(outcomes)


def table(
    cells: Cells,
    methods: Sequence[str],
    seeds: Sequence[int],
    updates: int,
    baseline: str,
) -> list[Row]:
    """Return a row a method, in the order given; what was not run is in them as None."""
    rows = [_row(cells, method, seeds, updates, baseline) for method in methods]
    tested = {r.method: r.episodes.p for r in rows if r.episodes is not None}
    adjusted = holm(tested)
    return [Row(**{**r.__dict__, 'holm_p': adjusted.get(r.method)}) for r in rows]


def _row(cells: Cells, method: str, seeds: Sequence[int], updates: int, baseline: str) -> Row:
    mine = [cells.get(Run(method, seed, updates), ()) for seed in seeds]
    theirs = [cells.get(Run(baseline, seed, updates), ()) for seed in seeds]
    rates, others = [rate(o) for o in mine], [rate(o) for o in theirs]
    known = [r for r in rates if r is not None]
    over = over_seeds(known, bounds=A_RATE) if known and len(known) == len(seeds) else None
    row = Row(method, updates, tuple(rates), over)
    gaps = [a - b for a, b in zip(rates, others, strict=True) if a is not None and b is not None]
    if method == baseline or len(gaps) < len(seeds):
        return row
    return Row(method, updates, row.rates, over, over_seeds(gaps), _paired(mine, theirs))


def _paired(mine: Sequence[Sequence[Outcome]], theirs: Sequence[Sequence[Outcome]]) -> Paired:
    """Compare success by episode, each the mean over the training seeds."""
    first, second = (_by_episode(side) for side in (mine, theirs))
    keys = sorted(set(first) & set(second))
    return sign_flip([first[key] for key in keys], [second[key] for key in keys])


def _by_episode(side: Sequence[Sequence[Outcome]]) -> dict[tuple[str, str, int], float]:
    found: dict[tuple[str, str, int], list[bool]] = {}
    for outcomes in side:
        for o in outcomes:
            found.setdefault((o.task, o.setting, o.seed), []).append(o.strict)
    whole = {key: rows for key, rows in found.items() if len(rows) == len(side)}
    return {key: sum(rows) / len(rows) for key, rows in whole.items()}


def comparison_text(rows: Sequence[Row], seeds: Sequence[int], baseline: str) -> str:
    """Print a table of methods."""
    head = ['method', *(f'seed {seed}' for seed in seeds), 'mean', f'minus {baseline}',
            'p seeds', 'p episodes', 'Holm']  # fmt: skip
    lines = [head]
    for row in rows:
        lines.append([
            row.method, *map(_rate, row.rates), _over(row.over, ''), _over(row.gap, '+'),
            p_value(row.gap.p if row.gap else None),
            p_value(row.episodes.p if row.episodes else None), p_value(row.holm_p),
        ])  # fmt: skip
    return grid(lines)


@dataclass(frozen=True)
class Curve:
    """Success of a method by budget."""

    method: str
    points: Mapping[int, OverSeeds | None]  # updates -> over training seeds; None: not run

    @property
    def plateau(self) -> bool | None:
        """Whether the last step of the budget brought little; None while that is not known."""
        known = [(n, p.mean) for n, p in sorted(self.points.items()) if p is not None]
        if len(known) < 2 or len(known) < len(self.points):
            return None
        return known[-1][1] - known[-2][1] <= _STILL_RISING


def curves(
    cells: Cells, methods: Sequence[str], seeds: Sequence[int], budgets: Sequence[int]
) -> list[Curve]:
    """Return the budget curve of every method."""
    return [
        Curve(
            method,
            {n: _row(cells, method, seeds, n, method).over for n in budgets},
        )
        for method in methods
    ]


def curves_text(found: Sequence[Curve]) -> str:
    """Print budget curves; methods may be compared only where every one is on its plateau."""
    budgets = sorted({n for curve in found for n in curve.points})
    words = {True: 'plateau', False: 'still rising', None: 'not known'}
    lines = [['method', *(f'{n} updates' for n in budgets), 'at the end']]
    for curve in found:
        shown = [_over(curve.points.get(n), '') for n in budgets]
        lines.append([curve.method, *shown, words[curve.plateau]])
    text = grid(lines)
    if all(curve.plateau for curve in found):
        return text
    return f'{text}\nnot every method is on its plateau: do not compare methods at this budget'


@dataclass(frozen=True)
class Judged:
    """How well a value tells success from failure, and how well its policy does."""

    name: str
    auc: float | None  # held out
    success: float | None


def auc_text(rows: Sequence[Judged]) -> str:
    """Print success against held-out AUC, and how they go together."""
    lines = [['run', 'held-out AUC', 'success']]
    lines += [[row.name, _rate(row.auc), _rate(row.success)] for row in rows]
    pairs = [(r.auc, r.success) for r in rows if r.auc is not None and r.success is not None]
    rank = spearman([a for a, _ in pairs], [s for _, s in pairs])
    told = NOT_RUN if rank is None else f'{rank:+.2f} over {len(pairs)} runs'
    return f'{grid(lines)}\nrank correlation: {told}'


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation; None with fewer than three pairs or without spread."""
    if len(first) < 3 or len(set(first)) < 2 or len(set(second)) < 2:
        return None
    from scipy import stats

    found = float(stats.spearmanr(first, second).statistic)
    return None if math.isnan(found) else found


def _rate(value: float | None) -> str:
    return NOT_RUN if value is None else short(value)


def _over(found: OverSeeds | None, sign: str) -> str:
    if found is None:
        return NOT_RUN
    mean = f'{found.mean:+.2f}' if sign else short(found.mean)
    if found.interval is None:
        return mean
    low, high = (f'{v:{sign}.2f}' for v in found.interval)
    return f'{mean} [{low},{high}]'
