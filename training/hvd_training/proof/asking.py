# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tables by name: run what is missing as long as there is time, then print them all."""

from collections.abc import Callable, Sequence
import math
from pathlib import Path

from hvd_training.proof.cell import Cell
from hvd_training.proof.credits import weights_text
from hvd_training.proof.difficulty import complexity_text
from hvd_training.proof.printing import Results, mean_of, stages_text, success_text
from hvd_training.proof.schedule import Limits, Say, Schedule
from hvd_training.proof.shelf import Shelf
from hvd_training.proof.tables import Table
from hvd_training.proof.world import World


def answer(
    tables: Sequence[Table],
    root: Path,
    world_of: Callable[[Cell], World],
    limits: Limits,
    say: Say = print,
) -> dict[str, float]:
    """Run and print tables; return success by table, row and column, NaN where not run."""
    shelf = Shelf(root)
    cells = [cell for table in tables for cell in table.cells()]
    missing = Schedule(shelf, world_of, limits, say).run(cells)
    results = {cell: shelf.read(cell) for cell in dict.fromkeys(cells)}
    for table in tables:
        say(f'\n{text(table, results, root)}')
    say(f'\n{len(results) - len(missing)} of {len(results)} cells have run, in {root}')
    return figures(tables, results)


def text(table: Table, results: Results, root: Path) -> str:
    """Return a table in its own form."""
    if table.form == 'weights':
        return weights_text(table, results, root)
    if table.form == 'complexity':
        return complexity_text(table, results, root)
    return (stages_text if table.form == 'stages' else success_text)(table, results)


def figures(tables: Sequence[Table], results: Results) -> dict[str, float]:
    """Return one flat object of success rates."""
    found = {}
    for table in tables:
        for row in table.rows:
            for column, entry in row.entries.items():
                mean = mean_of(entry, results)
                key = '_'.join(map(_plain, (table.name, row.name, column)))
                found[key] = math.nan if mean is None else mean
    return found


def _plain(name: str) -> str:
    return ''.join(c if c.isalnum() else '_' for c in name).strip('_').lower()
