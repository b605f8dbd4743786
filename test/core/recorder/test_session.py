# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The life of an episode, against a table written by hand and a random walk."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
import pytest

from hvd_ros.core.leader.buttons import Action
from hvd_ros.core.recorder.presses import UP_NS, RecorderPresses
from hvd_ros.core.recorder.session import (
    Around,
    Ask,
    Effect,
    Event,
    Order,
    Phase,
    Session,
    StageEnd,
    event_of,
    step,
)

S = 1_000_000_000
ORDER = Order('pen_insert', 'insert the pen', 'ann', 'expert')
WELL = Around(frames=10, episode_id='e1')
# (phase, wish) -> (phase, effect); every other pair is refused and changes nothing.
TABLE = {
    (Phase.IDLE, Ask.START): (Phase.RECORDING, Effect.BEGIN),
    (Phase.IDLE, Ask.TOGGLE): (Phase.RECORDING, Effect.BEGIN),
    (Phase.RECORDING, Ask.STOP): (Phase.STOPPED, Effect.END),
    (Phase.RECORDING, Ask.TOGGLE): (Phase.STOPPED, Effect.END),
    (Phase.PAUSED, Ask.STOP): (Phase.STOPPED, Effect.END),
    (Phase.PAUSED, Ask.TOGGLE): (Phase.STOPPED, Effect.END),
    (Phase.RECORDING, Ask.PAUSE): (Phase.PAUSED, Effect.REST),
    (Phase.PAUSED, Ask.PAUSE): (Phase.RECORDING, Effect.GO_ON),
    (Phase.STOPPED, Ask.SAVE): (Phase.IDLE, Effect.SEAL),
    (Phase.STOPPED, Ask.DISCARD): (Phase.IDLE, Effect.REMOVE),
    **{
        (phase, ask): (phase, effect)
        for phase in (Phase.RECORDING, Phase.PAUSED, Phase.STOPPED)
        for ask, effect in ((Ask.MARK, Effect.MARK), (Ask.UNDO, Effect.UNMARK))
    },
}


def at(phase):
    marks = () if phase is Phase.IDLE else (StageEnd(3, 0, 1.0, 'ann'),)
    return Session(phase, 'e1', ORDER, marks)


@pytest.mark.parametrize('phase', Phase)
@pytest.mark.parametrize('ask', Ask)
def test_every_wish_in_every_phase_is_followed_or_explained(phase, ask):
    before = at(phase)
    after, answer = step(before, Event(ask, ORDER, score=1.0), 5 * S, WELL)
    expected = TABLE.get((phase, ask))
    if expected is None:
        assert after == before
        assert not answer.granted
        assert answer.text
        assert answer.fix
    else:
        assert (after.phase, answer.effect) == expected


@pytest.mark.parametrize('ask', [Ask.START, Ask.TOGGLE])
def test_a_start_with_an_obstacle_is_refused_with_reason_and_fix(ask):
    around = Around(obstacle='head_color is silent', remedy='start the cameras', episode_id='e1')
    after, answer = step(Session(), Event(ask, ORDER), 0, around)
    assert after == Session()
    assert (answer.text, answer.fix) == ('head_color is silent', 'start the cameras')


def test_an_unknown_kind_is_refused_with_the_valid_ones():
    _, answer = step(Session(), Event(Ask.START, Order(kind='good')), 0, WELL)
    assert not answer.granted
    assert "'good'" in answer.text
    assert 'suboptimal' in answer.fix


def test_a_stopped_episode_waits_for_save_or_discard():
    stopped = at(Phase.STOPPED)
    after, answer = step(stopped, Event(Ask.START, ORDER), 0, WELL)
    assert after == stopped
    assert 'save it (Y) or discard it (X)' in answer.fix


def test_a_running_episode_can_not_be_thrown_away_by_one_press():
    for phase in (Phase.RECORDING, Phase.PAUSED):
        assert not step(at(phase), Event(Ask.DISCARD), 0, WELL)[1].granted


def test_a_saved_episode_keeps_its_name_and_a_discarded_one_leaves_none():
    assert step(at(Phase.STOPPED), Event(Ask.SAVE), 0, WELL)[0].episode_id == 'e1'
    assert step(at(Phase.STOPPED), Event(Ask.DISCARD), 0, WELL)[0].episode_id == ''


def test_pauses_are_left_out_of_the_duration():
    session, _ = step(Session(), Event(Ask.START, ORDER), 0, WELL)
    session, _ = step(session, Event(Ask.PAUSE), 3 * S, WELL)
    assert session.duration_ns(9 * S) == 3 * S
    session, _ = step(session, Event(Ask.PAUSE), 10 * S, WELL)
    assert session.duration_ns(12 * S) == 5 * S
    session, _ = step(session, Event(Ask.STOP), 14 * S, WELL)
    assert session.duration_ns(99 * S) == 7 * S


@pytest.mark.parametrize(
    ('stage', 'score', 'says'),
    [
        (0, 1.0, 'is marked already'),
        (3, 1.0, 'is not the next one'),
        (-1, 0.7, 'score 0.7'),
        (-1, float('nan'), 'score nan'),
    ],
)
def test_a_wrong_mark_is_refused(stage, score, says):
    session = at(Phase.RECORDING)
    after, answer = step(session, Event(Ask.MARK, stage=stage, score=score), 0, WELL)
    assert after == session
    assert says in answer.text


def test_a_mark_needs_a_frame_and_points_at_the_last_one():
    session, _ = step(Session(), Event(Ask.START, ORDER), 0, WELL)
    mark = Event(Ask.MARK, score=0.5, author='ann')
    assert not step(session, mark, 0, Around(frames=0))[1].granted
    session, _ = step(session, mark, 0, Around(frames=1))
    session, _ = step(session, mark, 0, Around(frames=8))
    assert session.marks == (StageEnd(0, 0, 0.5, 'ann'), StageEnd(7, 1, 0.5, 'ann'))


def test_the_next_episode_starts_without_the_marks_of_the_last():
    saved, _ = step(at(Phase.STOPPED), Event(Ask.SAVE), 0, WELL)
    fresh, _ = step(saved, Event(Ask.START, ORDER), 0, Around(episode_id='e2'))
    assert (fresh.marks, fresh.episode_id, fresh.recorded_ns) == ((), 'e2', 0)


def test_buttons_mean_what_the_table_of_buttons_says():
    presses = RecorderPresses()
    found = {}
    for i, name in enumerate(('A', 'B', 'Y', 'X', 'Left', 'LSL', 'Right', 'Plus', 'Up')):
        presses.step(2 * i * S, frozenset())
        (action,) = presses.step((2 * i + 1) * S, frozenset({name})) or (None,)
        event = None if action is None else event_of(action, 'ann')
        found[name] = None if event is None else (event.ask, event.score)
    assert found == {
        'A': (Ask.TOGGLE, 0.0),
        'B': (Ask.PAUSE, 0.0),
        'Y': (Ask.SAVE, 0.0),
        'X': (Ask.DISCARD, 0.0),
        'Left': (Ask.MARK, 0.0),
        'LSL': (Ask.MARK, 0.5),
        'Right': (Ask.MARK, 1.0),
        'Plus': None,
        'Up': None,
    }
    assert event_of(Action.ESTOP, 'ann') is None


def test_holding_a_is_one_press_however_long():
    presses = RecorderPresses()
    seen = [presses.step(t * S // 100, frozenset({'A'})) for t in range(500)]
    assert [bool(actions) for actions in seen] == [True] + [False] * 499


def test_a_pad_that_drops_out_while_a_is_held_is_no_second_press():
    presses = RecorderPresses()
    assert presses.step(0, frozenset({'A'}))
    assert not presses.step(3 * S, frozenset({'A'}))
    assert not presses.step(3 * S + 1, frozenset())
    assert not presses.step(3 * S + UP_NS - 1, frozenset({'A'}))
    # And after the thumb was up long enough it counts again.
    assert not presses.step(4 * S, frozenset())
    assert presses.step(4 * S + UP_NS, frozenset({'A'}))


def test_a_task_has_no_more_marks_than_stages():
    around = Around(frames=9, stages=1)
    after, answer = step(at(Phase.RECORDING), Event(Ask.MARK, score=1.0), 0, around)
    assert after == at(Phase.RECORDING)
    assert 'all 1 stages are marked' in answer.text


def test_two_stages_never_end_at_the_same_frame():
    _, answer = step(at(Phase.STOPPED), Event(Ask.MARK, score=1.0), 0, Around(frames=4))
    assert not answer.granted
    assert step(at(Phase.STOPPED), Event(Ask.MARK, score=1.0), 0, Around(frames=5))[1].granted


class Walk(RuleBasedStateMachine):
    """Any wish at any time: one running episode, one end for each, marks in order."""

    @initialize()
    def begin(self):
        self.session, self.now_ns, self.frames = Session(), 0, 0
        self.open, self.began, self.sealed, self.removed = None, [], [], []

    @rule(
        ask=st.sampled_from(Ask),
        wait=st.integers(0, 3 * S),
        frames=st.integers(0, 5),
        stage=st.integers(-1, 4),
        score=st.sampled_from([0.0, 0.5, 1.0, 0.3]),
        kind=st.sampled_from(['expert', 'suboptimal', 'rollout', '']),
        obstacle=st.sampled_from(['', '', 'disk full']),
    )
    def wish(self, ask, wait, frames, stage, score, kind, obstacle):
        self.now_ns += wait
        if self.session.phase is Phase.RECORDING:
            self.frames += frames
        around = Around(obstacle, 'make room', self.frames, f'e{len(self.began)}')
        before = self.session
        event = Event(ask, Order(kind=kind), stage, score, 'ann')
        self.session, answer = step(before, event, self.now_ns, around)
        if not answer.granted:
            assert self.session == before
            assert answer.text
            assert answer.fix
            return
        self.follow(answer.effect, obstacle)

    def follow(self, effect, obstacle):
        if effect is Effect.BEGIN:
            assert self.open is None, 'two episodes at once'
            assert not obstacle
            self.open, self.frames = self.session.episode_id, 0
            self.began.append(self.open)
        elif effect is Effect.SEAL:
            self.sealed.append(self.open)
            self.open = None
        elif effect is Effect.REMOVE:
            self.removed.append(self.open)
            self.open = None
        else:
            assert self.open is not None

    @invariant()
    def one_end_for_every_episode(self):
        ended = self.sealed + self.removed + ([self.open] if self.open else [])
        assert sorted(ended) == sorted(self.began)
        assert (self.open is None) == (self.session.phase is Phase.IDLE)

    @invariant()
    def marks_are_in_order(self):
        marks = self.session.marks
        assert [mark.stage for mark in marks] == list(range(len(marks)))
        assert sorted({mark.frame for mark in marks}) == [mark.frame for mark in marks]
        assert all(mark.score in (0.0, 0.5, 1.0) for mark in marks)

    @invariant()
    def no_time_is_invented(self):
        assert 0 <= self.session.duration_ns(self.now_ns) <= self.now_ns


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
