# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The whole loop for one task at a small size: data, value, two policies, a table, pictures.

Imitation of the demonstrations against HVD on all episodes. Everything is kept, so
the same call goes on where it was; a second one prints at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from hvd_ros.core.errors import HvdError
from hvd_training.evaluate.credit_report import report
from hvd_training.evaluate.films import Take, film, gif_of
from hvd_training.evaluate.outcome import Outcome
from hvd_training.evaluate.specs import parse
from hvd_training.proof.asking import answer
from hvd_training.proof.cell import Cell
from hvd_training.proof.r1_world import R1World
from hvd_training.proof.schedule import Limits
from hvd_training.proof.shelf import Result, Shelf
from hvd_training.proof.tables import RECIPE, Question, table

Say = Callable[[str], None]
# What the clouds of policies show (r1_world.py), and what is cheapest for those that see none.
CLOUDS = {'cloud': 'table'}
# The recipe is that of the tables; how long all of it takes was not measured.
USUAL = Question(tasks=('pen_insert',), seeds=(0,), scale=replace(RECIPE, episodes=25))


class LoopUnfinished(HvdError):
    """There was no time for a part of the loop."""


@dataclass(frozen=True)
class Made:
    """Where everything is."""

    policy: Path  # run of HVD
    seed: int  # of the episode that is shown
    table: Path
    credit: Path
    gif: Path


def run(
    ask: Question, root: Path, minutes: float | None = None, workers: int = 2, say: Say = print
) -> Made:
    """Make what is missing; raises LoopUnfinished when the time is over before all is there."""
    (task,) = ask.tasks
    world = R1World(root, workers=workers)
    wanted = table('table1', ask)
    lines: list[str] = []

    def keep(line: str) -> None:
        lines.append(line)
        say(line)

    limits = Limits(cell_s=None, all_s=None if minutes is None else 60 * minutes)
    answer([wanted], root, lambda cell: world, limits, keep)
    imitation, ours = (row.entries[task].cells[0] for row in wanted.rows)
    result = _result(Shelf(root), ours)
    _result(Shelf(root), imitation)
    made = Made(
        policy=root / result.policy_run,
        seed=_shown(result).seed,
        table=root / 'table.txt',
        credit=root / 'credit.png',
        gif=root / 'rollout.gif',
    )
    made.table.write_text(f'{lines[-2].strip()}\n', encoding='utf-8')
    _pictures(made, result, root, ask.scale.sees, say)
    return made


def _result(shelf: Shelf, cell: Cell) -> Result:
    found = shelf.read(cell)
    if found is None:
        raise LoopUnfinished(
            f'{cell.title} has not run: the time was over, or it failed as said above; the same '
            'command goes on there'
        )
    return found


def _shown(result: Result) -> Outcome:
    """Return the episode that is worth a look: the first of the best score."""
    played = [outcome for outcome in result.outcomes if outcome.played]
    if not played:
        raise LoopUnfinished(f'no episode has a score: {result.outcomes[0].error}')
    return max(played, key=lambda outcome: outcome.score)


def _pictures(made: Made, result: Result, root: Path, sees: str, say: Say) -> None:
    if not made.credit.is_file():
        say('drawing which part of the body gets the credit')
        credit = report(root / result.value_run, [], made.credit)
        (root / 'credit.md').write_text(f'{credit.table}\n', encoding='utf-8')
    if not made.gif.is_file():
        say('filming an episode')
        mp4 = made.gif.with_suffix('.mp4')
        spec = parse(f'run:{made.policy}')
        film(Take('HVD', spec, _shown(result), 'r1', CLOUDS.get(sees, 'rays'), mp4))
        gif_of(mp4, made.gif)
