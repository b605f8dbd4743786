# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One frame: the newest that was received by the tick, and what the mux did since the last."""

import math

import numpy as np
import pytest

from hvd_ros.core.bag import cdr
from hvd_ros.core.episodes.frame import FrameBuilder, frame_from_cdr, frame_to_cdr
from hvd_ros.core.episodes.streams import CAMERAS, streams_for
from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.mux.command import Mode, Source
from hvd_ros.core.robot.body import Kind
from test import episode_maker as maker

T0 = maker.START_NS
MS = 1_000_000
STREAMS = streams_for(CAMERAS, True)


@pytest.fixture
def builder():
    return FrameBuilder(maker.body(), STREAMS)


def put(builder, name, received, message, stamp=None):
    stamp = received if stamp is None else stamp
    builder.put(name, stamp, received, cdr.encode(message))


def put_trace(builder, received, source=Source.TELEOP, **changes):
    message = maker.trace(received, source, 0)
    for name, value in changes.items():
        setattr(message, name, value)
    put(builder, 'trace', received, message)


def test_without_any_message_everything_is_unknown(builder):
    frame = builder.build(T0, 0)
    assert np.isnan([frame.position, frame.velocity, frame.asked, frame.sent]).all()
    assert (frame.mode, frame.source, frame.traces, frame.refusal) == (
        Mode.IDLE,
        Source.NONE,
        0,
        '',
    )
    assert [s.stream for s in frame.samples] == [s.name for s in STREAMS]
    assert not any(s.present for s in frame.samples)
    assert all(s.age_s == math.inf for s in frame.samples)


def test_joints_come_by_name_base_from_odometry_grippers_as_opening(builder):
    put(builder, 'joints', T0, maker.joint_state(T0, 0))
    put(builder, 'odom', T0, maker.odometry(T0, 0))
    frame = builder.build(T0 + MS, 0)
    assert np.allclose(frame.position, maker.position_at(T0), atol=1e-12)
    assert np.allclose(frame.velocity, maker.velocity_at(T0), atol=1e-12, equal_nan=True)
    gripper = maker.body().mask(Kind.OPENING)
    assert (frame.position[gripper] > 0.05).all()  # an opening, not a finger joint in metres


def test_the_order_of_the_joints_in_the_message_does_not_matter(builder):
    message = maker.joint_state(T0, 0)
    message.name = message.name[::-1]
    message.position, message.velocity = (
        message.position[::-1].copy(),
        message.velocity[::-1].copy(),
    )
    put(builder, 'joints', T0, message)
    base = maker.body().mask(Kind.VELOCITY)
    position = builder.build(T0, 0).position
    assert np.allclose(position[~base], maker.position_at(T0)[~base], atol=1e-12)
    assert np.isnan(position[base]).all()


def test_only_what_was_received_by_the_tick_counts(builder):
    put(builder, 'joints', T0, maker.joint_state(T0, 0))
    put(builder, 'joints', T0 + 1, maker.joint_state(T0 + 10**9, 0))
    first = builder.build(T0, 0)
    second = builder.build(T0 + 1, 1)
    assert first.sample('joints').received_ns == T0
    assert second.sample('joints').received_ns == T0 + 1
    assert not np.array_equal(first.position, second.position, equal_nan=True)


def test_an_age_is_from_receive_to_tick_and_the_stamp_is_the_capture(builder):
    builder.put('head_color', T0 - 30 * MS, T0 - 5 * MS, b'')
    sample = builder.build(T0, 0).sample('head_color')
    assert (sample.stamp_ns, sample.received_ns) == (T0 - 30 * MS, T0 - 5 * MS)
    assert sample.age_s == pytest.approx(0.005)
    assert builder.build(T0 + 100 * MS, 1).sample('head_color').age_s == pytest.approx(0.105)


def test_a_sampled_message_is_fresh_once_and_it_is_the_one_that_the_frame_names(builder):
    for i in range(3):
        builder.put('head_color', T0, T0 + i, bytes([i]))
    builder.put('head_color', T0, T0 + 50, b'later')
    frame = builder.build(T0 + 10, 0)
    assert [(m.stream.name, m.cdr) for m in builder.fresh] == [('head_color', b'\x02')]
    assert frame.sample('head_color').received_ns == T0 + 2
    put(builder, 'joints', T0 + 11, maker.joint_state(T0, 0))
    builder.build(T0 + 20, 1)
    assert builder.fresh == ()
    builder.build(T0 + 50, 2)
    assert [m.cdr for m in builder.fresh] == [b'later']


def test_clips_are_ored_and_refusals_counted_since_the_last_frame(builder):
    size = maker.body().size
    one, two = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    one[3], two[3], two[5] = 1, 4, 16
    put_trace(builder, T0, clip=one, refusal='stale')
    put_trace(builder, T0 + 1, clip=two, refusal='two_writers')
    put_trace(builder, T0 + 2)
    frame = builder.build(T0 + 2, 0)
    assert (frame.clip[3], frame.clip[5], frame.clip.sum()) == (5, 16, 21)
    assert (frame.traces, frame.refused, frame.refusal) == (3, 2, 'two_writers')
    later = builder.build(T0 + 3, 1)
    assert (later.traces, later.refused, later.refusal, later.clip.sum()) == (0, 0, '', 0)
    assert np.array_equal(later.sent, maker.sent_at(T0 + 2))  # the newest known


def test_an_empty_ask_and_an_empty_send_are_nan_not_zero(builder):
    put_trace(builder, T0, asked=np.zeros(0), sent=np.zeros(0))
    frame = builder.build(T0, 0)
    assert np.isnan(frame.asked).all()
    assert np.isnan(frame.sent).all()


@pytest.mark.parametrize(
    ('history', 'expected'),
    [
        (['TELEOP'], False),
        (['POLICY'], False),
        (['POLICY', 'TELEOP'], True),
        (['POLICY', 'HOLD', 'TELEOP'], True),
        (['POLICY', 'TELEOP', 'HOLD'], False),
        (['POLICY', 'HOME', 'TELEOP'], False),
        (['POLICY', 'TELEOP', 'POLICY'], False),
    ],
)
def test_an_intervention_is_a_person_after_a_policy(builder, history, expected):
    for i, name in enumerate(history):
        put_trace(builder, T0 + i, mode=int(Mode[name]), source=int(Source[name]))
    assert builder.build(T0 + 10, 0).intervention is expected


def test_a_trace_of_another_body_is_refused_by_name(builder):
    put_trace(builder, T0, layout_id=1)
    with pytest.raises(ContractMismatch, match='layout 0000000000000001, this body'):
        builder.build(T0, 0)


def test_an_unknown_stream_names_the_closest(builder):
    with pytest.raises(ContractMismatch, match='head_color'):
        builder.put('head_colour', 0, 0, b'')


def test_a_frame_survives_its_bytes_bit_for_bit(builder):
    put_trace(builder, T0, refusal='stale')
    put(builder, 'joints', T0, maker.joint_state(T0, 0))
    data = frame_to_cdr(builder.build(T0, 7))
    again = frame_from_cdr(data)
    assert frame_to_cdr(again) == data
    assert (again.index, again.refusal, again.layout_id) == (7, 'stale', maker.body().layout_id)
    assert np.array_equal(again.sent, maker.sent_at(T0))


def test_a_caller_that_never_builds_costs_bounded_memory(builder):
    for i in range(100):
        builder.put('head_color', T0, T0 + i, b'x')
    assert len(builder._pending['head_color']) <= 16
    assert builder.build(T0 + 200, 0).sample('head_color').received_ns == T0 + 99
