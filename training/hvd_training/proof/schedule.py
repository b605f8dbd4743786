# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Cells one after the other, as long as there is time; a cell that fails takes no other down.

Training seeds go round first, so that what a short time leaves is whole comparisons of few seeds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from hvd_ros.core.errors import HvdError
from hvd_training.proof.bounded import within
from hvd_training.proof.cell import Cell
from hvd_training.proof.making import make
from hvd_training.proof.shelf import Result, Shelf
from hvd_training.proof.world import World

Make = Callable[[Cell, World, Path], Result]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Limits:
    """How long it may take."""

    cell_s: float | None = 600.0
    all_s: float | None = None


@dataclass
class Schedule:
    """Runs cells into a workplace."""

    shelf: Shelf
    world_of: Callable[[Cell], World]
    limits: Limits = field(default_factory=Limits)
    say: Say = print
    make: Make = make

    def run(self, cells: Sequence[Cell]) -> list[Cell]:
        """Run what has not run; return what still has not."""
        todo = sorted(self.shelf.missing(cells), key=lambda cell: cell.seed)
        begun = monotonic()
        for number, cell in enumerate(todo, 1):
            left = None if self.limits.all_s is None else self.limits.all_s - monotonic() + begun
            if left is not None and left <= 0:
                self.say(f'{len(todo) - number + 1} cells not run: the time is over')
                break
            self._one(cell, f'{number}/{len(todo)} {cell.title}', left)
        return self.shelf.missing(cells)

    def _one(self, cell: Cell, title: str, left_s: float | None) -> None:
        limits = [limit for limit in (self.limits.cell_s, left_s) if limit is not None]
        self.say(title)
        try:
            with within(min(limits) if limits else None, cell.title):
                result = self.make(cell, self.world_of(cell), self.shelf.root)
        except HvdError as error:
            self.say(f'not run: {error}')
            return
        self.shelf.keep(cell, result)
        self.say(f'  {sum(o.strict for o in result.outcomes)}/{len(result.outcomes)} successes')
