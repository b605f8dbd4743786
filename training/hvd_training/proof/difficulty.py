# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Appendix D.3: whether success falls with complexity, and where HVD helps."""

from pathlib import Path

from hvd_training.data.places import positions
from hvd_training.data.statistics.complexity import Complexity, mean, measure, scaled
from hvd_training.evaluate.compare import spearman
from hvd_training.evaluate.words import NOT_RUN, grid, short
from hvd_training.proof.printing import Results, mean_of
from hvd_training.proof.tables import Table
from hvd_training.train.run_folder import open_run


def complexity_text(table: Table, results: Results, root: Path) -> str:
    """Return complexity beside success, and how they go together over the tasks that ran."""
    hard = _complexity(table, results, root)
    lines = [['', 'complexity', *(row.name for row in table.rows)]]
    for column in table.columns:
        rates = [mean_of(row.entries[column], results) for row in table.rows]
        shown = [NOT_RUN if rate is None else short(rate) for rate in rates]
        lines.append([column, short(hard[column]) if column in hard else NOT_RUN, *shown])
    ranks = ['rank correlation', '']
    for row in table.rows:
        known = {c: rate for c, entry in row.entries.items()
                 if (rate := mean_of(entry, results)) is not None}  # fmt: skip
        both = [column for column in known if column in hard]
        rank = spearman([hard[c] for c in both], [known[c] for c in both])
        ranks.append(NOT_RUN if rank is None else f'{rank:+.2f}')
    return f'{table.name}: {table.title}\n{grid([*lines, ranks])}'


def _complexity(table: Table, results: Results, root: Path) -> dict[str, float]:
    """Return the final score of each task that ran, scaled over those."""
    measured: dict[str, Complexity] = {}
    for column, entry in table.rows[0].entries.items():
        result = results.get(entry.cells[0])
        if result is not None:
            about = open_run(root / result.policy_run).about
            shown = Path(about['datasets'][0]['path'])
            measured[column] = mean(measure(q, 1 / f.fps) for f, q in positions([shown]))
    return {name: row[-1] for name, row in scaled(measured).items()} if measured else {}
