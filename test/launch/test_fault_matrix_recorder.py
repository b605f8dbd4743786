# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The fault matrix, rows of the recorder: whatever happens to it, the robot's stream has no gap.

The graph records its state without cameras; what fails loudly in a camera or on a disk is told in
test/nodes/test_recorder_node.py.
"""

import signal

from hvd_msgs.msg import RecorderStatus
from hvd_msgs.srv import StartEpisode
import numpy as np
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.launch]
pytest.importorskip('rclpy')

from hvd_ros.core.episodes.reader import Episode, list_episodes  # noqa: E402
from hvd_ros.core.episodes.repair import repair_all  # noqa: E402
from hvd_ros.nodes.shell import qos  # noqa: E402

# A tick of the mux is 10 ms; the rest is what a busy machine adds with or without a recorder.
GAP_S = 0.15
FRAMES_LOST = 12  # one second, and the frame that was being made


@pytest.fixture
def recording(driving, tmp_path):
    """Drive forward and record it."""
    graph, wire = driving
    root = tmp_path / 'episodes'
    graph.start(
        'recorder',
        parameters={'root': root, 'cameras': '""', 'cloud': 'false', 'free_floor_gb': 0.0},
    )
    status = []
    wire.node.create_subscription(RecorderStatus, 'recorder/status', status.append, qos.LATCHED)
    wire.wait('recorder', lambda: bool(status) and not status[-1].missing, 30.0)
    answer = wire._call(StartEpisode, 'recorder/start', StartEpisode.Request())
    assert answer.success, answer.message
    wire.wait('frames', lambda: status[-1].frames >= 20, 30.0)
    return graph, wire, status, root


def assert_no_gap(wire, since_ns):
    """Commands reach the robot's wire as steadily as before, and it still drives."""
    arrived = np.array([t for t, _ in wire.chassis if t >= since_ns])
    assert len(arrived) > 50
    assert np.diff(arrived).max() / 1e9 < GAP_S
    assert wire.chassis[-1][1][0] > 0.25, wire.why()


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGSTOP], ids=['killed', 'frozen'])
def test_a_recorder_that_is_killed_or_frozen_leaves_the_robots_stream_without_a_gap(
    recording, number
):
    graph, wire, status, root = recording
    frames = status[-1].frames
    at_ns = graph.signal('recorder', number)
    wire.watch(3.0)
    assert_no_gap(wire, at_ns - int(0.2e9))
    if number is signal.SIGSTOP:
        return
    # And what it had written is an episode after a repair, short of a second at most.
    assert list_episodes(root) == []
    assert all(done.rescued for done in repair_all(root))
    (folder,) = list_episodes(root)
    with Episode.open(folder) as episode:
        assert episode.table().frames >= frames - FRAMES_LOST
        assert not episode.meta.healthy


def test_a_recorder_that_starts_and_ends_is_not_felt_by_the_robot(recording):
    graph, wire, status, root = recording
    at_ns = wire.chassis[-1][0]
    for service in ('stop', 'save'):
        assert wire.trigger(f'recorder/{service}').success
    assert wire._call(StartEpisode, 'recorder/start', StartEpisode.Request()).success
    wire.watch(1.0)
    graph.signal('recorder', signal.SIGTERM)
    wire.watch(1.5)
    assert_no_gap(wire, at_ns)
    first, second = sorted(list_episodes(root))
    with Episode.open(first) as episode:
        assert np.nanmax(episode.table().sent[:, wire.body.index('base_vx')]) > 0.25
    with Episode.open(second) as episode:
        assert any('nobody saved it' in note for note in episode.meta.notes)
