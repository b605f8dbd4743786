# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pinned: one meaning per button, one event per press, no event from a press nobody saw."""

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.leader.buttons import (
    BUTTONS,
    DOUBLE_TAP_NS,
    LEFT_BUTTONS,
    RIGHT_BUTTONS,
    STUCK_NS,
    TABLE,
    Action,
    Binding,
    ButtonTracker,
    Press,
    collisions,
    from_levels,
    held,
    to_levels,
)

MS = 1_000_000


def press(*names: str) -> frozenset[str]:
    return frozenset(names)


def test_no_button_means_two_things():
    assert collisions(TABLE) == []


def test_the_collision_test_finds_one():
    twice = Binding(Action.SAVE, press('A'), Press.TWICE, 'clashes with record')
    assert collisions([*TABLE, twice]) == ['A: record_toggle and save']
    alien = Binding(Action.SAVE, press('Paddle'), Press.ONCE, '')
    assert collisions([alien]) == ["unknown button 'Paddle'"]


def test_the_table_is_the_one_of_the_design():
    rows = {(row.action.value, '+'.join(sorted(row.chord)), row.press.value) for row in TABLE}
    assert rows == {
        ('deadman', 'L', 'held'),
        ('deadman', 'R', 'held'),
        ('engage_toggle', 'Plus', 'once'),
        ('estop', 'Home', 'twice'),
        ('estop', 'Minus+Plus', 'once'),
        ('record_toggle', 'A', 'once'),
        ('pause', 'B', 'once'),
        ('save', 'Y', 'once'),
        ('discard', 'X', 'once'),
        ('stage_fail', 'Left', 'once'),
        ('stage_success', 'Right', 'once'),
        *(('stage_partial', name, 'once') for name in ('LSL', 'LSR', 'RSL', 'RSR')),
        ('stand', 'Up', 'held'),
        ('squat', 'Down', 'held'),
        ('grip_left', 'ZL', 'held'),
        ('grip_right', 'ZR', 'held'),
        ('turn', 'LStick', 'held'),
    }


def test_every_button_belongs_to_one_pad():
    assert len(BUTTONS) == len(set(BUTTONS)) == 22
    assert set(LEFT_BUTTONS) | set(RIGHT_BUTTONS) == set(BUTTONS)


@given(st.frozensets(st.sampled_from(BUTTONS)))
def test_levels_survive_the_message(pressed):
    assert from_levels(to_levels(pressed)) == pressed


def test_a_foreign_gamepad_is_refused():
    with pytest.raises(ContractMismatch, match=r'11 buttons.*\(22\)'):
        from_levels([0] * 11)


def test_a_press_is_one_event_however_long():
    tracker = ButtonTracker()
    assert tracker.step(0, press('A')).events == {Action.RECORD_TOGGLE}
    assert tracker.step(10 * MS, press('A')).events == set()
    assert tracker.step(20 * MS, press()).events == set()
    assert tracker.step(30 * MS, press('A')).events == {Action.RECORD_TOGGLE}


def test_home_twice_stops_and_once_does_not():
    tracker = ButtonTracker()
    assert tracker.step(0, press('Home')).events == set()
    tracker.step(100 * MS, press())
    assert tracker.step(DOUBLE_TAP_NS, press('Home')).events == {Action.ESTOP}
    tracker.step(DOUBLE_TAP_NS + 100 * MS, press())
    # A third press is the first of the next two.
    assert tracker.step(DOUBLE_TAP_NS + 200 * MS, press('Home')).events == set()


def test_home_twice_too_slowly_starts_over():
    tracker = ButtonTracker()
    late = DOUBLE_TAP_NS + 1
    tracker.step(0, press('Home'))
    tracker.step(100 * MS, press())
    assert tracker.step(late, press('Home')).events == set()
    tracker.step(late + 100 * MS, press())
    assert tracker.step(late + 200 * MS, press('Home')).events == {Action.ESTOP}


@pytest.mark.parametrize('first', ['Minus', 'Plus'])
def test_minus_and_plus_stop_in_either_order(first):
    tracker = ButtonTracker()
    tracker.step(0, press(first))
    assert tracker.step(30 * MS, press('Minus', 'Plus')).events == {Action.ESTOP}
    assert tracker.step(40 * MS, press('Minus', 'Plus')).events == set()


def test_the_estop_chord_pressed_at_once_does_not_arm():
    assert ButtonTracker().step(0, press('Minus', 'Plus')).events == {Action.ESTOP}


def test_a_button_that_comes_back_pressed_makes_no_event():
    tracker = ButtonTracker()
    tracker.step(0, press(), unknown=frozenset(RIGHT_BUTTONS))
    assert tracker.step(10 * MS, press('Plus', 'A')).events == set()
    tracker.step(20 * MS, press())
    assert tracker.step(30 * MS, press('Plus')).events == {Action.ENGAGE_TOGGLE}


def test_an_estop_that_comes_back_pressed_still_stops():
    tracker = ButtonTracker()
    tracker.step(0, press('Minus'), unknown=frozenset(RIGHT_BUTTONS))
    assert tracker.step(10 * MS, press('Minus', 'Plus')).events == {Action.ESTOP}


def test_an_unheard_pad_is_not_still_pushed():
    tracker = ButtonTracker()
    assert tracker.step(0, press('L')).deadman
    assert not tracker.step(10 * MS, press('L'), unknown=frozenset(LEFT_BUTTONS)).deadman


def test_a_dead_man_held_too_long_is_stuck_until_released():
    tracker = ButtonTracker()
    tracker.step(0, press('L'))
    at_limit = tracker.step(STUCK_NS, press('L'))
    assert at_limit.deadman
    assert not at_limit.stuck
    beyond = tracker.step(STUCK_NS + 1, press('L'))
    assert beyond.stuck
    assert not beyond.deadman
    tracker.step(STUCK_NS + 2, press())
    assert tracker.step(STUCK_NS + 3, press('L')).deadman


def test_the_other_dead_man_works_while_one_is_stuck():
    tracker = ButtonTracker()
    tracker.step(0, press('L'))
    tracker.step(STUCK_NS, press('L', 'R'))
    later = tracker.step(STUCK_NS + 10 * MS, press('L', 'R'))
    assert later.deadman
    assert later.stuck


@settings(max_examples=50)
@given(st.lists(st.frozensets(st.sampled_from(['L', 'R', 'Plus', 'Minus', 'Home', 'A']))))
def test_events_only_from_what_is_down(steps):
    tracker = ButtonTracker()
    for i, pressed in enumerate(steps):
        seen = tracker.step(i * 10 * MS, pressed)
        assert seen.deadman == held(pressed, Action.DEADMAN)
        for event in seen.events:
            assert any(row.action is event and row.chord <= pressed for row in TABLE)
