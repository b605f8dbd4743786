# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small tables, and a world in which nothing is learnt."""

from pathlib import Path

from hvd_training.proof.cell import Cell, Scale
from hvd_training.proof.shelf import Result
from hvd_training.proof.tables import Question
from test.training.evaluate.made_outcomes import played

ASK = Question(tasks=('pen_insert', 'cup_upright'), seeds=(0, 1), scale=Scale(episodes=4))


def result(cell: Cell, good: str = '1100') -> Result:
    """Return a result in which every task goes as the digits say."""
    episodes = (o for task in cell.data.tasks for o in played(map(int, good), task))
    return Result(tuple(episodes))


class Maker:
    """Stands in for making a cell; counts, and fails where it is told to."""

    def __init__(self, fails: str = '', error: Exception | None = None) -> None:
        self.made: list[Cell] = []
        self._fails, self._error = fails, error

    def __call__(self, cell: Cell, world: object, root: Path) -> Result:
        self.made.append(cell)
        if cell.method == self._fails and self._error is not None:
            raise self._error
        return result(cell)
