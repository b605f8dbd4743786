# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
`hvd bench ogbench`: every method at equal budget on OGBench tasks, with data collected here.

Names are OGBench's, such as cube-single-play-singletask-v0. All methods see the same trajectories,
play and noisy; demonstrations are slices of play that end at the goal. Cells are kept in --work.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hvd_training.evaluate.compare import Run, curves, curves_text
from hvd_training.proof.asking import answer
from hvd_training.proof.cell import Cell, Data, Scale
from hvd_training.proof.og_collect import environment_name
from hvd_training.proof.og_world import OgWorld
from hvd_training.proof.schedule import Limits
from hvd_training.proof.shelf import Shelf
from hvd_training.proof.tables import Entry, Row, Table

CHOOSES = ('cube-single-play-singletask-v0',)
METHODS = (
    'bc', 'bc-all', 'filtered-bc', 'iql', 'idql', 'qipo', 'deas', 'hvd', 'hvd-shared',
    'hvd-random',
)  # fmt: skip
BUDGETS = (2_000, 10_000)  # updates of the policy; the table is of the last one
_SHOWN, _TRAJECTORIES = 100, 200
_RAW = ('--data.normalise', 'none', '--data.limit', '0')  # both are scaled already
SCALE = Scale(
    policy_steps=BUDGETS[-1], value_steps=10_000, horizon=5, episodes=50, sees='state',
    policy=(*_RAW, '--policy.head', 'flow', '--policy.width', '256', '--execute', '5'),
    value=(*_RAW, '--value.gamma', '0.99', '--value.width', '256'),
)  # fmt: skip
_TINY = replace(
    SCALE, policy_steps=4, value_steps=4, batch_size=8, episodes=1,
    policy=(*SCALE.policy, '--policy.width', '16', '--data.validation', '0'),
    value=(*SCALE.value, '--value.width', '16', '--data.validation', '0'),
)  # fmt: skip


def measure(
    quick: bool, minutes: float | None, of: Sequence[str] = CHOOSES, work: Path | None = None
) -> dict[str, float]:
    """Run what is missing for some tasks, for so many minutes at most; print tables and curves."""
    tasks = tuple(of or CHOOSES)
    for task in tasks:
        environment_name(task)  # refuses a name that is none, before hours of work
    root = (work or Path('hvd_ogbench')).expanduser().resolve()
    limits = Limits(all_s=None if minutes is None else 60 * minutes)
    if quick:
        world = OgWorld(root, trajectories=2, steps=200)
        tables = [of_task(task, ('bc', 'hvd'), (0,), _TINY, 2) for task in tasks]
    else:
        world = OgWorld(root, trajectories=_TRAJECTORIES)
        tables = [of_task(task, METHODS, (0, 1, 2, 3), s) for task in tasks for s in _scales()]
    found = answer(tables, root, lambda cell: world, limits)
    if not quick:
        for task in tasks:
            print(f'\n{task}\n{_curves([t for t in tables if t.columns == (task,)], root)}')
    return found


def of_task(
    task: str, methods: Sequence[str], seeds: Sequence[int], scale: Scale,
    trajectories: int = _TRAJECTORIES,
) -> Table:  # fmt: skip
    """Return a row a method."""
    data = Data((task,), _SHOWN, trajectories, trajectories)
    rows = tuple(
        Row(name, {task: Entry(tuple(Cell(name, data, seed, scale) for seed in seeds), task)})
        for name in methods
    )
    title = f'{trajectories} trajectories of play and of noisy, {scale.policy_steps} updates'
    return Table(f'ogbench{scale.policy_steps}', title, rows, (task,))


def _scales() -> list[Scale]:
    return [replace(SCALE, policy_steps=steps) for steps in BUDGETS]


def _curves(tables: Sequence[Table], root: Path) -> str:
    """Print success by budget; a cell that did not run is not there."""
    shelf = Shelf(root)
    cells = {
        Run(row.name, cell.seed, cell.scale.policy_steps): result.outcomes
        for table in tables
        for row in table.rows
        for entry in row.entries.values()
        for cell in entry.cells
        if (result := shelf.read(cell)) is not None
    }
    seeds = sorted({c.seed for table in tables for c in table.cells()})
    return curves_text(curves(cells, METHODS, seeds, BUDGETS))
