# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a collection is made of, as the paper's Figure 20 shows it for WB-50.

Shares of expert, imperfect and rollout frames; for each task the frames of episodes that succeeded
and failed, by kind; and how often each stage ended with which score.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hvd_ros.core.errors import ConfigError
from hvd_training.data.facts import KINDS, EpisodeFacts

_COLORS = {'expert': '#4477aa', 'suboptimal': '#ccbb44', 'rollout': '#aa3377'}
NOT_REACHED = 'not reached'
_SCORES = ('0', '0.5', '1', NOT_REACHED)


@dataclass(frozen=True)
class Composition:
    """Counts; `frames` by (task, kind, succeeded), `scores` by (task, stage, score)."""

    frames: 'Counter[tuple[str, str, bool]]' = field(default_factory=Counter)
    episodes: 'Counter[tuple[str, str, bool]]' = field(default_factory=Counter)
    scores: 'Counter[tuple[str, int, str]]' = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)  # by kind

    @property
    def total(self) -> int:
        """Return all frames."""
        return sum(self.frames.values())

    @property
    def tasks(self) -> list[str]:
        """Return the tasks in alphabetical order."""
        return sorted({task for task, _, _ in self.frames})

    def share(self, kind: str) -> float:
        """Return the share of a kind among all frames."""
        return sum(n for (_, k, _), n in self.frames.items() if k == kind) / max(self.total, 1)

    def as_json(self) -> dict[str, Any]:
        """Return one flat object."""
        return {
            'frames': self.total,
            'episodes': sum(self.episodes.values()),
            'hours': sum(self.seconds.values()) / 3600,
            **{f'{kind}_percent': 100 * self.share(kind) for kind in KINDS},
        }


def compose(facts: Iterable[EpisodeFacts]) -> Composition:
    """Count some episodes."""
    found = Composition()
    for one in facts:
        key = one.task, one.kind, one.success
        found.frames[key] += one.frames
        found.episodes[key] += 1
        found.seconds[one.kind] = found.seconds.get(one.kind, 0.0) + one.duration_s
        ended = {end.stage: f'{end.score:g}' for end in one.ends}
        for stage in range(one.stages):
            found.scores[one.task, stage, ended.get(stage, NOT_REACHED)] += 1
    if not found.total:
        raise ConfigError('no episode to count')
    return found


def tables(found: Composition) -> str:
    """Return the three tables as text."""
    lines = [f'{"kind":<12}{"share":>8}{"hours":>9}{"episodes":>10}{"frames":>10}']
    for kind in KINDS:
        frames = sum(n for (_, k, _), n in found.frames.items() if k == kind)
        episodes = sum(n for (_, k, _), n in found.episodes.items() if k == kind)
        hours = found.seconds.get(kind, 0.0) / 3600
        lines.append(f'{kind:<12}{found.share(kind):>8.1%}{hours:>9.2f}{episodes:>10}{frames:>10}')
    width = max(len('task'), *(len(task) for task in found.tasks)) + 2
    head = [f'{kind} {how}' for kind in KINDS for how in ('succeeded', 'failed')]
    lines += ['', f'{"frames of":<{width}}' + ''.join(f'{h:>22}' for h in head)]
    for task in found.tasks:
        cells = [found.frames[task, kind, good] for kind in KINDS for good in (True, False)]
        lines.append(f'{task:<{width}}' + ''.join(f'{n:>22}' for n in cells))
    lines += ['', f'{"episodes by stage and score":<{width + 8}}' + _cells(_SCORES)]
    for task, stage in sorted({(task, stage) for task, stage, _ in found.scores}):
        counts = [found.scores[task, stage, score] for score in _SCORES]
        lines.append(f'{task:<{width}}{stage:<8}'.ljust(width + 19) + _cells(counts))
    return '\n'.join(lines)


def _cells(values: Sequence[object]) -> str:
    return ''.join(f'{value!s:>13}' for value in values)


def draw(found: Composition, path: Path) -> None:
    """Draw the figure into a PNG; needs matplotlib."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout='constrained')
    pie, bars = figure.subplots(1, 2, width_ratios=(1, 2))
    kinds = [kind for kind in KINDS if found.share(kind)]
    pie.pie(
        [found.share(kind) for kind in kinds],
        labels=kinds,
        colors=[_COLORS[kind] for kind in kinds],
        autopct='%.1f %%',
    )
    pie.set_title(f'{found.total} frames, {sum(found.seconds.values()) / 3600:.2f} h')
    bottom = [0] * len(found.tasks)
    for kind in KINDS:
        for good in (True, False):
            heights = [found.frames[task, kind, good] for task in found.tasks]
            if any(heights):
                bars.bar(
                    found.tasks,
                    heights,
                    bottom=bottom,
                    color=_COLORS[kind],
                    hatch='' if good else '//',
                    edgecolor='white',
                    label=f'{kind}, {"succeeded" if good else "failed"}',
                )
            bottom = [b + h for b, h in zip(bottom, heights, strict=True)]
    bars.set_ylabel('frames')
    bars.legend()
    figure.savefig(path, dpi=150)
