# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The life of an episode: idle -> recording <-> paused -> stopped -> saved | discarded.

A pure function of state, event and time. It says what the recorder has to do, or why it will not
and what helps; buttons, services and the command line all end here, so that none knows a way
around a gate.
"""

from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum

from hvd_ros.core.episodes.meta import KINDS
from hvd_ros.core.leader.buttons import STAGE_SCORES, Action

SCORES = tuple(sorted(STAGE_SCORES.values()))


class Phase(IntEnum):
    """The numbers of RecorderStatus.STATE_*; saved and discarded both lead back to idle."""

    IDLE = 0
    RECORDING = 1
    PAUSED = 2
    STOPPED = 3


class Ask(StrEnum):
    """What somebody wants from the recorder."""

    START = 'start'
    STOP = 'stop'
    TOGGLE = 'toggle'  # one button for start and stop
    PAUSE = 'pause'  # and go on
    SAVE = 'save'
    DISCARD = 'discard'
    MARK = 'mark'
    UNDO = 'undo'  # the last mark


class Effect(StrEnum):
    """What the recorder has to do now."""

    BEGIN = 'begin'
    REST = 'rest'
    GO_ON = 'go on'
    END = 'end'
    SEAL = 'seal'
    REMOVE = 'remove'
    MARK = 'mark'
    UNMARK = 'unmark'


ACTIONS: dict[Action, Ask] = {
    Action.RECORD_TOGGLE: Ask.TOGGLE,
    Action.PAUSE: Ask.PAUSE,
    Action.SAVE: Ask.SAVE,
    Action.DISCARD: Ask.DISCARD,
    **dict.fromkeys(STAGE_SCORES, Ask.MARK),
}


@dataclass(frozen=True)
class Order:
    """What is to be recorded; empty fields are filled from the recorder's parameters."""

    task: str = ''
    prompt: str = ''
    operator: str = ''
    kind: str = ''


@dataclass(frozen=True)
class StageEnd:
    """One mark of the running episode."""

    frame: int
    stage: int
    score: float
    author: str


@dataclass(frozen=True)
class Event:
    """One wish, with what belongs to it."""

    ask: Ask
    order: Order = Order()
    stage: int = -1  # of a mark; -1: the next one
    score: float = 0.0
    author: str = ''


@dataclass(frozen=True)
class Around:
    """What the session can not know by itself in the moment of an event."""

    obstacle: str = ''  # why no episode can start now; empty when one can
    remedy: str = ''
    frames: int = 0  # written so far
    episode_id: str = ''  # the name of the next episode
    stages: int = 255  # how many the task has


@dataclass(frozen=True)
class Session:
    """Where the recorder stands."""

    phase: Phase = Phase.IDLE
    episode_id: str = ''  # of the running or last episode; empty after it was thrown away
    order: Order = Order()
    marks: tuple[StageEnd, ...] = ()
    recorded_ns: int = 0  # before the last pause
    since_ns: int = 0  # steady time of the start or of the end of the last pause

    @property
    def stage(self) -> int:
        """The stage that ends next."""
        return self.marks[-1].stage + 1 if self.marks else 0

    def duration_ns(self, now_ns: int) -> int:
        """Return the time recorded so far, pauses left out."""
        running = now_ns - self.since_ns if self.phase is Phase.RECORDING else 0
        return self.recorded_ns + running


@dataclass(frozen=True)
class Answer:
    """What follows from an event; a refusal changes nothing."""

    effect: Effect | None = None
    text: str = ''
    fix: str = ''  # what to do about a refusal, or next
    episode_id: str = ''  # of the episode that began

    @property
    def granted(self) -> bool:
        """Whether the wish was followed."""
        return self.effect is not None


def event_of(action: Action, author: str) -> Event | None:
    """Return what a press asks of the recorder, or None if it asks nothing of it."""
    ask = ACTIONS.get(action)
    if ask is None:
        return None
    return Event(ask, score=STAGE_SCORES.get(action, 0.0), author=author)


def step(session: Session, event: Event, now_ns: int, around: Around) -> tuple[Session, Answer]:
    """Take one event at a steady time; return the new state and what to do, or why not."""
    act = {
        Ask.START: _start,
        Ask.STOP: _stop,
        Ask.TOGGLE: _toggle,
        Ask.PAUSE: _pause,
        Ask.SAVE: _save,
        Ask.DISCARD: _discard,
        Ask.MARK: _mark,
        Ask.UNDO: _undo,
    }[event.ask]
    return act(session, event, now_ns, around)


Result = tuple[Session, Answer]


def _refuse(session: Session, text: str, fix: str) -> Result:
    return session, Answer(text=text, fix=fix)


def _toggle(session: Session, event: Event, now_ns: int, around: Around) -> Result:
    running = session.phase in (Phase.RECORDING, Phase.PAUSED)
    return (_stop if running else _start)(session, event, now_ns, around)


def _start(session: Session, event: Event, now_ns: int, around: Around) -> Result:
    if session.phase is Phase.STOPPED:
        return _refuse(session, f'{session.episode_id} waits', 'save it (Y) or discard it (X)')
    if session.phase is not Phase.IDLE:
        return _refuse(session, f'{session.episode_id} is running', 'stop it first (A)')
    if event.order.kind not in KINDS:
        return _refuse(session, f"no kind '{event.order.kind}'", f'valid: {", ".join(KINDS)}')
    if around.obstacle:
        return _refuse(session, around.obstacle, around.remedy)
    after = Session(Phase.RECORDING, around.episode_id, event.order, since_ns=now_ns)
    text = f'recording {around.episode_id}'
    return after, Answer(Effect.BEGIN, text, episode_id=around.episode_id)


def _stop(session: Session, event: Event, now_ns: int, around: Around) -> Result:
    if session.phase not in (Phase.RECORDING, Phase.PAUSED):
        return _refuse(session, 'no episode is running', 'start one (A)')
    recorded_ns = session.duration_ns(now_ns)
    after = replace(session, phase=Phase.STOPPED, recorded_ns=recorded_ns)
    return after, Answer(Effect.END, f'stopped {session.episode_id}', 'save (Y) or discard (X)')


def _pause(session: Session, event: Event, now_ns: int, around: Around) -> Result:
    if session.phase is Phase.RECORDING:
        recorded_ns = session.duration_ns(now_ns)
        after = replace(session, phase=Phase.PAUSED, recorded_ns=recorded_ns)
        return after, Answer(Effect.REST, 'paused', 'go on (B) or stop (A)')
    if session.phase is Phase.PAUSED:
        after = replace(session, phase=Phase.RECORDING, since_ns=now_ns)
        return after, Answer(Effect.GO_ON, f'recording {session.episode_id}')
    return _refuse(session, 'no episode is running', 'start one (A)')


def _save(session: Session, event: Event, now_ns: int, around: Around) -> Result:
    if session.phase is not Phase.STOPPED:
        return _refuse(session, 'no stopped episode to save', _how_to_stop(session))
    after = replace(session, phase=Phase.IDLE)
    return after, Answer(Effect.SEAL, f'saved {session.episode_id}')


def _discard(session: Session, event: Event, now_ns: int, around: Around) -> Result:
    # Only after a stop: one wrong press never costs a running episode.
    if session.phase is not Phase.STOPPED:
        return _refuse(session, 'no stopped episode to discard', _how_to_stop(session))
    return Session(), Answer(Effect.REMOVE, f'discarded {session.episode_id}')


def _mark(session: Session, event: Event, now_ns: int, around: Around) -> Result:
    if session.phase is Phase.IDLE:
        return _refuse(session, 'no episode to mark', 'start one (A)')
    if event.score not in SCORES:
        valid = ', '.join(f'{score:g}' for score in SCORES)
        return _refuse(session, f'score {event.score:g} is none', f'valid: {valid}')
    if session.stage >= around.stages:
        return _refuse(session, f'all {around.stages} stages are marked', 'undo, or stop (A)')
    last = session.marks[-1].frame if session.marks else -1
    if around.frames - 1 <= last:
        return _refuse(session, 'no frame since the last mark', 'mark again in a moment')
    stage = session.stage if event.stage < 0 else event.stage
    if stage != session.stage:
        other = 'is marked already' if stage < session.stage else 'is not the next one'
        return _refuse(session, f'stage {stage} {other}', f'mark stage {session.stage}, or undo')
    mark = StageEnd(around.frames - 1, stage, event.score, event.author)
    after = replace(session, marks=(*session.marks, mark))
    return after, Answer(Effect.MARK, f'stage {stage} ended with {event.score:g}')


def _undo(session: Session, event: Event, now_ns: int, around: Around) -> Result:
    if session.phase is Phase.IDLE or not session.marks:
        return _refuse(session, 'no mark to take back', 'mark a stage first')
    after = replace(session, marks=session.marks[:-1])
    return after, Answer(Effect.UNMARK, f'took back the mark of stage {session.marks[-1].stage}')


def _how_to_stop(session: Session) -> str:
    return 'start one (A)' if session.phase is Phase.IDLE else 'stop it first (A)'
