# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The one table of modes: what it promises, and that the page shows it."""

from pathlib import Path

import pytest

from hvd_ros.core.mux.command import Mode
from hvd_ros.core.mux.modes import TABLE, WHY, Event, after, render

PAGE = Path(__file__).parents[3] / 'docs' / 'modes.md'


def test_the_committed_page_is_the_table():
    assert PAGE.read_text(encoding='utf-8') == render()


@pytest.mark.parametrize('mode', list(Mode))
def test_an_estop_is_possible_in_every_mode(mode):
    assert after(mode, Event.ESTOP) is Mode.ESTOP


def test_nothing_but_a_reset_leads_out_of_estop():
    leaving = {event for (event, mode), to in TABLE.items() if mode is Mode.ESTOP is not to}
    assert leaving == {Event.RESET_DRIVEN, Event.RESET_UNDRIVEN}


def test_no_fault_and_no_loss_ever_leads_into_a_running_mode():
    starts = {Event.ENGAGED, Event.ASK_TELEOP, Event.ASK_POLICY, Event.ASK_REPLAY, Event.ASK_HOME}
    for (event, mode), to in TABLE.items():
        if to in (Mode.TELEOP, Mode.POLICY, Mode.REPLAY, Mode.HOME) and to is not mode:
            assert event in starts, (event, mode)


def test_nobody_takes_the_robot_from_an_operator_but_to_stop_it():
    found = {event: to for (event, mode), to in TABLE.items() if mode is Mode.TELEOP}
    assert set(found.values()) <= {Mode.TELEOP, Mode.HOLD, Mode.ESTOP}


def test_every_mode_can_be_asked_for_and_every_event_is_explained():
    for mode in Mode:
        if mode is not Mode.ESTOP:
            assert Event(f'ask {mode.name.lower()}') in WHY
    assert set(WHY) == set(Event)
    assert {event for event, _ in TABLE} == set(Event)
