# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages without ROS: the bytes are those that ROS writes and that others read."""

import importlib

from mcap.records import Schema
from mcap_ros2.decoder import DecoderFactory
import numpy as np
import pytest

from hvd_ros.core.bag import cdr
from hvd_ros.core.episodes.streams import CAMERAS, FRAME_KIND, MARK_KIND, streams_for
from hvd_ros.core.errors import EpisodeError
from hvd_ros.core.mux.command import Source
from test import episode_maker as maker

KINDS = sorted({s.kind for s in streams_for(CAMERAS, True)} | {FRAME_KIND, MARK_KIND})


def third_party(kind, data):
    schema = Schema(id=1, name=kind, encoding='ros2msg', data=cdr.definition(kind).encode())
    decode = DecoderFactory().decoder_for('cdr', schema)
    return decode(data)


def test_a_trace_is_read_by_another_decoder_from_our_definition():
    message = maker.trace(maker.START_NS, Source.POLICY, 3)
    seen = third_party('hvd_msgs/msg/CommandTrace', cdr.encode(message))
    assert seen.layout_id == maker.body().layout_id
    assert seen.source == Source.POLICY
    assert np.array_equal(seen.sent, maker.sent_at(maker.START_NS, 3))
    assert seen.header.stamp.sec == maker.START_NS // cdr.NS


@pytest.mark.parametrize('kind', KINDS)
def test_every_definition_is_complete_for_another_decoder(kind):
    schema = Schema(id=1, name=kind, encoding='ros2msg', data=cdr.definition(kind).encode())
    assert DecoderFactory().decoder_for('cdr', schema) is not None


MADE = {
    'joints': lambda: maker.joint_state(maker.START_NS, 1),
    'odom': lambda: maker.odometry(maker.START_NS, 1),
    'trace': lambda: maker.trace(maker.START_NS, Source.TELEOP, 1),
    'info': lambda: maker.camera_info(cdr.header(5, 'x'), maker.intrinsics((64, 48))),
    'cloud': lambda: maker.point_cloud(maker.START_NS, *maker.cloud_of(3)),
    'nobody asked': lambda: idle_trace(),
    'image': lambda: maker.image(cdr.header(5, 'odd'), 'jpeg', b'1234567'),
}


def idle_trace():
    message = maker.trace(maker.START_NS, Source.NONE, 1)
    message.asked = message.sent = np.zeros(0)  # empty lists of doubles have their own alignment
    return message


def native_type(kind):
    package, _, name = kind.split('/')
    return getattr(importlib.import_module(f'{package}.msg'), name)


@pytest.mark.ros
@pytest.mark.parametrize('name', MADE)
def test_ros_reads_our_bytes_and_we_read_those_of_ros(name):
    from rclpy.serialization import deserialize_message, serialize_message

    message = MADE[name]()
    data = cdr.encode(message)
    theirs = serialize_message(deserialize_message(data, native_type(message.__msgtype__)))
    # serialize_message leaves room behind the message; what goes over the wire has its length.
    assert cdr.encode(cdr.decode(message.__msgtype__, theirs[: len(data)])) == data


@pytest.mark.ros
@pytest.mark.parametrize('kind', KINDS)
def test_our_definition_of_every_kind_is_that_of_ros(kind):
    ours = [name for name, _ in cdr.typestore().fielddefs[kind][1]]
    assert ours == list(native_type(kind).get_fields_and_field_types())


def test_the_stamp_is_read_without_decoding_on_either_byte_order():
    data = cdr.encode(maker.trace(1_234_567_890_123_456_789, Source.TELEOP, 0))
    assert cdr.stamp_ns(data) == 1_234_567_890_123_456_789
    big = b'\x00\x00\x00\x00' + (7).to_bytes(4, 'big') + (8).to_bytes(4, 'big')
    assert cdr.stamp_ns(big) == 7_000_000_008
    with pytest.raises(EpisodeError, match='no header'):
        cdr.stamp_ns(b'\x00\x01\x00\x00')


@pytest.mark.parametrize('cut', [0, 3, 11, 40, 200])
def test_cut_off_bytes_give_one_clear_error(cut):
    data = cdr.encode(maker.trace(maker.START_NS, Source.TELEOP, 0))
    with pytest.raises(EpisodeError, match='are not a hvd_msgs/msg/CommandTrace'):
        cdr.decode('hvd_msgs/msg/CommandTrace', data[:cut])


def test_an_unknown_kind_names_the_closest():
    with pytest.raises(EpisodeError, match='did you mean'):
        cdr.decode('hvd_msgs/msg/CommandTraces', b'')
