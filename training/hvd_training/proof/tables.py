# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The paper's tables as rows and columns of cells.

Names are the paper's: table1 to table3, table10, table13, table15, table16, qipo (its Table 14),
fig1, fig4 and d3. 'methods' is ours: every method on the same data.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hvd_ros.sim.tasks.catalogue import TASKS
from hvd_training.proof.cell import Cell, Data, Scale, one_of

# Experts are so few that imitation leaves room: .18 of Pen Insert with 20, .37 with 40.
EXPERTS, IMPERFECT, ROLLOUTS = 20, 120, 0
# What learns to act from few episodes on a CPU in minutes; hardly tuned.
RECIPE = Scale(
    policy_steps=4000, value_steps=2000, batch_size=128,
    policy=(
        '--policy.head', 'mse', '--augment.noise', '0.03', '--optim.ema', '0.998',
        '--policy.width', '256',
    ),
    value=('--value.width', '128', '--value.mc_share', '0.3', '--value.alpha', '2'),
)  # fmt: skip
SHARES = (20, 50, 80)
_HUNDRED = 100
_FIG1_EXPERTS = 50


@dataclass(frozen=True)
class Question:
    """What is the same in a whole set of tables."""

    tasks: tuple[str, ...] = tuple(TASKS)
    seeds: tuple[int, ...] = (0, 1, 2)  # of the training
    scale: Scale = RECIPE
    experts: int = EXPERTS
    imperfect: int = IMPERFECT
    rollouts: int = ROLLOUTS

    def data(self, tasks: Sequence[str]) -> Data:
        """Return the mixed data of some tasks."""
        return Data(tuple(tasks), self.experts, self.imperfect, self.rollouts)


@dataclass(frozen=True)
class Entry:
    """A figure: the cells of all training seeds, looked at on one task."""

    cells: tuple[Cell, ...]
    task: str


@dataclass(frozen=True)
class Row:
    """A line of a table."""

    name: str
    entries: Mapping[str, Entry]  # by column
    paper: str = ''  # what the paper has, on average, with pi0


@dataclass(frozen=True)
class Table:
    """A table; the first row is what the others are compared with."""

    name: str
    title: str
    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    form: str = 'success'  # success, stages, weights, complexity

    def cells(self) -> list[Cell]:
        """Return every cell, in order, some of them more than once."""
        return [c for row in self.rows for entry in row.entries.values() for c in entry.cells]


def row(ask: Question, name: str, method: str, paper: str = '', multi: bool = False) -> Row:
    """Return a method on every task: one policy each, or one for all together."""
    found = {}
    for task in ask.tasks:
        data = ask.data(ask.tasks if multi else (task,))
        cells = tuple(Cell(method, data, seed, ask.scale) for seed in ask.seeds)
        found[task] = Entry(cells, task)
    return Row(name, found, paper)


def _table(
    name: str, title: str, *rows: tuple[str, str, str], multi: bool = False, form: str = 'success'
) -> Callable[[Question], Table]:
    def make(ask: Question) -> Table:
        made = tuple(row(ask, shown, how, paper, multi) for shown, how, paper in rows)
        return Table(name, title, made, ask.tasks, form)

    return make


_IL = ('IL, expert part', 'bc', '.44')
_HVD = ('HVD, all data', 'hvd', '.58')


def _table3(ask: Question) -> Table:
    rows = (
        row(ask, 'IL, a policy a task', 'bc', '.44'),
        row(ask, 'IL, one policy', 'bc', '.36', multi=True),
        row(ask, 'HVD, a policy a task', 'hvd', '.58'),
        row(ask, 'HVD, one policy', 'hvd', '.60', multi=True),
    )
    return Table('table3', 'Several tasks in one policy', rows, ask.tasks)


def _table13(ask: Question) -> Table:
    task = ask.tasks[0]

    def at(share: int, method: str) -> Entry:
        rest = _HUNDRED - share
        data = Data((task,), share, rest - rest // 2, rest // 2)
        return Entry(tuple(Cell(method, data, seed, ask.scale) for seed in ask.seeds), task)

    columns = tuple(f'{share} %' for share in SHARES)
    rows = tuple(
        Row(name, {c: at(s, how) for c, s in zip(columns, SHARES, strict=True)}, paper)
        for name, how, paper in (
            ('IL, expert part', 'bc', '.15 .35 .50'),
            ('HVD, all data', 'hvd', '.55 .60 .75'),
        )
    )
    return Table('table13', f'Share of experts in {_HUNDRED} episodes, {task}', rows, columns)


def _fig1(ask: Question) -> Table:
    task = ask.tasks[0]
    data = Data((task,), _FIG1_EXPERTS)
    rows = tuple(
        Row(name, {task: Entry(tuple(Cell(how, data, s, ask.scale) for s in ask.seeds), task)})
        for name, how in (('whole body, 21 numbers', 'bc'), ('one arm, 7 numbers', 'arm-only'))
    )
    return Table('fig1', f'Imitation of {_FIG1_EXPERTS} demonstrations', rows, (task,))


TABLES: dict[str, Callable[[Question], Table]] = {
    'table1': _table('table1', 'Success of imitation and of HVD', _IL, _HVD),
    'table2': _table(
        'table2', 'Without the hierarchy', _HVD, ('one weight', 'hvd-shared', '.53'),
        ('groups by chance', 'hvd-random', ''),
    ),
    'table3': _table3,
    'table10': _table(
        'table10', 'Mean weight of each group by stage', ('HVD', 'hvd', ''),
        ('groups by chance', 'hvd-random', ''), form='weights',
    ),
    'table13': _table13,
    'table15': _table(
        'table15', 'Order of the groups', ('base, torso, arm', 'hvd', '.60'),
        ('torso, arm, base', 'hvd-torso-arm-base', '.47'),
        ('arm, torso, base', 'hvd-arm-torso-base', '.32'),
        ('base, arm, torso', 'hvd-base-arm-torso', ''), multi=True,
    ),
    'table16': _table(
        'table16', 'Heads that add up', ('nested', 'hvd', '.60'),
        ('residual', 'hvd-residual', '.53'), multi=True,
    ),
    'qipo': _table(
        'qipo', 'QIPO and HVD (Table 14)', ('QIPO', 'qipo', '.51'), ('HVD', 'hvd', '.60'),
        multi=True,
    ),
    'fig1': _fig1,
    'fig4': _table('fig4', 'Mean score of each stage', _IL, _HVD, form='stages'),
    'd3': _table('d3', 'Complexity and success', _IL, _HVD, form='complexity'),
    'methods': _table(
        'methods', 'Every method on the same data', ('BC, expert part', 'bc', ''),
        ('BC, all', 'bc-all', ''), ('BC, successes', 'filtered-bc', ''),
        ('chunked IQL', 'iql', ''), ('IDQL', 'idql', ''), ('DEAS', 'deas', ''),
        ('HVD', 'hvd', ''), ('HVD, alpha 3', 'hvd-sharp', ''),
        ('HVD, weights alike', 'hvd-flat', ''), ('HVD, one weight', 'hvd-shared', ''),
        ('HVD, residual', 'hvd-residual', ''), ('HVD, groups by chance', 'hvd-random', ''),
        ('HVD as printed', 'hvd-paper', ''),
    ),
}  # fmt: skip


def table(name: str, ask: Question) -> Table:
    """Return a table by name, or say which ones exist."""
    make: Callable[[Question], Table] = one_of('table', name, TABLES)
    return make(ask)
