# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A table as text: what ran with its intervals, what did not as such, and the paired tests below.

A figure is given only where every training seed ran. Its interval is Wilson's over all episodes of
all seeds; the tests below are over episodes (means over seeds, sign flips) and over seeds.
"""

from collections.abc import Mapping, Sequence

from hvd_training.evaluate.compare import Cells, Run, comparison_text, rate
from hvd_training.evaluate.compare import table as compared
from hvd_training.evaluate.outcome import Outcome
from hvd_training.evaluate.statistics import wilson
from hvd_training.evaluate.words import NOT_RUN, grid, short
from hvd_training.proof.cell import Cell
from hvd_training.proof.shelf import Result
from hvd_training.proof.tables import Entry, Row, Table

Results = Mapping[Cell, Result | None]
AVERAGE = 'average'


def success_text(table: Table, results: Results) -> str:
    """Return strict success of every row and column, and every row against the first."""
    paper = any(row.paper for row in table.rows)
    several = len(table.columns) > 1
    head = [
        '',
        *table.columns,
        *([AVERAGE] if several else []),
        *(['paper, all tasks'] if paper else []),
    ]
    lines = [head]
    for row in table.rows:
        shown = [figure(row.entries[column], results) for column in table.columns]
        shown += [average(row, table.columns, results)] if several else []
        lines.append([row.name, *shown, *([row.paper or '-'] if paper else [])])
    return f'{table.name}: {table.title}\n{grid(lines)}\n\n{_tests(table, results)}'


def figure(entry: Entry, results: Results) -> str:
    """Return success over all training seeds with its interval, or that a seed did not run."""
    outcomes = outcomes_of(entry, results)
    if outcomes is None or (mean := rate([o for seed in outcomes for o in seed])) is None:
        return NOT_RUN
    trials = sum(map(len, outcomes))
    low, high = wilson(round(mean * trials), trials)
    return f'{short(mean)} [{short(low)},{short(high)}]'


def average(row: Row, columns: Sequence[str], results: Results) -> str:
    """Return the mean over columns; only of whole rows."""
    rates = [mean_of(row.entries[column], results) for column in columns]
    known = [one for one in rates if one is not None]
    return short(sum(known) / len(known)) if len(known) == len(columns) else NOT_RUN


def mean_of(entry: Entry, results: Results) -> float | None:
    """Return success over all training seeds; None where one did not run."""
    outcomes = outcomes_of(entry, results)
    return None if outcomes is None else rate([o for seed in outcomes for o in seed])


def outcomes_of(entry: Entry, results: Results) -> list[list[Outcome]] | None:
    """Return the episodes of each training seed; None where one did not run."""
    found = [results.get(cell) for cell in entry.cells]
    if any(one is None for one in found):
        return None
    return [one.of(entry.task) for one in found if one is not None]


def stages_text(table: Table, results: Results) -> str:
    """Return the mean score of every stage (Figure 4)."""
    lines = [['', 'task', 'mean of each stage']]
    for row in table.rows:
        for column in table.columns:
            outcomes = outcomes_of(row.entries[column], results)
            lines.append([row.name, column, _stages(outcomes)])
    return f'{table.name}: {table.title}\n{grid(lines)}'


def _stages(outcomes: list[list[Outcome]] | None) -> str:
    played = [o.scores for seed in outcomes or () for o in seed if o.played]
    if not played:
        return NOT_RUN
    return ' '.join(short(sum(stage) / len(played)) for stage in zip(*played, strict=True))


def _tests(table: Table, results: Results) -> str:
    """Compare every row with the first, over all columns together and seed by seed."""
    seeds = _seeds(table)
    cells: dict[Run, Sequence[Outcome]] = {}
    for row in table.rows:
        entries = [outcomes_of(row.entries[column], results) for column in table.columns]
        whole = [entry for entry in entries if entry is not None]
        if len(whole) == len(table.columns):
            for at, seed in enumerate(seeds):
                cells[Run(row.name, seed, 0)] = [o for entry in whole for o in entry[at]]
    return compared_text(cells, [row.name for row in table.rows], seeds)


def compared_text(cells: Cells, names: Sequence[str], seeds: Sequence[int]) -> str:
    """Return the paired tests against the first of some methods."""
    return comparison_text(compared(cells, names, seeds, 0, names[0]), seeds, names[0])


def _seeds(table: Table) -> tuple[int, ...]:
    entry = table.rows[0].entries[table.columns[0]]
    return tuple(cell.seed for cell in entry.cells)
