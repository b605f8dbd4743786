# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The table of streams: names, kinds, and what may never be played into a live robot."""

import pytest

from hvd_ros.core.bag import cdr
from hvd_ros.core.episodes.streams import CAMERAS, STREAMS, streams_for

ALL = streams_for(CAMERAS, True)
# What mux, joylo, guardian and the vendor listen to and act upon (docs/architecture.md).
ACTED_UPON = (
    'teleop/command', 'policy/chunk', 'replay/command', 'command', 'joylo/buttons', 'mux/status',
    'mux/trace', 'robot_health', 'mux/heartbeat', 'guardian/heartbeat', 'home/keepalive',
)  # fmt: skip


def test_names_and_topics_are_unique():
    for attribute in ('name', 'topic', 'recorded_topic'):
        values = [getattr(s, attribute) for s in ALL]
        assert len(set(values)) == len(values)


def test_nothing_that_commands_engages_or_gates_is_recorded_under_its_live_name():
    for stream in ALL:
        if stream.topic in ACTED_UPON:
            assert stream.recorded_topic == f'/recorded/{stream.topic}'
        assert not stream.recorded_topic.startswith(('/motion_', '/hdas'))
        assert stream.recorded_topic.lstrip('/') not in ACTED_UPON


@pytest.mark.parametrize('stream', ALL, ids=lambda s: s.name)
def test_every_kind_is_known_and_begins_with_a_header(stream):
    fields = cdr.typestore().fielddefs[stream.kind][1]
    assert fields[0][0] == 'header'


def test_cameras_and_cloud_are_as_the_robot_has_them():
    assert streams_for((), False) == STREAMS
    names = {s.name for s in streams_for(('head',), False)} - {s.name for s in STREAMS}
    assert names == {'head_color', 'head_depth', 'head_info'}
    assert {s.name for s in ALL} >= {'cloud', 'left_wrist_depth', 'right_wrist_color'}


def test_images_and_clouds_are_sampled_and_feedback_is_kept_whole():
    every = {s.name for s in ALL if s.every}
    assert {'joints', 'odom', 'trace'} <= every
    assert not {s.name for s in ALL if 'color' in s.name or s.name == 'cloud'} & every
