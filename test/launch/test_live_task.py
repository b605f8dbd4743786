# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The same episode twice: headless, and in real time through the whole graph by hands and thumbs.

What is compared is the physics of the twin, not what any node says of itself. The tolerances are
those of docs/tasks.md.
"""

import time

import numpy as np
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.launch]
pytest.importorskip('rclpy')

from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402

from hvd_ros.core.errors import DeviceError  # noqa: E402
from hvd_ros.drivers.cameras.frame_store import state_path  # noqa: E402
from hvd_ros.drivers.shared_record import RecordReader  # noqa: E402
from hvd_ros.drivers.sim_devices import twin_dir  # noqa: E402
from hvd_ros.nodes.shell import qos  # noqa: E402
from hvd_ros.sim.mirror import Mirror  # noqa: E402
from hvd_ros.sim.tasks import facts  # noqa: E402
from test.launch.graph import TELEOP  # noqa: E402
from test.launch.wire import Wire  # noqa: E402
from test.sim.likeness import likeness  # noqa: E402
from test.sim.test_live_play import BODY, headless  # noqa: E402

TASK, SEED = 'pen_insert', 101
LONGEST_S = 80.0
ROBOT = 23  # of qpos: its base, torso, arms and fingers come first
STILL = 1e-3  # [rad] of any joint: nobody moves it


class Onlookers:
    """Follows the physics of the twin ten times a second of its own time, and the score."""

    def __init__(self, wire):
        self.states, self.scores = [], []
        wire.node.create_subscription(
            DiagnosticStatus, 'sim_robot/score', self.scores.append, qos.LATCHED
        )
        wire.wait('the twin', self._open)
        self._due_s = 0.0

    def _open(self):
        try:
            self._state = RecordReader(state_path(twin_dir()))
        except DeviceError:
            return False
        return True

    def look(self):
        state = self._state.read()
        if state is not None and state['time_s'] >= self._due_s:
            self._due_s = state['time_s'] + 0.0975
            self.states.append(state)

    @property
    def moving(self):
        """From the first state in which anybody had moved the robot (N, nq)."""
        qpos = np.array([state['qpos'] for state in self.states])
        moved = np.abs(qpos[:, :ROBOT] - qpos[0, :ROBOT]).max(axis=1) > STILL
        return qpos[max(0, int(np.argmax(moved)) - 1) :]


@pytest.fixture
def wire():
    """Watch only: the hands are the operator's."""
    wire = Wire(steer=False)
    yield wire
    wire.close()


@pytest.mark.timeout(200)
def test_an_expert_through_the_graph_does_the_episode_that_it_does_headless(graph, wire):
    env, alone = headless(TASK, SEED)
    graph.start('sim_robot', parameters={'scene': TASK, 'seed': SEED})
    graph.start_all(tuple(node for node in TELEOP if node != 'sim_robot'))
    graph.start('scripted_operator', parameters={'script': TASK, 'once': 'true'})
    onlookers = Onlookers(wire)
    end = time.monotonic() + LONGEST_S
    while 'success' not in [s.message for s in onlookers.scores] and time.monotonic() < end:
        onlookers.look()
        wire.watch(0.005)
    said = graph.log('scripted_operator') + graph.log('sim_robot')
    assert onlookers.scores and onlookers.scores[-1].message == 'success', said
    assert {v.key: v.value for v in onlookers.scores[-1].values}['success'] == 'true'

    twin = Mirror(BODY, TASK, SEED)
    twin.place(onlookers.states[-1]['physics'])
    assert env.scores == (1.0,)
    pens = [facts.pose(data, 'pen')[0] for data in (env.data, twin.data)]
    assert np.linalg.norm(pens[0] - pens[1]) < 0.03, pens
    found = likeness(env.model, alone, onlookers.moving)
    print(found.text)
    assert found.joints_rms_rad < 0.05, found.text
    assert found.joints_max_rad < 0.3, found.text
    assert found.base_max_m < 0.03, found.text
    assert found.yaw_max_rad < 0.05, found.text
    assert -1.0 < found.longer_s < 5.0, found.text
