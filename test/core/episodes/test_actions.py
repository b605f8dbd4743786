# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Actions: what was sent when a step ended, from traces of the mux or of a headless episode."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.episodes.actions import action_at, chunk, chunks, of_the_step, sent_at
from hvd_ros.core.episodes.reader import FrameTable
from test import episode_maker as maker

BODY = maker.body()
T0, MS = maker.START_NS, 1_000_000


def table(trace_ns, sent, stamps=(0,), received=None):
    """Return a table of which only the traces count; times in ns behind T0."""
    trace_ns, sent = np.asarray(trace_ns, np.int64) + T0, np.asarray(sent, float)
    empty = np.zeros((len(stamps), BODY.size))
    flags = np.zeros(len(stamps), np.uint8)
    return FrameTable(
        stamp_ns=np.asarray(stamps, np.int64) + T0,
        position=empty, velocity=empty, asked=empty, sent=empty, clip=empty.astype(np.uint8),
        source=flags, mode=flags, intervention=flags.astype(bool), refused=flags.astype(np.uint32),
        ages={}, stamps={}, received={},
        trace_ns=trace_ns,
        trace_asked=sent, trace_sent=sent,
        trace_received_ns=trace_ns if received is None else np.asarray(received, np.int64) + T0,
    )  # fmt: skip


def ramp(count=200, slope=1.0):
    """Return traces every 10 ms whose every value is slope times the seconds."""
    times = np.arange(count) * 10 * MS
    return table(times, np.outer(times / 1e9 * slope, np.ones(BODY.size)), stamps=[505 * MS])


def test_an_action_is_what_was_sent_when_its_step_ended():
    assert np.allclose(action_at(ramp())[0], 0.605)


def test_a_command_that_was_written_down_when_its_step_began_is_the_action_of_that_step():
    times = np.arange(12) * 100 * MS
    noted = table(times, np.outer(np.arange(12), np.ones(BODY.size)), stamps=times[:11])
    assert np.allclose(action_at(replace(noted, ahead_ns=100 * MS))[:, 0], np.arange(11))
    assert np.allclose(action_at(noted)[:, 0], np.arange(1, 12))


def test_what_a_frame_says_of_commands_belongs_to_the_step_before_unless_it_is_ahead():
    seen, asked = ramp(), np.array([[1.0], [2.0], [3.0]])
    assert of_the_step(seen, asked).ravel().tolist() == [2.0, 3.0, 3.0]
    assert of_the_step(replace(seen, ahead_ns=100 * MS), asked).ravel().tolist() == [1.0, 2.0, 3.0]


def test_step_j_of_a_chunk_ends_j_plus_one_periods_after_the_frame():
    values, valid = chunk(ramp(), 0, 5)
    assert valid.all()
    assert np.allclose(values, (0.605 + 0.1 * np.arange(5))[:, None])


def test_behind_the_end_the_last_step_is_repeated_and_masked():
    values, valid = chunk(ramp(80), 0, 8)  # the last trace is at 790 ms
    assert valid.tolist() == [True] * 4 + [False] * 4
    assert np.array_equal(values[4:], np.repeat(values[3:4], 4, axis=0))


def test_a_pause_is_masked_and_not_interpolated_over():
    times = np.concatenate((np.arange(60), np.arange(300, 400))) * 10 * MS
    values, valid = chunk(table(times, np.ones((160, BODY.size)), [500 * MS]), 0, 30)
    assert valid[:2].all()
    assert not valid[2:24].any()
    assert valid[24:].all()
    assert np.isfinite(values).all()


def test_before_the_first_trace_nothing_is_known():
    values, valid = chunk(table([10**9], np.ones((1, BODY.size)), [0]), 0, 3)
    assert not valid.any()
    assert np.isnan(values).all()


def test_nothing_sent_is_nan_and_never_zero():
    sent = np.full((100, BODY.size), np.nan)
    found = table(np.arange(100) * 10 * MS, sent, [500 * MS])
    assert np.isnan(action_at(found)).all()
    assert np.isnan(action_at(table([], np.zeros((0, BODY.size)), [0]))).all()


def test_uneven_receiving_does_not_bend_an_even_command():
    even = ramp()
    late = even.trace_ns - T0 + 3 * MS + np.random.default_rng(0).integers(0, 40 * MS, 200)
    found = replace(even, trace_received_ns=np.maximum.accumulate(late) + T0)
    # shifted by the shortest delay, about 3 ms
    assert np.allclose(action_at(found)[0], 0.605 - 0.003, atol=1.5e-3)


def test_a_clock_that_was_set_makes_receive_times_count():
    even = ramp()
    stamps = even.trace_ns.copy()
    stamps[30:] -= 3_600_000_000_000
    found = replace(even, trace_ns=stamps, trace_received_ns=even.trace_ns)
    assert np.allclose(action_at(found)[0], 0.605)


def test_actions_of_an_episode_are_what_the_maker_sent(tmp_path):
    from hvd_ros.core.episodes.reader import Episode

    seen = Episode.open(maker.make_episode(tmp_path, frames=12, cameras=(), cloud=False)).table()
    actions = action_at(seen)
    for i, tick in enumerate(seen.stamp_ns[:-2]):
        wanted = maker.sent_at(tick + 100 * MS - maker.LATENCY_NS)  # stamped 2 ms before
        assert np.allclose(actions[i], wanted, atol=1e-3)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=60),
    st.lists(st.integers(-200, 3000), min_size=1, max_size=8),
    st.integers(0, 2**31),
)
def test_a_chunk_equals_its_steps_and_stays_within_what_was_sent(steps, times, seed):
    trace_ns = np.cumsum(steps) * MS
    sent = np.random.default_rng(seed).normal(size=(len(steps), BODY.size))
    found = table(trace_ns, sent, stamps=[t * MS for t in times])
    values, valid = chunks(found, np.arange(len(times)), 4)
    for k, t in enumerate(times):
        for j in range(4):
            single, known = sent_at(found, np.array([T0 + (t + 100 * (j + 1)) * MS]))
            assert valid[k, j] == known[0]
            if known[0]:
                assert np.allclose(values[k, j], single[0])
    inside = values[valid]
    assert (inside <= sent.max(axis=0) + 1e-9).all()
    assert (inside >= sent.min(axis=0) - 1e-9).all()


@pytest.mark.parametrize('horizon', [1, 16])
def test_shapes(horizon):
    values, valid = chunk(ramp(), 0, horizon)
    assert values.shape == (horizon, BODY.size)
    assert valid.shape == (horizon,)
