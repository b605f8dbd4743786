# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What came of cells, one JSON file each, under the hash of the cell.

A file is there when the cell is whole; nothing that was cut off or failed looks like a figure.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
import json
from pathlib import Path
from typing import Any

from hvd_ros.core.durable import write_whole
from hvd_training.evaluate.outcome import Outcome, outcome_from
from hvd_training.proof.cell import Cell
from hvd_training.train.run_folder import versions

_CELLS = 'cells'


@dataclass(frozen=True)
class Result:
    """A cell that has run."""

    outcomes: tuple[Outcome, ...]
    value: dict[str, float] = field(default_factory=dict)  # last report of phase 1
    policy: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)  # what its parts took
    value_run: str = ''  # relative to the workplace
    policy_run: str = ''

    def of(self, task: str) -> list[Outcome]:
        """Return the episodes of one task."""
        return [outcome for outcome in self.outcomes if outcome.task == task]


@dataclass(frozen=True)
class Shelf:
    """The workplace of tables; results and everything they are made of lie in it."""

    root: Path

    def path(self, cell: Cell) -> Path:
        """Return where the result of a cell is, or will be."""
        return self.root / _CELLS / f'{cell.digest}.json'

    def read(self, cell: Cell) -> Result | None:
        """Return what came of a cell; None when it has not run, or its file is damaged."""
        try:
            found = json.loads(self.path(cell).read_text(encoding='utf-8'))
            return _result(found['result'])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, cell: Cell, result: Result) -> None:
        """Keep what came of a cell."""
        path = self.path(cell)
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = {'cell': asdict(cell), 'result': _plain(result), 'made_with': versions()}
        write_whole(path, json.dumps(whole, indent=1) + '\n')

    def missing(self, cells: Sequence[Cell]) -> list[Cell]:
        """Return the cells that have not run, each once, in order."""
        return [cell for cell in dict.fromkeys(cells) if self.read(cell) is None]


def _plain(result: Result) -> dict[str, Any]:
    return asdict(result) | {'outcomes': [outcome.as_json() for outcome in result.outcomes]}


def _result(found: dict[str, Any]) -> Result:
    return Result(**(found | {'outcomes': tuple(map(outcome_from, found['outcomes']))}))
