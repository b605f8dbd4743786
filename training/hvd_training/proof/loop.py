# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The whole loop for one task at a small size: data, value, two policies, a table, pictures.

Imitation of the demonstrations against HVD on all episodes. Everything is kept, so
the same call goes on where it was; a second one prints at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from hvd_training.evaluate.credit_report import report
from hvd_training.evaluate.films import Take, film, gif_of
from hvd_training.evaluate.specs import parse
from hvd_training.proof.bounded import within
from hvd_training.proof.cell import Cell
from hvd_training.proof.making import make
from hvd_training.proof.r1_world import R1World
from hvd_training.proof.road import PICTURES, Road
from hvd_training.proof.shelf import Result, Shelf
from hvd_training.proof.tables import RECIPE, Question
from hvd_training.proof.verdict import seeds_to_show, verdict

Say = Callable[[str], None]
# What the clouds of policies show (r1_world.py), and what is cheapest for those that see none.
CLOUDS = {'cloud': 'table'}
# A column of table 1, with one training seed: it fits well into twenty minutes of two cores.
USUAL = Question(tasks=('pen_insert',), seeds=(0,), scale=RECIPE)


@dataclass(frozen=True)
class Made:
    """Where everything is."""

    policy: Path  # run of HVD
    seeds: tuple[int, ...]  # of the episodes that are worth a look, the best first
    table: Path
    credit: Path
    gif: Path


def cells(ask: Question) -> tuple[Cell, Cell]:
    """
    Return imitation of the demonstrations and HVD on all data.

    An update of HVD is a batch of all data and one of demonstrations, so it makes half as many.
    """
    (task,), (seed,) = ask.tasks, ask.seeds
    half = replace(ask.scale, policy_steps=max(1, ask.scale.policy_steps // 2))
    data = ask.data((task,))
    return Cell('bc', data, seed, ask.scale), Cell('hvd', data, seed, half)


def run(
    ask: Question, root: Path, minutes: float | None = None, workers: int = 2, say: Say = print
) -> Made:
    """Make what is missing; raises OutOfTime when the time is over before all is there."""
    imitation, ours = cells(ask)
    shelf, world = Shelf(root), R1World(root, workers=workers)
    road = Road(imitation, ours, workers, say)

    def result_of(cell: Cell) -> Result:
        found = shelf.read(cell)
        if found is None:
            found = make(cell, world, root, partial(road.begin, cell.method))
            shelf.keep(cell, found)
        return found

    with within(None if minutes is None else 60 * minutes, 'the loop'):
        base, result = result_of(imitation), result_of(ours)
        # Apart for every question, so that no picture is of another policy than its table.
        shown = root / f'{ours.data.tasks[0]}.{ours.digest[:8]}'
        shown.mkdir(exist_ok=True)
        made = Made(
            policy=root / result.policy_run,
            seeds=seeds_to_show(result.outcomes),
            table=shown / 'table.txt',
            credit=shown / 'credit.png',
            gif=shown / 'rollout.gif',
        )
        if not (made.credit.is_file() and made.gif.is_file()):
            road.begin('', PICTURES)
            _pictures(made, result, root, ask.scale.sees)
    text = verdict(imitation, base, ours, result)
    made.table.write_text(f'{text}\n', encoding='utf-8')
    say(f'\n{text}')
    return made


def _pictures(made: Made, result: Result, root: Path, sees: str) -> None:
    if not made.credit.is_file():
        credit = report(root / result.value_run, [], made.credit)
        made.credit.with_suffix('.md').write_text(f'{credit.table}\n', encoding='utf-8')
    if not made.gif.is_file():
        mp4 = made.gif.with_suffix('.mp4')
        shown = next(o for o in result.outcomes if o.seed == made.seeds[0])
        film(Take('HVD', parse(f'run:{made.policy}'), shown, 'r1', CLOUDS.get(sees, 'rays'), mp4))
        gif_of(mp4, made.gif)
