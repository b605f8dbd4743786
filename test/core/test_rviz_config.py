# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The RViz view names topics of the graph and frames of the robot, nothing else."""

import re

import pytest
import yaml

from hvd_ros.core.robot.urdf import read_urdf
from hvd_ros.core.share import share_file

VIEW = yaml.safe_load(share_file('config', 'rviz', 'hvd.rviz').read_text(encoding='utf-8'))
MANAGER = VIEW['Visualization Manager']
DISPLAYS = {d['Class'].split('/')[1]: d for d in MANAGER['Displays']}


def topics(node):
    """Find every topic: the value of a key that says so."""
    if isinstance(node, list):
        for item in node:
            yield from topics(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key.endswith('Topic') and isinstance(value, dict):
                yield value
            else:
                yield from topics(value)


def test_the_view_shows_robot_frames_and_path():
    assert {'Grid', 'RobotModel', 'TF', 'Odometry'} == set(DISPLAYS)
    assert all(d['Enabled'] for d in DISPLAYS.values())


def test_the_view_names_only_topics_of_the_graph():
    pages = share_file('docs', 'architecture.md').read_text(encoding='utf-8')
    known = set(re.findall(r'`([a-z_/]+)`', pages))
    named = {t['Value'] for t in topics(MANAGER)}
    assert named == {'robot_description', 'odom'}
    assert named <= known


def test_topics_are_relative_so_that_a_namespace_holds_one_robot():
    assert not any(t['Value'].startswith('/') for t in topics(MANAGER))


def test_the_fixed_frame_is_odometrys_and_the_camera_follows_the_robot():
    assert MANAGER['Global Options']['Fixed Frame'] == 'odom'
    root = read_urdf(share_file('urdf', 'r1.urdf')).root
    assert MANAGER['Views']['Current']['Target Frame'] == root


@pytest.mark.parametrize(
    ('display', 'key', 'reliability', 'durability'),
    [
        # robot_state_publisher latches; our odometry is best effort.
        ('RobotModel', 'Description Topic', 'Reliable', 'Transient Local'),
        ('Odometry', 'Topic', 'Best Effort', 'Volatile'),
    ],
)
def test_the_view_asks_for_what_the_publishers_offer(display, key, reliability, durability):
    topic = DISPLAYS[display][key]
    assert topic['Reliability Policy'] == reliability
    assert topic['Durability Policy'] == durability
