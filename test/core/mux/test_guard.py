# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The guard refuses whole frames, and a refused frame feeds nothing."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.mux.guard import Guard, Track, admit, standing
from hvd_ros.core.reasons import Reason
from test.core.mux.mux_rig import BASE, BODY, HOME, MS, Rig, at

GUARD = Guard(BODY)
OLDEST = 200 * MS
BAD = [np.nan, np.inf, -np.inf]


def check(frame, track=None, late_ns=0, ros_shift_ns=0):
    rig_now, ros_now = frame.received_ns + late_ns, frame.stamp_ns + late_ns + ros_shift_ns
    return GUARD.command(frame, track or Track(), rig_now, ros_now, OLDEST)


def check_chunk(chunk, track=None, age_ns=0):
    ros_now = chunk.observation_ns + age_ns
    return GUARD.chunk(chunk, track or Track(), chunk.received_ns, ros_now, OLDEST)


def test_a_good_frame_passes():
    assert check(Rig().frame()) is Reason.NONE


@pytest.mark.parametrize('size', [0, 1, BODY.size - 1, BODY.size + 1, 1000])
def test_wrong_length(size):
    assert check(Rig().frame(np.zeros(size))) is Reason.WRONG_LENGTH


def test_wrong_layout():
    assert check(Rig().frame(layout_id=BODY.layout_id ^ 1)) is Reason.WRONG_LAYOUT


@pytest.mark.parametrize('bad', BAD)
@pytest.mark.parametrize('i', range(BODY.size))
def test_one_number_that_is_not_finite_refuses_the_frame(bad, i):
    values = HOME.copy()
    values[i] = bad
    assert check(Rig().frame(values)) is Reason.NON_FINITE


def test_a_little_over_is_for_the_limiter_and_far_over_is_refused():
    i = BODY.index('left_arm_joint5')
    high = BODY.limits.high[i]
    assert check(Rig().frame(at(left_arm_joint5=high + 0.4))) is Reason.NONE
    assert check(Rig().frame(at(left_arm_joint5=high + 0.6))) is Reason.OUT_OF_RANGE
    assert check(Rig().frame(at(left_gripper=1.3))) is Reason.OUT_OF_RANGE


@pytest.mark.parametrize('speed', [10.0, -10.0])
def test_base_at_10_m_s_is_refused(speed):
    assert check(Rig().frame(at(base_vx=speed))) is Reason.OUT_OF_RANGE
    assert check(Rig().frame(at(base_vx=0.5))) is Reason.NONE


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(), min_size=BODY.size, max_size=BODY.size))
def test_whatever_passes_is_finite_and_near_the_limits(values):
    frame = Rig().frame(np.array(values))
    if check(frame) is Reason.NONE:
        assert np.isfinite(frame.values).all()
        assert (frame.values >= BODY.limits.low - 0.51).all()
        assert (frame.values <= BODY.limits.high + 0.51).all()


def test_a_repeated_or_older_sequence_is_refused_and_wraps_at_32_bits():
    frame = Rig().frame(seq=7)
    heard = Track(seq=7, accepted_ns=frame.received_ns)
    assert check(frame, heard) is Reason.OLD_SEQUENCE
    assert check(replace(frame, seq=6), heard) is Reason.OLD_SEQUENCE
    assert check(replace(frame, seq=8), heard) is Reason.NONE
    last = replace(heard, seq=2**32 - 1)
    assert check(replace(frame, seq=0), last) is Reason.NONE


def test_a_restarted_sender_counts_anew_after_its_silence():
    frame = Rig().frame(seq=1)
    heard = Track(seq=900, accepted_ns=frame.received_ns - OLDEST - 1)
    assert check(frame, heard) is Reason.NONE
    recent = replace(heard, accepted_ns=frame.received_ns - OLDEST + MS)
    assert check(frame, recent) is Reason.OLD_SEQUENCE
    assert check(replace(frame, seq=900), heard) is Reason.OLD_SEQUENCE


@pytest.mark.parametrize('shift_ms', [201, 3_600_000, -201, -3_600_000])
def test_a_stamp_far_from_now_is_refused_both_ways(shift_ms):
    assert check(Rig().frame(), ros_shift_ns=shift_ms * MS) is Reason.OLD_STAMP


def test_a_frame_that_lay_around_is_refused_although_the_ros_clock_stands_still():
    frame = Rig().frame()
    age = OLDEST + MS
    now = frame.received_ns + age
    assert GUARD.command(frame, Track(), now, frame.stamp_ns, OLDEST) is Reason.OLD_STAMP


def test_a_refused_frame_leaves_the_watchdog_unfed():
    heard = Track(seq=3, accepted_ns=100)
    for reason in Reason:
        if reason:
            after = admit(heard, 4, 999, reason)
            assert (after.seq, after.accepted_ns, after.accepted) == (3, 100, 0)
            assert after.refused == 1 and after.reason is reason


def test_three_bad_contents_in_a_row_strike_out_and_a_good_one_forgives():
    track = admit(Track(), 1, 100, Reason.NONE)
    for _ in range(2):
        track = admit(track, 2, 100, Reason.NON_FINITE)
    assert standing(track, 100, OLDEST, Reason.STALE_TELEOP) is Reason.NONE
    struck = admit(track, 2, 100, Reason.WRONG_LENGTH)
    assert standing(struck, 100, OLDEST, Reason.STALE_TELEOP) is Reason.THREE_STRIKES
    good = admit(struck, 2, 100, Reason.NONE)
    assert standing(good, 100, OLDEST, Reason.STALE_TELEOP) is Reason.NONE


def test_a_duplicate_is_no_strike():
    track = admit(Track(), 1, 100, Reason.NONE)
    for _ in range(5):
        track = admit(track, 1, 100, Reason.OLD_SEQUENCE)
    assert standing(track, 100, OLDEST, Reason.STALE_TELEOP) is Reason.NONE


def test_standing_tells_silence_from_age():
    assert standing(Track(), 0, OLDEST, Reason.STALE_TELEOP) is Reason.NEVER_HEARD
    track = admit(Track(), 1, 100, Reason.NONE)
    assert standing(track, 100 + OLDEST, OLDEST, Reason.STALE_POLICY) is Reason.NONE
    assert standing(track, 101 + OLDEST, OLDEST, Reason.STALE_POLICY) is Reason.STALE_POLICY


@pytest.mark.parametrize(
    ('changes', 'reason'),
    [
        ({}, Reason.NONE),
        ({'step_s': np.nan}, Reason.WRONG_STEP),
        ({'step_s': 0.0}, Reason.WRONG_STEP),
        ({'step_s': -0.1}, Reason.WRONG_STEP),
        ({'step_s': np.inf}, Reason.WRONG_STEP),
        ({'horizon': 0}, Reason.WRONG_STEP),
        ({'horizon': 4_000_000_000}, Reason.WRONG_STEP),
        ({'horizon': 3}, Reason.WRONG_LENGTH),
        ({'layout_id': 1}, Reason.WRONG_LAYOUT),
    ],
)
def test_a_chunk_is_checked_as_a_whole(changes, reason):
    assert check_chunk(replace(Rig().chunk([HOME] * 4), **changes)) is reason


@pytest.mark.parametrize('bad', BAD)
def test_one_bad_number_anywhere_in_a_chunk_refuses_it(bad):
    rows = np.array([HOME] * 4)
    rows[3, 11] = bad
    assert check_chunk(Rig().chunk(rows)) is Reason.NON_FINITE
    rows[3, 11] = 9.0
    assert check_chunk(Rig().chunk(rows)) is Reason.OUT_OF_RANGE


def test_a_chunk_expires_with_its_last_step_and_may_not_come_from_the_future():
    chunk = Rig().chunk([HOME] * 4)
    assert check_chunk(chunk, age_ns=399 * MS) is Reason.NONE
    assert check_chunk(chunk, age_ns=400 * MS) is Reason.CHUNK_EXPIRED
    assert check_chunk(chunk, age_ns=-201 * MS) is Reason.OLD_STAMP
    heard = Track(seq=chunk.seq, accepted_ns=chunk.received_ns)
    assert check_chunk(chunk, heard) is Reason.OLD_SEQUENCE


def test_the_base_bound_does_not_depend_on_the_joint_bound():
    assert GUARD.inside(HOME)
    over = HOME.copy()
    over[BASE[2]] = 0.81
    assert not GUARD.inside(over)
