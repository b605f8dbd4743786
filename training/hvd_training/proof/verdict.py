# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the loop found, in a table and in a sentence that claims no more than the test does."""

from collections.abc import Sequence

from hvd_ros.core.errors import HvdError
from hvd_ros.core.tasks import load_task
from hvd_training.evaluate.outcome import Outcome
from hvd_training.evaluate.statistics import Paired, sign_flip, wilson
from hvd_training.evaluate.words import grid, p_value, short
from hvd_training.proof.cell import Cell
from hvd_training.proof.shelf import Result

_SURE = 0.05


class NothingPlayed(HvdError):
    """No episode has a score."""


def verdict(imitation: Cell, base: Result, ours: Cell, result: Result) -> str:
    """Return success and mean scores of both, the paired test, and what it allows to say."""
    task = ours.data.tasks[0]
    rows = [['', 'success [95 %]', *(f'mean of {name}' for name in load_task(task).stage_names)]]
    counts = {'bc': f'{imitation.data.experts}', 'hvd': _counts(ours)}
    for name, cell, found in (('imitation', imitation, base), ('HVD', ours, result)):
        rows.append([f'{name}, {counts[cell.method]} episodes', *_figures(found.outcomes)])
    test = paired(base.outcomes, result.outcomes)
    seen = ours.scale.sees
    return (
        f'{task}, seed {ours.seed} of the training, {test.pairs} test episodes, '
        f'policies see the state and {_SEEN.get(seen, seen)}\n{grid(rows)}\n\n{sentence(test)}'
    )


_SEEN = {
    'sim_state': 'what only a simulation knows (sim_state)',
    'cloud': 'a cloud of points: sensors only',
}


def paired(base: Sequence[Outcome], ours: Sequence[Outcome]) -> Paired:
    """Compare success on the episodes that both have a score of."""
    theirs = {o.seed: o for o in base if o.played}
    both = [(o, theirs[o.seed]) for o in ours if o.played and o.seed in theirs]
    if not both:
        error = next((o.error for o in (*ours, *base) if o.error), 'none was played')
        raise NothingPlayed(f'no test episode has a score of both policies: {error}')
    return sign_flip([float(o.strict) for o, _ in both], [float(b.strict) for _, b in both])


def sentence(test: Paired) -> str:
    """Say what a paired test allows to say."""
    facts = (
        f'{test.difference:+.2f}: HVD did it alone in {test.better} episodes, imitation alone in '
        f'{test.worse}; p {p_value(test.p)} by paired sign flips'
    )
    if test.p >= _SURE:
        said = 'These episodes can not tell the two apart.'
    elif test.difference > 0:
        said = 'HVD on all data succeeds more often than imitation of the demonstrations here.'
    else:
        said = 'Imitation of the demonstrations succeeds more often than HVD on all data here.'
    return f'{facts}.\n{said} One training seed: another may fall otherwise (docs/proof.md).'


def seeds_to_show(outcomes: Sequence[Outcome]) -> tuple[int, ...]:
    """Return the successes, or else the first of the best score."""
    played = [outcome for outcome in outcomes if outcome.played]
    if not played:
        raise NothingPlayed(f'no episode has a score: {outcomes[0].error}')
    best = max(played, key=lambda outcome: outcome.score)
    return tuple(o.seed for o in played if o.strict) or (best.seed,)


def _counts(cell: Cell) -> str:
    data = cell.data
    return f'{data.experts} + {data.imperfect + data.rollouts}'


def _figures(outcomes: Sequence[Outcome]) -> list[str]:
    played = [o for o in outcomes if o.played]
    if not played:
        return ['policy failed', *('' for _ in outcomes[0].scores)]
    good = sum(o.strict for o in played)
    low, high = wilson(good, len(played))
    stages = zip(*(o.scores for o in played), strict=True)
    return [
        f'{short(good / len(played))} [{short(low)},{short(high)}]',
        *(short(sum(scores) / len(played)) for scores in stages),
    ]
