# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The score sheet of one trial, filled in by keys: a stage after the other gets 0, 0.5 or 1.

running -> held -> done, or void from both. While it runs the policy drives; held, the robot stands
and what is missing can still be scored or taken back. No stage is scored by leaving it out.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
import math

SCORES = {'0': 0.0, '5': 0.5, '1': 1.0}
UNDO, END, VOID, CONFIRM = 'u', ' ', 'x', '\n'


class Phase(StrEnum):
    """Where a trial stands."""

    RUNNING = 'running'
    HELD = 'held'
    DONE = 'done'
    VOID = 'void'  # it does not count, and is repeated


@dataclass(frozen=True)
class Mark:
    """What a stage is worth, and when it ended [s after the start]."""

    score: float
    at_s: float


@dataclass(frozen=True)
class Sheet:
    """One trial; `said` is what the last key came to, for people."""

    stages: tuple[str, ...]
    limit_s: float
    begun_s: float  # steady time
    ended_s: float = math.inf  # steady time at which the robot was held
    phase: Phase = Phase.RUNNING
    marks: tuple[Mark, ...] = ()
    said: str = ''

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the stages without a score, the next one first."""
        return self.stages[len(self.marks) :]

    @property
    def over(self) -> bool:
        """Whether no key changes anything any more."""
        return self.phase in (Phase.DONE, Phase.VOID)

    @property
    def duration_s(self) -> float:
        """Return how long the policy had; infinite while it runs."""
        return self.ended_s - self.begun_s

    @property
    def scores(self) -> tuple[float, ...]:
        """Return the scores so far."""
        return tuple(mark.score for mark in self.marks)


def clock(sheet: Sheet, now_s: float) -> Sheet:
    """End the run when its time is over."""
    end_s = sheet.begun_s + sheet.limit_s
    if sheet.phase is not Phase.RUNNING or now_s < end_s:
        return sheet
    return _held(sheet, end_s, f'the {sheet.limit_s:g} s are over')


def press(sheet: Sheet, key: str, now_s: float) -> Sheet:
    """Take one key at a steady time; a key that means nothing here says so and changes nothing."""
    sheet = clock(sheet, now_s)
    if sheet.over:
        return sheet
    if key in SCORES:
        return _mark(sheet, SCORES[key], now_s)
    if key == UNDO:
        return _undo(sheet)
    if key == VOID:
        return replace(_held(sheet, now_s, 'does not count; it is repeated'), phase=Phase.VOID)
    if key == END and sheet.phase is Phase.RUNNING:
        return _held(sheet, now_s, 'ended')
    if key == CONFIRM and sheet.phase is Phase.HELD:
        return _confirm(sheet)
    return replace(sheet, said=f'no meaning here: {key!r}')


def _mark(sheet: Sheet, score: float, now_s: float) -> Sheet:
    if not sheet.missing:
        return replace(sheet, said='every stage has its score; u takes the last one back')
    stage = sheet.missing[0]
    mark = Mark(score, min(now_s, sheet.ended_s) - sheet.begun_s)
    after = replace(sheet, marks=(*sheet.marks, mark), said=f'{score:g}  {stage}')
    if after.missing or after.phase is not Phase.RUNNING:
        return after
    return _held(after, now_s, after.said)


def _undo(sheet: Sheet) -> Sheet:
    if not sheet.marks:
        return replace(sheet, said='there is no score to take back')
    stage = sheet.stages[len(sheet.marks) - 1]
    return replace(sheet, marks=sheet.marks[:-1], said=f'taken back: {stage}')


def _confirm(sheet: Sheet) -> Sheet:
    if sheet.missing:
        return replace(sheet, said=f'not scored yet: {", ".join(sheet.missing)}')
    return replace(sheet, phase=Phase.DONE, said='counted')


def _held(sheet: Sheet, at_s: float, said: str) -> Sheet:
    return replace(sheet, phase=Phase.HELD, ended_s=min(at_s, sheet.ended_s), said=said)
