# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From the physics of one node to the pictures of another, and what breaks on the way."""

import time

from hvd_msgs.srv import InjectFault
import numpy as np
import pytest

pytest.importorskip('mujoco')

from hvd_ros.core.errors import DeviceError  # noqa: E402
from hvd_ros.drivers.cameras.frame_store import camera_path, state_path  # noqa: E402
from hvd_ros.drivers.cameras.sim_camera import SimCamera  # noqa: E402
from hvd_ros.drivers.shared_record import RecordReader  # noqa: E402
from hvd_ros.nodes.sim_cameras_node import CAMERAS, SimCamerasNode  # noqa: E402
from hvd_ros.nodes.sim_robot_node import SimRobotNode  # noqa: E402
from test.nodes.node_room import NodeRoom  # noqa: E402

pytestmark = pytest.mark.ros
SMALL = {'width': 64, 'height': 48, 'rate_hz': 30.0}


class Room(NodeRoom):
    """A namespace with a simulated robot, its cameras, and a reader of each."""

    def __init__(self, **parameters) -> None:
        super().__init__()
        self.robot = self.add(SimRobotNode, {'scene': 'office', 'feedback_hz': 50.0})
        self.eyes = self.add(SimCamerasNode, SMALL | parameters)
        self.cameras = {name: SimCamera(self.eyes.folder, name, 0.0) for name in CAMERAS}
        for camera in self.cameras.values():
            camera.open()
        self.user = self.add_user()
        self._faults = self.user.create_client(InjectFault, 'sim_cameras/fault')

    def shot(self, name):
        """Return the next shot of a camera; the deadline of zero lets the nodes go on."""
        found = []

        def look() -> bool:
            try:
                found.append(self.cameras[name].read())
            except DeviceError:
                return False
            return True

        self.until(look)
        return found[0]

    def error(self, name) -> str:
        """Run for three pictures' time, then return why there is none."""
        end = time.monotonic() + 0.1
        self.until(lambda: time.monotonic() > end)
        with pytest.raises(DeviceError) as caught:
            while True:
                self.cameras[name].read()
        return str(caught.value)

    def fault(self, kind, target='', amount=0.0) -> InjectFault.Response:
        self.until(self._faults.service_is_ready)
        request = InjectFault.Request(fault=kind, target=target, amount=amount)
        future = self._faults.call_async(request)
        self.until(future.done)
        return future.result()


@pytest.fixture
def room():
    room = Room()
    yield room
    room.close()


def test_every_camera_shows_the_room_at_the_time_of_the_state(room):
    board = RecordReader(state_path(room.eyes.folder))
    for name in CAMERAS:
        shot = room.shot(name)
        assert shot.color.shape == (48, 64, 3) and shot.depth_mm.shape == (48, 64)
        assert shot.color.std() > 5 and (shot.depth_mm > 0).mean() > 0.3
        age_ns = time.monotonic_ns() - shot.captured_steady_ns
        assert 0 < age_ns < 10_000_000_000
        # One instant on two clocks.
        wall_age_ns = time.clock_gettime_ns(time.CLOCK_REALTIME) - shot.captured_ns
        assert abs(wall_age_ns - age_ns) < 20_000_000
    state = board.read()
    assert board.about == {'robot': 'r1', 'scene': 'office', 'seed': 0, 'setting': 'usual'}
    assert state['qpos'].shape == (room.robot._side.robot.model.nq,)


def test_all_cameras_of_one_picture_share_one_instant(room):
    shots = [room.shot(name) for name in CAMERAS]
    while len({shot.sequence for shot in shots}) > 1:
        shots = [room.shot(name) for name in CAMERAS]
    assert len({shot.captured_ns for shot in shots}) == 1


def test_the_picture_follows_the_robot(room):
    before = room.shot('head')
    room.robot._side.robot.data.qpos[2] = 0.5  # turned to the left
    count = before.sequence

    def turned() -> bool:
        shot = room.shot('head')
        return (
            shot.sequence > count + 1 and np.abs(shot.color - before.color.astype(int)).mean() > 5
        )

    room.until(turned)


def test_one_frozen_camera_leaves_the_others_alone(room):
    room.shot('head')
    assert room.fault('freeze', 'head').success
    assert 'camera head: no new picture' in room.error('head')
    room.shot('left_wrist')
    room.fault('none')
    room.shot('head')


def test_an_unplugged_camera_is_gone_until_it_is_plugged_in(room):
    room.shot('head')
    room.fault('unplug', 'right_wrist')
    room.until(lambda: not camera_path(room.eyes.folder, 'right_wrist').exists())
    assert 'unplugged' in room.error('right_wrist')
    room.shot('head')
    room.fault('none', 'right_wrist')
    room.until(lambda: camera_path(room.eyes.folder, 'right_wrist').exists())
    room.cameras['right_wrist'].open()
    room.shot('right_wrist')


def test_a_covered_lens_sees_nothing(room):
    room.fault('black', 'left_wrist')
    room.shot('left_wrist')
    room.until(lambda: not room.shot('left_wrist').color.any())
    assert not room.shot('left_wrist').depth_mm.any()
    assert room.shot('head').color.any()


def test_a_delayed_picture_keeps_the_time_of_its_capture(room):
    room.fault('delay', 'head', 0.25)

    def late() -> bool:
        age_ns = time.monotonic_ns() - room.shot('head').captured_steady_ns
        return age_ns >= 250_000_000

    room.until(late)
    stamps = [room.shot('head').captured_steady_ns for _ in range(4)]
    assert stamps == sorted(set(stamps))
    room.fault('none')
    room.until(lambda: not late())


def test_a_wrong_fault_is_refused_with_a_hint(room):
    assert "did you mean 'freeze'" in room.fault('frezee').message
    answer = room.fault('freeze', 'haed')
    assert not answer.success and "did you mean 'head'" in answer.message
    assert not room.fault('motor_fault', 'head').success


def test_without_physics_no_picture_is_invented_and_a_new_robot_is_found(room):
    room.shot('head')
    room.remove(room.robot)
    assert not state_path(room.eyes.folder).exists()
    assert 'see whether sim_robot runs' in room.error('head')
    room.robot = room.add(SimRobotNode, {'scene': 'floor'})
    room.shot('head')


def test_nodes_that_end_leave_nothing_behind(room):
    folder = room.eyes.folder
    assert len(list(folder.iterdir())) == 1 + len(CAMERAS)
    for node in (room.eyes, room.robot):
        node.close()
        node.close()
    assert list(folder.iterdir()) == []


def test_the_cameras_may_sit_elsewhere_than_drawn(room, tmp_path):
    from hvd_ros.core.robot.description import load_body
    from hvd_ros.core.vision.mounts import CameraMount, nominal_mounts, save_mounts

    drawn = nominal_mounts(load_body('r1'))['head']
    pose = drawn.parent_from_camera.copy()
    pose[:3, 3] += (0.0, 0.05, 0.0)
    bumped = CameraMount('head', drawn.parent, pose, '2026-01-01T00:00:00+00:00')
    path = save_mounts(tmp_path / 'true.json', {'head': bumped})
    other = Room(mounts=str(path))
    try:
        one, two = room.shot('head'), other.shot('head')
        assert np.abs(one.color - two.color.astype(int)).mean() > 1
    finally:
        other.close()
