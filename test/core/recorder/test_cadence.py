# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The cadence report against arrivals whose figures are known."""

import json
import math

import numpy as np
import pytest

from hvd_ros.core.recorder.cadence import Cadence, Floor, summary

MS = 1_000_000
S = 1000 * MS
FLOORS = (Floor('joints', 50.0, True), Floor('head_color', 8.0, True), Floor('chunk', 8.0, False))


def run(seconds=10, *, skip=(), error_ms=lambda i: 0, joints=True, camera=lambda i: True):
    """Record an episode of so many seconds; joints at 100 Hz, a camera at 10 Hz."""
    cadence = Cadence(100 * MS, FLOORS)
    cadence.begin(0)
    for i in range(1, 10 * seconds + 1):
        now = i * 100 * MS
        if joints:
            for k in range(10):
                cadence.heard('joints', now - (10 - k) * 10 * MS)
        if camera(i):
            cadence.heard('head_color', now)
        if i not in skip:
            cadence.frame(now, now + int(error_ms(i) * MS), False)
    cadence.rest(10 * seconds * 100 * MS)
    return cadence, 10 * seconds * 100 * MS


def test_a_regular_episode_has_no_fault_and_its_true_figures():
    cadence, end = run(error_ms=lambda i: i % 100 / 10)
    report = cadence.report(end)
    assert cadence.faults(end) == ()
    assert report['rate_hz'] == 10.0
    assert report['streams']['joints'] == {'count': 1000, 'rate_hz': 100.0, 'worst_gap_s': 0.01}
    errors = [i % 100 / 10 for i in range(1, 101)]
    assert report['tick_error_ms_p99'] == pytest.approx(np.percentile(errors, 99), abs=1e-3)
    assert report['late_ticks'] == 0
    assert json.loads(json.dumps(report)) == report


def test_too_few_frames_are_a_fault():
    cadence, end = run(skip=range(10, 100, 12))
    assert any('9.20 frames a second, floor 9.5' in fault for fault in cadence.faults(end))


def test_a_hole_in_the_frames_is_a_fault_though_the_rate_is_well():
    cadence, end = run(60, skip=range(100, 106))
    assert cadence.rate_hz(end) > 9.5
    assert cadence.faults(end) == ('no frame for 0.70 s',)


def test_a_late_frame_is_counted():
    cadence, end = run(error_ms=lambda i: 60 if i == 7 else 40)
    assert cadence.report(end)['late_ticks'] == 1


def test_a_slow_stream_is_a_fault():
    cadence, end = run(camera=lambda i: i % 2)
    assert [fault.split(':')[0] for fault in cadence.faults(end)] == ['head_color']


def test_a_stream_that_was_silent_for_a_while_is_a_fault_though_its_rate_is_well():
    cadence, end = run(60, camera=lambda i: not 100 < i <= 112)
    assert cadence.faults(end) == ('head_color: silent for 1.30 s',)


def test_a_required_stream_that_never_spoke_is_a_fault_and_an_optional_one_is_not():
    cadence, end = run(joints=False)
    faults = ' '.join(cadence.faults(end))
    assert 'joints: 0.0 messages' in faults
    assert 'chunk' not in faults


def test_lost_messages_and_a_slow_simulator_are_faults():
    cadence, end = run()
    cadence.dropped = 2
    cadence.begin(end)
    cadence.real_time(0.99)
    cadence.real_time(math.nan)
    cadence.real_time(0.97)
    cadence.real_time(1.0)
    assert set(cadence.faults(end)) == {
        '2 messages or frames were lost',
        'real-time factor 0.970, floor 0.98',
    }
    assert cadence.report(end)['real_time_factor'] == 0.97


def test_no_frame_at_all_is_a_fault():
    cadence = Cadence(100 * MS, FLOORS)
    cadence.begin(0)
    cadence.rest(S)
    assert cadence.faults(S) == ('no frame was written',)
    assert json.dumps(cadence.report(S))


def test_a_pause_is_no_gap_and_no_slowness():
    cadence = Cadence(100 * MS, (Floor('joints', 9.0, True),))
    for start in (0, 3600 * S):
        cadence.begin(start)
        for i in range(1, 101):
            cadence.heard('joints', start + i * 100 * MS)
            cadence.frame(start + i * 100 * MS, start + i * 100 * MS, False)
        cadence.rest(start + 10 * S)
        cadence.heard('joints', start + 20 * S)  # nobody counts in a pause
    assert cadence.faults(4000 * S) == ()
    assert cadence.seconds(4000 * S) == 20.0
    assert cadence.report(4000 * S)['streams']['joints']['count'] == 200


def test_takeovers_are_counted_by_their_beginnings():
    cadence, _ = run(1)
    for taken in (True, True, False, True):
        cadence.frame(S, S, taken)
    report = cadence.report(S)
    assert (report['interventions'], report['intervention_frames']) == (2, 3)


def test_the_summary_names_every_fault_loudly():
    cadence, end = run(camera=lambda i: False)
    text = summary(cadence.report(end), cadence.faults(end))
    assert 'BELOW ITS FLOOR: head_color' in text
    assert '10.00 frames a second' in text
