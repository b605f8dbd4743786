# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What was recorded in a whole graph is done again by the twin, through the mux."""

import signal
import time

from hvd_msgs.msg import RecorderStatus
from hvd_msgs.srv import StartEpisode
import numpy as np
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.launch]
pytest.importorskip('rclpy')

from hvd_ros.core.episodes.reader import Episode, list_episodes  # noqa: E402
from hvd_ros.nodes.shell import qos  # noqa: E402

RAISED_RAD = 0.3


@pytest.fixture
def recorded(driving, tmp_path):
    """Drive forward, raise an arm, stop; the folder of the episode of it."""
    graph, wire = driving
    root = tmp_path / 'episodes'
    graph.start(
        'recorder',
        parameters={'root': root, 'cameras': '""', 'cloud': 'false', 'free_floor_gb': 0.0},
    )
    status = []
    wire.node.create_subscription(RecorderStatus, 'recorder/status', status.append, qos.LATCHED)
    wire.wait('recorder', lambda: bool(status) and not status[-1].missing, 30.0)
    assert wire._call(StartEpisode, 'recorder/start', StartEpisode.Request()).success
    _raise(wire, RAISED_RAD)
    wire.watch(1.0)
    wire.sticks = [0.0, 0.0, 0.0, 0.0]
    wire.watch(1.0)
    for service in ('stop', 'save'):
        assert wire.trigger(f'recorder/{service}').success
    (folder,) = list_episodes(root)
    return graph, wire, folder


def test_a_recorded_episode_is_done_again_by_the_twin(recorded):
    graph, wire, folder = recorded
    # The arm goes back, so that there is a way to the first pose, and nobody holds the leader.
    _raise(wire, -RAISED_RAD)
    wire.pressed = set()
    for node in ('mux', 'recorder'):
        graph.signal(node, signal.SIGTERM)
    wire.watch(3.0)
    graph.start('mux', parameters={'require_deadman': 'false'})
    wire.watch(2.0)
    begun_ns = time.monotonic_ns()
    graph.start('replay', parameters={'episode': folder, 'drive': 'true'})
    wire.wait('the end', lambda: 'the episode has ended' in graph.log('replay'), 60.0)
    with Episode.open(folder) as episode:
        table = episode.table()
    sent, vx = table.trace_sent, wire.body.index('base_vx')
    since = int(np.searchsorted(table.trace_received_ns, table.stamp_ns[0]))
    driven_m = float(np.nansum(sent[since:, vx])) * 0.01
    again_m = _integral(wire.chassis, begun_ns)
    assert driven_m > 0.4, 'the recording holds a drive'
    # It began at full speed; a base that stands is brought up to that first.
    brought_up_m = sent[since, vx] ** 2 / (2 * wire.body.limits.acceleration[vx])
    assert again_m == pytest.approx(driven_m - brought_up_m, abs=0.04)
    left = [wire.body.index(f'left_arm_joint{i}') for i in range(1, 7)]
    assert np.abs(wire.joints['arm_left'][-1][1] - sent[-1, left]).max() < 0.03


def _raise(wire, by_rad, steps=20):
    """Move a leader joint as a person does; a jump would be refused."""
    for _ in range(steps):
        wire.hand = wire.hand + by_rad / steps * np.eye(len(wire.hand))[1]
        wire.watch(0.05)


def _integral(chassis, since_ns):
    """Return how far the chassis was told to go [m]."""
    after = [(t, twist[0]) for t, twist in chassis if t >= since_ns]
    seconds = np.diff([t for t, _ in after]) / 1e9
    return float(np.sum(seconds * np.array([v for _, v in after[:-1]])))
