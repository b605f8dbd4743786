# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the hands feel of the recorder."""

import itertools

import pytest

from hvd_ros.core.recorder.session import Phase
from hvd_ros.core.recorder.signals import NAG_NS, RHYTHMS, Feel, Signal, Told, signal

MS = 1_000_000
IDLE = Told(Phase.IDLE, '', True, '')
RECORDING = Told(Phase.RECORDING, 'e1', True, '')
PAUSED = Told(Phase.PAUSED, 'e1', True, 'go on')
STOPPED = Told(Phase.STOPPED, 'e1', True, 'save or discard')
SICK = Told(Phase.RECORDING, 'e1', False, 'plug it in')


@pytest.mark.parametrize(
    ('before', 'now', 'expected'),
    [
        (IDLE, RECORDING, Signal.STARTED),
        (RECORDING, PAUSED, Signal.PAUSED),
        (PAUSED, RECORDING, Signal.WENT_ON),
        (RECORDING, STOPPED, Signal.STOPPED),
        (STOPPED, Told(Phase.IDLE, 'e1', True, ''), Signal.SAVED),
        (STOPPED, IDLE, Signal.DISCARDED),
        (IDLE, Told(Phase.IDLE, '', True, 'start the cameras'), Signal.REFUSED),
        (RECORDING, SICK, Signal.FAULT),
        (IDLE, IDLE, None),
        (None, RECORDING, None),
        (SICK, RECORDING, None),
    ],
)
def test_every_change_has_its_signal(before, now, expected):
    assert signal(before, now) is expected


def test_no_two_signals_feel_the_same():
    assert set(RHYTHMS) == set(Signal)
    for one, other in itertools.combinations(Signal, 2):
        assert RHYTHMS[one] != RHYTHMS[other], (one, other)


def shakes(feel, start_ns, end_ns):
    return [t for t in range(start_ns, end_ns, 10 * MS) if feel.due(t)]


def test_a_rhythm_is_played_beat_by_beat():
    feel = Feel()
    feel.hear(RECORDING, 0)
    assert feel.hear(STOPPED, 0) is Signal.STOPPED
    assert shakes(feel, 0, 2000 * MS) == [0, 220 * MS]


def test_a_fault_is_felt_again_until_it_is_over():
    feel = Feel()
    feel.hear(RECORDING, 0)
    assert feel.hear(SICK, 0) is Signal.FAULT
    assert len(shakes(feel, 0, NAG_NS)) == 4
    feel.hear(SICK, NAG_NS - 1)
    assert len(shakes(feel, NAG_NS, 2 * NAG_NS)) == 4
    feel.hear(RECORDING, 2 * NAG_NS - 1)
    assert not shakes(feel, 2 * NAG_NS, 4 * NAG_NS)
