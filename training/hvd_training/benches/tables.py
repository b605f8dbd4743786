# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
`hvd bench tables`: the tables of the paper as trends on the twin, with the small policy.

Every cell is kept in --work, so the same command goes on where it was; what did not run says so.
Parts are names of tables, and of tasks where not all of them are wanted.
--quick plays with a few updates on a few episodes: that all is there, not how good anything is.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hvd_ros.sim.tasks.catalogue import TASKS
from hvd_training.proof.asking import answer
from hvd_training.proof.cell import Scale
from hvd_training.proof.r1_world import R1World
from hvd_training.proof.schedule import Limits
from hvd_training.proof.tables import TABLES, Question, table

CHOOSES = tuple(TABLES)
DEFAULT = ('table1',)
_TINY = Scale(
    policy_steps=4, value_steps=4, batch_size=8, horizon=8, episodes=1,
    policy=('--policy.width', '16', '--policy.depth', '1', '--data.validation', '0'),
    value=('--value.width', '16', '--value.depth', '1', '--data.validation', '0'),
)  # fmt: skip
QUICK = Question(
    tasks=('pen_insert',), seeds=(0,), scale=_TINY, experts=1, imperfect=1, rollouts=0
)


def measure(
    quick: bool, minutes: float | None, of: Sequence[str] = DEFAULT, work: Path | None = None
) -> dict[str, float]:
    """Run what is missing of some tables, for so many minutes at most; print them."""
    ask = QUICK if quick else Question()
    if some := tuple(name for name in of if name in TASKS):
        ask = replace(ask, tasks=some)
    tables = [table(name, ask) for name in of if name not in TASKS] or [table(*DEFAULT, ask)]
    root = (work or Path('hvd_tables')).expanduser().resolve()
    world = R1World(root)
    limits = Limits(all_s=None if minutes is None else 60 * minutes)
    return answer(tables, root, lambda cell: world, limits)
