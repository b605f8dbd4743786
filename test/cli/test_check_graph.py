# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Judging a graph, made up and real."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip('rclpy')
pytest.importorskip('hvd_msgs')

from rclpy.qos import QoSProfile, ReliabilityPolicy  # noqa: E402

from hvd_ros.cli.checks import graph as graphs  # noqa: E402
from hvd_ros.cli.checks.graph import End, Graph, Topic  # noqa: E402
from test.cli.fake_mux import FakeMux  # noqa: E402

RELIABLE = QoSProfile(depth=1)
EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
NODES = ('/mux', '/r1', '/guardian')


def end(node, profile=RELIABLE, kind='hvd_msgs/msg/WholeBodyCommand'):
    return End(node, kind, profile)


def graph(*topics, nodes=NODES, namespace='/'):
    return Graph(namespace, nodes, topics)


def levels(findings):
    return [str(found.level) for found in findings]


def test_an_empty_graph_is_no_failure():
    empty = graph(nodes=())
    assert levels(graphs.judge_running(empty)) == ['ok']
    for judge in (graphs.judge_qos, graphs.judge_writers, graphs.judge_robot):
        assert judge(empty) == []


def test_two_nodes_of_one_name():
    (twice, seen) = graphs.judge_running(graph(nodes=('/mux', '/mux', '/r1')))
    assert (twice.level, twice.text) == ('fail', "2 nodes are called '/mux'")
    assert seen.text == 'nodes seen: /mux, /r1'


def test_a_reliable_reader_hears_nothing_of_a_best_effort_writer():
    good = Topic('/command', (end('/mux'),), (end('/r1', EFFORT),))
    bad = Topic('/command', (end('/mux', EFFORT),), (end('/r1', RELIABLE),))
    assert levels(graphs.judge_qos(graph(good))) == ['ok']
    (found,) = graphs.judge_qos(graph(bad))
    assert found.level == 'fail'
    assert found.text.startswith('/command: /r1 hears nothing of /mux')


def test_one_name_with_two_types():
    topic = Topic('/hdas/bms', (end('/hdas', kind='hdas_msg/msg/Bms'),), (end('/r1'),))
    (found,) = graphs.judge_qos(graph(topic))
    assert 'hdas_msg/msg/Bms, hvd_msgs/msg/WholeBodyCommand' in found.text


def test_a_second_publisher_is_named():
    topic = Topic('/command', (end('/mux'), end('/bag_player')), (end('/r1'),))
    (found,) = graphs.judge_writers(graph(topic))
    assert found.text == '/command has 2 publishers: /mux, /bag_player'


def test_the_guardian_may_write_zeros_beside_r1_and_nobody_else_may():
    name = '/motion_target/target_speed_chassis'
    two = Topic(name, (end('/r1'), end('/guardian')), ())
    three = Topic(name, (end('/r1'), end('/guardian'), end('/joystick')), ())
    assert levels(graphs.judge_writers(graph(two))) == ['ok']
    assert levels(graphs.judge_writers(graph(three))) == ['fail']


def test_topics_of_strangers_are_not_ours_to_judge():
    topic = Topic('/chatter', (end('/a'), end('/b')), (end('/c'),))
    assert graphs.judge_writers(graph(topic)) == []
    assert levels(graphs.judge_writers(graph(topic, nodes=(*NODES, '/c')))) == ['fail']
    other = graph(topic, nodes=('/c',), namespace='/robot1')
    assert graphs.judge_writers(other) == []


def test_a_silent_robot_is_a_failure_and_a_silent_twin_a_warning():
    silent = Topic('/hdas/feedback_arm_left', (), (end('/r1'),))
    (found,) = graphs.judge_robot(graph(silent))
    assert found.level == 'fail'
    assert '/hdas/feedback_arm_left' in found.text and 'ROS_STATIC_PEERS' in found.fix
    assert levels(graphs.judge_robot(graph(silent, nodes=(*NODES, '/sim_robot')))) == ['warn']
    heard = Topic('/hdas/feedback_arm_left', (end('/hdas'),), (end('/r1'),))
    assert levels(graphs.judge_robot(graph(heard))) == ['ok']


@pytest.mark.parametrize(
    ('offsets', 'level'),
    [([0.001, 0.002, 0.3], 'ok'), ([-0.1, -0.1], 'fail'), ([0.2, 0.2, 0.001], 'fail')],
)
def test_clocks_are_judged_by_the_median(offsets, level):
    (found,) = graphs.judge_clocks({'/command': offsets})
    assert found.level == level
    assert found.text.startswith('/command: ')


def test_the_doctor_sees_a_real_graph():
    with FakeMux() as mux, FakeMux(name='intruder', services=False):
        done = subprocess.run(
            [sys.executable, '-m', 'hvd_ros.cli.main', 'doctor', '--json'],
            check=False, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert mux.publishing
    assert done.stderr == ''
    found = json.loads(done.stdout)
    failures = {(f['check'], f['text'].partition(':')[0]) for f in found if f['level'] == 'fail'}
    assert ('writers', '/mux/status has 2 publishers') in failures
    # The stand-in leaves its stamps at zero, which is 1970.
    assert ('clocks', '/mux/status') in failures
    assert done.returncode == 1
