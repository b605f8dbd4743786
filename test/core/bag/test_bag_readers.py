# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Readers that others wrote open an episode and decode every message of it."""

from collections import Counter

from mcap.reader import make_reader
from mcap.stream_reader import StreamReader
from mcap_ros2.decoder import DecoderFactory
import numpy as np
import pytest
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import Reader
import yaml

from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.seal import bag_path
from test import episode_maker as maker


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return maker.make_episode(tmp_path_factory.mktemp('root'), frames=15)


def expected(folder):
    return Counter(Episode.open(folder).bag.counts)


def test_rosbags_decodes_every_message_with_the_embedded_definitions(folder):
    counted = Counter()
    with AnyReader([folder]) as reader:
        for connection, log_ns, data in reader.messages():
            message = reader.deserialize(data, connection.msgtype)
            counted[connection.topic] += 1
            assert message.header.stamp.sec * 10**9 <= log_ns
    assert counted == expected(folder)
    assert counted['/recorded/frames'] == 15


def test_rosbags_reads_the_folder_as_a_rosbag2(folder):
    with Reader(folder) as reader:
        assert reader.message_count == sum(expected(folder).values())
        assert {c.topic: c.msgcount for c in reader.connections} == expected(folder)
        assert all(len(c.ext.offered_qos_profiles) == 1 for c in reader.connections)
        times = [log_ns for _, log_ns, _ in reader.messages()]
    assert times == sorted(times)


def test_mcap_decodes_every_message_and_checks_every_checksum(folder):
    counted = Counter()
    with bag_path(folder).open('rb') as file:
        reader = make_reader(file, validate_crcs=True, decoder_factories=[DecoderFactory()])
        assert reader.get_header().profile == 'ros2'
        for schema, channel, _, message in reader.iter_decoded_messages():
            counted[channel.topic] += 1
            assert schema.encoding == 'ros2msg'
            last = message
    assert counted == expected(folder)
    assert last.index == 14  # the last message of all is the last frame
    assert np.array_equal(last.asked, Episode.open(folder).table().asked[-1])


def test_mcap_reads_it_from_beginning_to_end_without_the_index(folder):
    with bag_path(folder).open('rb') as file:
        kinds = Counter(type(record).__name__ for record in StreamReader(file).records)
    assert kinds['Message'] == sum(expected(folder).values())
    assert kinds['Footer'] == 1


def test_metadata_has_what_rosbag2_reads_from_version_9(folder):
    """The keys and their types as rosbag2_storage/yaml.hpp decodes them."""
    text = (folder / 'metadata.yaml').read_text()
    found = yaml.safe_load(text)['rosbag2_bagfile_information']
    assert '&' not in text  # no anchors
    assert (found['version'], found['storage_identifier']) == (9, 'mcap')
    assert found['relative_file_paths'] == [bag_path(folder).name]
    assert (found['compression_format'], found['compression_mode']) == ('', '')
    assert found['ros_distro'] == 'jazzy'
    assert 'custom_data' in found
    for part in (found, found['files'][0]):
        assert part['message_count'] == sum(expected(folder).values())
        assert part['starting_time']['nanoseconds_since_epoch'] < maker.START_NS
        assert part['duration']['nanoseconds'] > 0
    for topic in found['topics_with_message_count']:
        meta = topic['topic_metadata']
        assert meta['serialization_format'] == 'cdr'
        assert meta['type_description_hash'].startswith('RIHS01_')
        qos = meta['offered_qos_profiles'][0]
        assert (qos['history'], qos['reliability'], qos['durability']) == (
            'keep_last', 'reliable', 'volatile',
        )  # fmt: skip
        assert qos['deadline'] == qos['lifespan'] == {'sec': 9223372036, 'nsec': 854775807}


@pytest.mark.parametrize('topic', ['/joint_states', '/odom', '/camera/head/color/camera_info'])
def test_type_hashes_are_those_that_ros_publishes(folder, topic):
    pytest.importorskip('rclpy')
    import json
    from pathlib import Path
    import sys

    meta = yaml.safe_load((folder / 'metadata.yaml').read_text())
    rows = meta['rosbag2_bagfile_information']['topics_with_message_count']
    row = next(r['topic_metadata'] for r in rows if r['topic_metadata']['name'] == topic)
    package, _, name = row['type'].split('/')
    found = [p for base in (Path(sys.prefix), Path('/opt/ros/jazzy'))
             for p in base.glob(f'**/share/{package}/msg/{name}.json')]  # fmt: skip
    if not found:
        pytest.skip('this installation carries no type descriptions')
    hashes = {
        h['type_name']: h['hash_string'] for h in json.loads(found[0].read_text())['type_hashes']
    }
    assert row['type_description_hash'] == hashes[row['type']]
