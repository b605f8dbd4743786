# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Labels: when each stage of an episode ended and how well, said by whom.

Several people, the operator and the simulator mark side by side; nobody's marks replace another's.
What counts in the end is the resolved view (see `resolved`). labels_file.py keeps them on disk.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from hvd_ros.core.errors import LabelError
from hvd_ros.core.tasks import SCORES, load_task, task_names

OPERATOR = 'operator'
SIMULATOR = 'simulator'
# Not names of annotators: they mark while the episode runs and are done when it ends.
LIVE = (OPERATOR, SIMULATOR)
OUTCOMES = ('', 'success', 'partial', 'failure')
_LONGEST_NAME = 40


@dataclass(frozen=True)
class Mark:
    """The end of one stage; `frame` and `stage` count from 0, `at` is an ISO date and time."""

    frame: int
    stage: int
    score: float
    author: str
    at: str = ''


@dataclass(frozen=True)
class Labels:
    """Everything that was said about one episode; building one checks it (LabelError)."""

    episode_id: str
    task: str
    stages: tuple[str, ...]
    frames: int
    marks: tuple[Mark, ...] = ()
    # Annotators who said that they are done here; the marks of others are drafts.
    finished: tuple[str, ...] = ()
    # As stated by a person; '' leaves it to `success`.
    outcome: str = ''
    notes: str = ''

    def __post_init__(self) -> None:
        for mark in self.marks:
            self._check(mark)
        for name in self.finished:
            check_author(name)
        if self.outcome not in OUTCOMES:
            raise self._error(f"outcome '{self.outcome}'; allowed: {', '.join(OUTCOMES[1:])}")
        twice = [
            key for key, n in Counter((m.author, m.stage) for m in self.marks).items() if n > 1
        ]
        if twice:
            raise self._error(f'{twice[0][0]} marked stage {twice[0][1]} twice; keep one of them')
        ordered = tuple(sorted(self.marks, key=lambda m: (m.author, m.stage)))
        object.__setattr__(self, 'marks', ordered)
        object.__setattr__(self, 'finished', tuple(sorted(set(self.finished))))

    def _check(self, mark: Mark) -> None:
        check_author(mark.author)
        if not 0 <= mark.stage < len(self.stages):
            raise self._error(
                f"stage {mark.stage} of '{self.task}', marked by {mark.author}, is unknown; "
                f'allowed: 0 to {len(self.stages) - 1} ({", ".join(self.stages)})'
            )
        if not 0 <= mark.frame < self.frames:
            raise self._error(
                f'the mark of {mark.author} on stage {mark.stage} is at frame {mark.frame}, '
                f'beyond the end: frames go from 0 to {self.frames - 1}'
            )
        if mark.score not in SCORES:
            raise self._error(
                f'score {mark.score!r} of {mark.author} on stage {mark.stage}; '
                'allowed: 0, 0.5 and 1'
            )

    def _error(self, text: str) -> LabelError:
        return LabelError(f'labels of {self.episode_id}: {text}')

    @property
    def authors(self) -> tuple[str, ...]:
        """Return everybody who marked or finished, in alphabetical order."""
        return tuple(sorted({mark.author for mark in self.marks} | set(self.finished)))

    def by(self, author: str) -> tuple[Mark, ...]:
        """Return the marks of one author in the order of the stages."""
        return tuple(mark for mark in self.marks if mark.author == author)

    def with_marks(
        self, author: str, marks: Iterable[Mark], *, finished: bool = False
    ) -> 'Labels':
        """Put these in the place of the author's marks; ends must follow in the stages' order."""
        fresh = sorted(marks, key=lambda mark: mark.stage)
        for mark in fresh:
            if mark.author != author:
                raise self._error(f'{author} can not mark in the name of {mark.author}')
        for earlier, later in zip(fresh, fresh[1:], strict=False):
            if later.frame <= earlier.frame:
                raise self._error(
                    f'stage {later.stage} can not end at frame {later.frame}: stage '
                    f'{earlier.stage} ends at {earlier.frame}; take that mark back first'
                )
        others = [mark for mark in self.marks if mark.author != author]
        done = {name for name in self.finished if name != author} | (
            {author} if finished else set()
        )
        return replace(self, marks=(*others, *fresh), finished=tuple(done))

    def resolved(self) -> tuple[Mark, ...]:
        """
        Return at most one mark a stage: what rewards and statistics are made from.

        Who counts, as a whole: annotators who finished this episode; if there are none the
        operator; else the simulator; else the drafts of annotators. Among those who count, a
        stage ends if more than half of them marked it. Its score is the most frequent one, of
        two equally frequent the lower; its frame the lower median of those who gave that score.
        """
        voters = self._voters()
        stages = (
            [mark for mark in self.marks if mark.stage == stage and mark.author in voters]
            for stage in range(len(self.stages))
        )
        return tuple(_vote(marks) for marks in stages if 2 * len(marks) > len(voters))

    def _voters(self) -> tuple[str, ...]:
        if self.finished:
            return self.finished
        marked = {mark.author for mark in self.marks}
        for name in LIVE:
            if name in marked:
                return (name,)
        return tuple(marked)

    @property
    def success(self) -> bool:
        """Strict success: every stage ended with score 1."""
        return self._every(1.0)

    @property
    def loose_success(self) -> bool:
        """Every stage ended with 0.5 or 1."""
        return self._every(0.5)

    def _every(self, least: float) -> bool:
        good = {mark.stage for mark in self.resolved() if mark.score >= least}
        return len(good) == len(self.stages) > 0


def _vote(marks: list[Mark]) -> Mark:
    counts = Counter(mark.score for mark in marks)
    score = min(counts, key=lambda value: (-counts[value], value))
    agreed = sorted((mark for mark in marks if mark.score == score), key=lambda m: m.frame)
    return agreed[(len(agreed) - 1) // 2]


def check_author(name: str) -> None:
    """Raise LabelError unless this can be the name of an author."""
    if not name or name != name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise LabelError(f'author {name!r}; allowed: 1 to {_LONGEST_NAME} printable characters')


def now_iso() -> str:
    """Return the present as it is written into a mark."""
    return datetime.now().astimezone().isoformat(timespec='seconds')


def empty_labels(episode_id: str, task: str, frames: int) -> Labels:
    """Return labels without marks; a task that nobody described has no stages."""
    stages = load_task(task).stage_names if task in task_names() else ()
    return Labels(episode_id, task, stages, frames)


def labels_from_marks(
    episode_id: str, task: str, frames: int, marks: Iterable[Mark], *, outcome: str = ''
) -> Labels:
    """
    Turn marks that were made while recording into labels, and never fail over one of them.

    Of several on one stage by one author the last counts. A mark after the last frame moves onto
    it. A mark that can not be kept (no such stage, no such score) is told in the notes. The stages
    of a task that nobody described are those that were marked.
    """
    marks = tuple(marks)
    labels = replace(empty_labels(episode_id, task, frames), outcome=outcome)
    if not labels.stages:
        count = 1 + max((mark.stage for mark in marks), default=-1)
        labels = replace(labels, stages=tuple(f'stage {n + 1}' for n in range(count)))
    kept: dict[tuple[str, int], Mark] = {}
    for mark in marks:
        moved = replace(mark, frame=min(mark.frame, frames - 1))
        try:
            replace(labels, marks=(moved,))
        except LabelError as error:
            labels = replace(labels, notes=f'{labels.notes}not kept: {error}\n')
        else:
            kept[mark.author, mark.stage] = moved
    return replace(labels, marks=tuple(kept.values()))
