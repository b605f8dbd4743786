# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fields of many messages at once equal those of each message, decoded by rosbags."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.bag import cdr
from hvd_ros.core.bag.columns import Columns
from hvd_ros.core.bag.index import Column, Rows
from hvd_ros.core.errors import EpisodeError
from hvd_ros.core.mux.command import Source
from test import episode_maker as maker

TRACE = 'hvd_msgs/msg/CommandTrace'
numbers = st.lists(st.floats(allow_nan=False), max_size=5)


def column(kind, messages):
    """Stack messages by length, as the index of a bag does."""
    times = np.arange(len(messages))
    rows = []
    for length in sorted({len(m) for m in messages}):
        order = np.array([i for i, m in enumerate(messages) if len(m) == length])
        data = np.stack([np.frombuffer(messages[i], np.uint8) for i in order])
        rows.append(Rows(order, data))
    return Column(kind, times, times, tuple(rows))


@st.composite
def traces(draw):
    message = maker.trace(draw(st.integers(0, 2**31)) * 1000, Source.TELEOP, 0)
    message.tick = draw(st.integers(0, 2**64 - 1))
    message.asked = np.array(draw(numbers))
    message.sent = np.array(draw(numbers))
    message.clip = np.array(draw(st.lists(st.integers(0, 31), max_size=5)), np.uint8)
    message.refusal = draw(st.sampled_from(['', 'stale', 'two_writers', 'st\u00fcck']))
    message.header.frame_id = draw(st.sampled_from(['', 'a', 'odom']))
    return message


@settings(max_examples=60, deadline=None)
@given(st.lists(traces(), min_size=1, max_size=12))
def test_columns_equal_the_decoded_messages(messages):
    seen = Columns(column(TRACE, [cdr.encode(m) for m in messages]))
    assert seen.scalar('tick').tolist() == [m.tick for m in messages]
    assert seen.scalar('layout_id').tolist() == [m.layout_id for m in messages]
    assert seen.scalar('header.stamp.nanosec').tolist() == [
        m.header.stamp.nanosec for m in messages
    ]
    assert seen.texts('refusal') == [m.refusal for m in messages]
    assert seen.texts('header.frame_id') == [m.header.frame_id for m in messages]
    for size in range(6):
        for name in ('asked', 'sent'):
            wanted = [getattr(m, name) if len(getattr(m, name)) == size else np.full(size, np.nan)
                      for m in messages]  # fmt: skip
            assert np.array_equal(seen.vector(name, size), np.stack(wanted), equal_nan=True)


def test_lists_of_messages_and_fixed_arrays_are_walked_too():
    odom = [maker.odometry(maker.START_NS + i, i) for i in range(4)]
    seen = Columns(column('nav_msgs/msg/Odometry', [cdr.encode(m) for m in odom]))
    assert seen.scalar('twist.twist.linear.x').tolist() == [m.twist.twist.linear.x for m in odom]
    assert seen.vector('pose.covariance', 36).shape == (4, 36)
    cloud = maker.point_cloud(maker.START_NS, *maker.cloud_of(0))
    seen = Columns(column('sensor_msgs/msg/PointCloud2', [cdr.encode(cloud)]))
    assert seen.names('fields', 'name') == ['x', 'y', 'z', 'rgb']
    assert seen.scalar('fields.2.offset').tolist() == [8]
    assert seen.scalar('is_dense').tolist() == [True]


def test_rows_with_different_names_are_not_taken_for_one_another():
    one, two = (maker.point_cloud(maker.START_NS, *maker.cloud_of(0)) for _ in range(2))
    two.fields[0].name = 'q'
    kind = 'sensor_msgs/msg/PointCloud2'
    assert (
        Columns(column(kind, [cdr.encode(one), cdr.encode(two)])).names('fields', 'name') is None
    )


def test_damaged_bytes_are_one_clear_error():
    data = cdr.encode(maker.trace(maker.START_NS, Source.TELEOP, 0))
    for bad in (data[:50], b'\x00\x01\x00\x00', b'\x00\x00' + data[2:], data[:12] + b'\xff' * 40):
        with pytest.raises(EpisodeError, match=TRACE):
            Columns(column(TRACE, [bad]))
