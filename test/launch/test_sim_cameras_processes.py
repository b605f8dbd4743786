# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Physics and renderer as two processes: each may be killed or stopped, and the other goes on."""

import signal
import time

import pytest

from hvd_ros.core.errors import DeviceError
from hvd_ros.drivers.cameras.frame_store import state_path
from hvd_ros.drivers.cameras.sim_camera import SimCamera
from hvd_ros.drivers.shared_record import RecordReader
from hvd_ros.drivers.sim_devices import twin_dir

pytest.importorskip('mujoco')
pytestmark = [pytest.mark.ros, pytest.mark.launch]
PATIENCE_S = 30.0


def first_shot(camera):
    """Open a camera and return its next shot, as soon as there is one."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            camera.open()
            return camera.read()
        except DeviceError as error:
            if time.monotonic() > end:
                raise AssertionError(str(error)) from None
            time.sleep(0.02)


def runs_on(board):
    """Return whether the physics makes ten more steps of its tick."""
    end, count = time.monotonic() + PATIENCE_S, 0
    while count < 10:
        assert time.monotonic() < end, 'the physics stands still'
        count += board.read() is not None
        time.sleep(0.001)
    return True


@pytest.fixture
def eyes(graph):
    graph.start('sim_robot', parameters={'scene': 'office'})
    graph.start('sim_cameras', parameters={'width': 64, 'height': 48, 'rate_hz': 20.0})
    camera = SimCamera(twin_dir(), 'head', deadline_s=1.0)
    first_shot(camera)
    yield camera
    camera.close()


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGSTOP])
def test_a_renderer_that_dies_or_hangs_is_a_lost_camera_and_no_trouble_to_the_robot(
    graph, eyes, number
):
    board = RecordReader(state_path(twin_dir()))
    graph.signal('sim_cameras', number)
    with pytest.raises(DeviceError) as lost:
        while True:
            eyes.read()
    assert ('unplugged' if number == signal.SIGKILL else 'no new picture') in str(lost.value)
    assert runs_on(board) and board.alive()
    if number == signal.SIGKILL:
        graph.start('sim_cameras', parameters={'width': 64, 'height': 48})
    else:
        graph.signal('sim_cameras', signal.SIGCONT)
    shot = first_shot(eyes)
    assert time.monotonic_ns() - shot.captured_steady_ns < PATIENCE_S * 1e9


def test_a_robot_that_was_killed_leaves_no_old_picture_and_its_successor_is_drawn(graph, eyes):
    old = eyes.read()
    graph.signal('sim_robot', signal.SIGKILL)
    with pytest.raises(DeviceError, match='see whether sim_robot runs'):
        while True:
            old = eyes.read()
    graph.start('sim_robot', parameters={'scene': 'floor'})
    shot = first_shot(eyes)
    while shot.captured_steady_ns <= old.captured_steady_ns:
        shot = eyes.read()
    assert "'floor'" in graph.log('sim_cameras')
