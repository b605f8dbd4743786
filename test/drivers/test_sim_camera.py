# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The twin's camera: every picture once, with its true time; a loud error when there is none."""

import threading
import time

import pytest

from hvd_ros.core.errors import DeviceError
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.drivers.cameras.camera import Camera
from hvd_ros.drivers.cameras.frame_store import camera_path, frame_writer, state_writer
from hvd_ros.drivers.cameras.sim_camera import SimCamera
from hvd_ros.drivers.shared_record import RecordReader

PINHOLE = Intrinsics(8, 6, 7.0, 7.5, 3.5, 2.5)


@pytest.fixture
def store(tmp_path):
    writer = frame_writer(tmp_path, 'head', PINHOLE)
    yield writer
    writer.close()


@pytest.fixture
def camera(store, tmp_path):
    camera: Camera = SimCamera(tmp_path, 'head', deadline_s=0.05)
    camera.open()
    yield camera
    camera.close()


def show(store, value, captured_ns=1, steady_ns=2):
    record = store.begin()
    record['captured_ns'], record['captured_steady_ns'] = captured_ns, steady_ns
    record['color'][:], record['depth_mm'][:] = value, 100 * value
    store.commit()


def test_a_shot_is_what_was_drawn_with_the_time_of_the_drawn_state(store, camera):
    show(store, 9, captured_ns=1_700_000_000_000_000_001, steady_ns=77)
    shot = camera.read()
    assert shot.color.shape == (6, 8, 3) and (shot.color == 9).all()
    assert shot.depth_mm.shape == (6, 8) and (shot.depth_mm == 900).all()
    assert shot.color.dtype == 'uint8' and shot.depth_mm.dtype == 'uint16'
    assert (shot.captured_ns, shot.captured_steady_ns) == (1_700_000_000_000_000_001, 77)
    assert camera.intrinsics == PINHOLE


def test_a_read_waits_for_a_new_shot_and_skips_what_it_missed(store, camera):
    for value in (1, 2, 3):
        show(store, value)
    assert camera.read().sequence == 3
    late = threading.Timer(0.01, show, (store, 4))
    late.start()
    assert camera.read().sequence == 4
    late.join()


def test_a_frozen_camera_is_an_error_after_the_deadline(store, camera):
    show(store, 1)
    camera.read()
    start = time.monotonic()
    with pytest.raises(DeviceError, match=r'camera head: no new picture for 0\.05 s'):
        camera.read()
    assert time.monotonic() - start >= 0.05
    show(store, 2)  # and it recovers by itself
    assert camera.read().sequence == 2


def test_an_unplugged_camera_is_an_error_and_comes_back(store, camera, tmp_path):
    store.close()
    with pytest.raises(DeviceError, match='unplugged'):
        camera.read()
    with pytest.raises(DeviceError, match='start sim_cameras'):
        camera.open()
    again = frame_writer(tmp_path, 'head', PINHOLE)
    camera.open()
    show(again, 5)
    assert (camera.read().color == 5).all()
    again.close()


def test_what_a_dead_renderer_left_is_no_camera(store, tmp_path):
    left = camera_path(tmp_path, 'head').read_bytes()
    camera_path(tmp_path, 'left_wrist').write_bytes(left)
    with pytest.raises(DeviceError, match='camera left_wrist of the twin is unplugged'):
        SimCamera(tmp_path, 'left_wrist').open()


def test_a_camera_that_is_not_open_says_so(tmp_path):
    camera = SimCamera(tmp_path, 'head')
    camera.close()
    for act in (camera.read, lambda: camera.intrinsics):
        with pytest.raises(DeviceError, match='not open'):
            act()


def test_a_shot_is_not_overwritten_by_later_ones(store, camera):
    show(store, 1)
    shot = camera.read()
    for value in (2, 3, 4):
        show(store, value)
        camera.read()
    assert (shot.color == 1).all() and (shot.depth_mm == 100).all()


def test_the_state_tells_how_to_build_its_model(tmp_path):
    board = state_writer(tmp_path, 3, {'robot': 'r1', 'scene': 'office'})
    record = board.begin()
    record['qpos'], record['time_s'] = (1.0, 2.0, 3.0), 0.5
    board.commit()
    reader = RecordReader(tmp_path / 'state')
    assert reader.about == {'robot': 'r1', 'scene': 'office'}
    assert reader.read()['qpos'].tolist() == [1.0, 2.0, 3.0]
    board.close()
