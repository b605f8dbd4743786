# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How far two annotators agree: on the score of each stage, beyond chance, and on its end in time.

What is compared is what each said about a stage of an episode: 0, 0.5, 1, or that it was not
reached. Only episodes that both have labelled count: finished ones for annotators, all that
they marked for the operator and the simulator.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from hvd_ros.core.labels.labels import LIVE, Labels, Mark

# Two marks of one stage of one episode; None: not reached.
Pair = tuple[Mark | None, Mark | None]


@dataclass(frozen=True)
class Agreement:
    """Of two annotators over one stage of a task, or over everything (stage '')."""

    first: str
    second: str
    task: str
    stage: str
    compared: int
    same_score: float
    # None where chance alone would make both say the same: kappa is 0 / 0 then.
    kappa: float | None
    # Of the stages that both say were reached; None if there is none.
    frames_median: float | None
    frames_p90: float | None

    def as_json(self) -> dict[str, Any]:
        """Return a flat mapping of plain numbers and texts."""
        return dict(self.__dict__)


def agreement(episodes: Iterable[Labels]) -> list[Agreement]:
    """Compare every two annotators: one row over everything, then one for each stage."""
    pairs: dict[tuple[str, str], dict[tuple[str, int, str], list[Pair]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for labels in episodes:
        for first, second in combinations(_compared(labels), 2):
            left, right = ({m.stage: m for m in labels.by(who)} for who in (first, second))
            for index, stage in enumerate(labels.stages):
                key = (labels.task, index, stage)
                pairs[first, second][key].append((left.get(index), right.get(index)))
    rows = []
    for (first, second), stages in sorted(pairs.items()):
        everything = [pair for found in stages.values() for pair in found]
        rows.append(_row(first, second, '', '', everything))
        for (task, _, stage), found in sorted(stages.items()):
            rows.append(_row(first, second, task, stage, found))
    return rows


def _compared(labels: Labels) -> list[str]:
    live = [name for name in LIVE if labels.by(name)]
    return sorted({*labels.finished, *live})


def _row(first: str, second: str, task: str, stage: str, pairs: Sequence[Pair]) -> Agreement:
    said = [(_score(a), _score(b)) for a, b in pairs]
    apart = [abs(a.frame - b.frame) for a, b in pairs if a is not None and b is not None]
    return Agreement(
        first,
        second,
        task,
        stage,
        compared=len(said),
        same_score=sum(a == b for a, b in said) / len(said),
        kappa=cohens_kappa(said),
        frames_median=float(np.median(apart)) if apart else None,
        frames_p90=float(np.percentile(apart, 90)) if apart else None,
    )


def _score(mark: Mark | None) -> float | None:
    return None if mark is None else mark.score


def cohens_kappa(said: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """
    Return (observed - chance) / (1 - chance) of pairs of categories, unweighted.

    Chance is the agreement of two people who say each category as often as these did, but at
    random. None where chance is 1: both said one and the same thing always.
    """
    n = len(said)
    left, right = Counter(a for a, _ in said), Counter(b for _, b in said)
    chance = sum(count * right[category] for category, count in left.items())
    if n == 0 or chance == n * n:
        return None
    observed = sum(a == b for a, b in said)
    return (observed * n - chance) / (n * n - chance)


def as_text(rows: Sequence[Agreement], rate_hz: float = 10.0) -> str:
    """Return a table to be read by people; times at the rate of the episodes' frames."""
    if not rows:
        return 'no episode was labelled by two people (finished with Enter)\n'
    head = ('annotators', 'task', 'stage', 'compared', 'same score', 'kappa', 'apart p50', 'p90')
    table = [head, *(_texts(row, rate_hz) for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    lines = []
    for line in table:
        cells = enumerate(zip(line, widths, strict=True))
        texts = (text.ljust(w) if i < 3 else text.rjust(w) for i, (text, w) in cells)
        lines.append('  '.join(texts).rstrip())
    return '\n'.join(lines) + '\n'


def _texts(row: Agreement, rate_hz: float) -> tuple[str, ...]:
    def seconds(frames: float | None) -> str:
        return '-' if frames is None else f'{frames / rate_hz:.2f} s'

    return (
        f'{row.first} / {row.second}',
        row.task or 'all',
        row.stage or 'all',
        str(row.compared),
        f'{100 * row.same_score:.0f} %',
        '-' if row.kappa is None else f'{row.kappa:.2f}',
        seconds(row.frames_median),
        seconds(row.frames_p90),
    )
