# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One sender is followed; a second one is not, whatever it sends."""

from hypothesis import given
from hypothesis import strategies as st

from hvd_ros.core.reasons import Reason
from hvd_ros.core.safety.one_writer import OneWriter

SILENCE_NS = 100_000_000
TICK_NS = 10_000_000


def test_a_steady_stream_is_followed_through_lost_frames_and_the_wrap():
    writer = OneWriter(SILENCE_NS)
    for i, seq in enumerate([2**32 - 3, 2**32 - 2, 0, 1, 4, 54]):
        assert writer.check(seq, i * TICK_NS, 1) is Reason.NONE


def test_a_second_writer_is_refused_by_count():
    writer = OneWriter(SILENCE_NS)
    assert writer.check(1, 0, 2) is Reason.TWO_WRITERS
    assert writer.check(1, TICK_NS, 1) is Reason.NONE


def test_numbers_that_do_not_continue_are_refused_until_a_silence():
    writer = OneWriter(SILENCE_NS)
    writer.check(1000, 0, 1)
    for seq in (1000, 999, 0, 1051, 2**31):
        assert writer.check(seq, TICK_NS, 1) is Reason.OLD_SEQUENCE
    # The mux was restarted and counts from the start again.
    assert writer.check(0, SILENCE_NS + 1, 1) is Reason.NONE


@given(st.lists(st.integers(0, 2**32 - 1), max_size=30), st.integers(100, 2**31))
def test_an_intruder_between_the_frames_never_gets_through(intruders, start):
    writer = OneWriter(SILENCE_NS)
    writer.check(start, 0, 1)
    for i, seq in enumerate(intruders, start=1):
        near = 0 < (seq - start - i + 1) % 2**32 <= 50
        if not near:
            assert writer.check(seq, i * TICK_NS - 1, 1) is Reason.OLD_SEQUENCE
        assert writer.check(start + i, i * TICK_NS, 1) is Reason.NONE or near
