# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page of `hvd status` answers in its first line; colour and age are tested on text."""

import io
import json
import math
from types import SimpleNamespace as Message

import pytest

from hvd_ros.cli.paint import ansi, paint_for, plain
from hvd_ros.cli.status_view import as_json, read_status, render
from hvd_ros.core.mux.command import Mode, Source
from hvd_ros.core.reasons import age_text

ALL = ['mux', 'guardian', 'r1', 'joylo']


def gate(name='source', is_open=True, reason='', detail='', fix=''):
    return Message(name=name, open=is_open, reason=reason, detail=detail, fix=fix)


def message(**changes):
    values = {
        'mode': Mode.TELEOP, 'active_source': Source.TELEOP, 'moving': True, 'estop': False,
        'reason': 'asked', 'text': '', 'self_distance_m': 0.123, 'gates': [gate()],
        'sources': [
            Message(name='teleop', age_s=0.008, fresh=True, engaged=True, reason='',
                    accepted=812, refused=0),
        ],
    } | changes  # fmt: skip
    return Message(**values)


def first_line(**changes):
    return render(read_status(message(**changes), ALL)).splitlines()[0]


def test_moving_names_the_source():
    assert first_line() == 'MOVING: teleop drives the robot'


def test_ready_when_every_gate_is_open_but_nothing_drives():
    assert first_line(moving=False) == 'READY: every gate is open'


def test_a_closed_gate_gives_reason_and_fix_from_the_table():
    closed = gate('source', False, 'disengaged')
    assert first_line(moving=False, gates=[closed]) == (
        'NOT MOVING: the operator is not engaged; hold L or R and press Plus'
    )


def test_the_numbers_and_the_cure_of_the_mux_are_shown():
    closed = gate('health', False, 'battery_low', '9 %, needs 15 %', 'charge it')
    text = first_line(moving=False, gates=[closed, gate('base', False, 'no_guardian')])
    assert text == 'NOT MOVING: the battery is low (9 %, needs 15 %); charge it (and 1 more)'


def test_arms_may_move_while_the_base_gate_is_closed():
    closed = gate('base', False, 'no_guardian')
    assert first_line(gates=[closed]).startswith('MOVING IN PART: the guardian is silent')


def test_a_frozen_mux_is_not_believed():
    status = read_status(message(), ALL, alive=False)
    assert render(status).startswith('NOT MOVING: the mux sent one status and then none')
    assert not status.would_move


def test_an_estop_never_would_move_even_with_open_gates():
    status = read_status(message(estop=True, moving=False), ALL)
    assert not status.would_move
    assert 'hvd estop reset' in render(status).splitlines()[0]


def test_a_reason_of_a_newer_mux_is_shown_as_it_is():
    assert 'too_purple' in first_line(moving=False, gates=[gate('x', False, 'too_purple')])
    assert read_status(message(mode=42), ALL).mode == 'unknown (42)'


def test_absent_and_doubled_nodes_stand_out():
    page = render(read_status(message(), ['mux', 'r1', 'r1', 'joylo']))
    rows = {line.split()[0]: line for line in page.splitlines() if line}
    assert 'absent' in rows['guardian']
    assert '2 TIMES' in rows['r1']
    assert 'stop all but one' in rows['r1']
    assert 'here' in rows['joylo']


def test_columns_line_up_with_and_without_colour():
    gates = [gate('estop'), gate('feedback', False, 'no_feedback')]
    status = read_status(message(gates=gates), ALL)
    bare, coloured = render(status), render(status, ansi)
    assert '\x1b' not in bare
    import re

    assert re.sub(r'\x1b\[[0-9;]*m', '', coloured) == bare
    rows = [line for line in bare.splitlines() if line.startswith(('gate ', 'feedback'))]
    assert rows[0].index('why') == rows[1].index('the robot has not')


def test_json_is_valid_also_with_infinite_ages():
    source = message().sources[0]
    source.age_s = math.inf
    data = json.loads(json.dumps(as_json(read_status(message(sources=[source]), ALL))))
    assert data['sources'][0]['age_s'] is None
    assert data['would_move'] is True


@pytest.mark.parametrize(
    ('age_s', 'text'), [(0.0, '0 ms'), (0.0123, '12 ms'), (2.54, '2.5 s'), (math.inf, 'never')]
)
def test_ages(age_s, text):
    assert age_text(age_s) == text


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_colour_only_on_a_terminal_without_no_color(monkeypatch):
    monkeypatch.delenv('NO_COLOR', raising=False)
    monkeypatch.setenv('TERM', 'xterm')
    assert paint_for(Terminal()) is ansi
    assert paint_for(io.StringIO()) is plain
    monkeypatch.setenv('NO_COLOR', '1')
    assert paint_for(Terminal()) is plain


def test_a_policy_is_shown_with_what_it_costs_and_why_it_is_silent():
    values = {'policy': 'waver', 'rate_hz': '10.0', 'latency_p50_ms': '12.1', 'age_p99_ms': ''}
    said = Message(
        message='head_color was never heard',
        values=[Message(key=k, value=v) for k, v in values.items()],
    )
    status = read_status(message(), ALL, policy=said)
    page = render(status)
    assert 'waver' in page and '12.1 ms' in page and '- ms' in page
    assert 'head_color was never heard' in page
    assert as_json(status)['policy']['good'] is False
    assert 'policy' not in render(read_status(message(), ALL))
