# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The RealSense driver on librealsense's own software_device, through its real alignment."""

import sys
import time

import cv2
import numpy as np
import pytest

rs = pytest.importorskip('pyrealsense2')

from software_realsense import FOCAL, OFF, SERIAL, SIZE, SoftwareRealsense, lens  # noqa: E402

from hvd_ros.core.errors import DeviceError  # noqa: E402
from hvd_ros.drivers.cameras.realsense import (  # noqa: E402
    RealsenseCamera,
    RealsenseConfig,
)

W, H = SIZE
# What maps half a pixel over the border is lost.
INNER = (slice(1, -1), slice(1, -1))
COUNTER = rs.timestamp_domain.hardware_clock


def config(**changes):
    return RealsenseConfig(**{'width': W, 'height': H, 'read_timeout_s': 0.3, **changes})


def wall_ms():
    return time.clock_gettime_ns(time.CLOCK_REALTIME) / 1e6


@pytest.fixture
def rig():
    opened = []

    def make(device=None, **changes):
        device = device or SoftwareRealsense()
        camera = RealsenseCamera(config(**changes), device.found)
        camera.open()
        opened.append(camera)
        return device, camera

    yield make
    for camera in opened:
        camera.close()


def test_pixels_come_out_as_they_went_in(rig):
    device, camera = rig()
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (H, W, 3), np.uint8)
    # A slope of 1 mm a row; alignment may take a pixel from its neighbour, which is as good.
    mm = np.repeat(np.arange(500, 500 + H, dtype=np.uint16)[:, None], W, axis=1)
    stamp = wall_ms()
    device.depth(mm, stamp, 41)
    device.color(rgb, stamp + 3.0, 12)
    shot = camera.read()
    np.testing.assert_array_equal(shot.color, rgb)
    np.testing.assert_allclose(shot.depth_mm[INNER], mm[INNER], atol=1)
    assert (shot.color.dtype, shot.depth_mm.dtype) == (np.uint8, np.uint16)
    assert shot.sequence == 41
    assert abs(shot.captured_ns - stamp * 1e6) < 1000


def test_depth_moves_to_where_the_colour_camera_sees_it(rig):
    # A camera 20 mm to the side sees a wall at 1 m shifted by f * b / z = 1 pixel.
    device, camera = rig(SoftwareRealsense(baseline_m=0.02))
    mm = np.full((H, W), 1000, np.uint16)
    mm[20, 30] = 500  # half as far: twice the shift
    stamp = wall_ms()
    device.depth(mm, stamp, 1)
    device.color(np.zeros((H, W, 3), np.uint8), stamp, 1)
    shot = camera.read()
    assert round(FOCAL * 0.02 / 0.5) == 2
    assert shot.depth_mm[20, 32] == 500
    assert (shot.depth_mm[1:-1, 2:-1] > 0).all()
    assert (shot.depth_mm[:, 0] == 0).all()  # not seen by the depth camera: unknown, not invented


def test_shots_outlive_the_frames_of_the_library(rig):
    device, camera = rig()
    shots = []
    for number in range(1, 40):  # more than librealsense has frames
        device.both(wall_ms(), number, mm=1000 + number, value=number)
        shots.append(camera.read())
    assert [int(s.color[0, 0, 0]) for s in shots] == list(range(1, 40))
    assert [int(s.depth_mm[9, 9]) for s in shots] == list(range(1001, 1040))
    # A view would keep the frame from the library, which has few.
    assert all(s.color.flags.owndata and s.depth_mm.flags.owndata for s in shots)


def test_depth_units_of_the_device_become_millimetres(rig):
    device, camera = rig(SoftwareRealsense(units_m=0.0001))  # as a D405
    device.both(wall_ms(), 1, mm=12346)
    assert (camera.read().depth_mm[INNER] == 1235).all()


def test_depth_beyond_16_bits_of_millimetres_is_unknown(rig):
    device, camera = rig(SoftwareRealsense(units_m=0.002))
    device.both(wall_ms(), 1, mm=40000)
    assert (camera.read().depth_mm == 0).all()


def test_a_depth_without_its_colour_is_never_paired_with_another_moment(rig):
    device, camera = rig()
    start = wall_ms() - 500
    device.depth(np.full((H, W), 900, np.uint16), start, 1)  # its colour was lost
    device.color(np.zeros((H, W, 3), np.uint8), start + 100, 2)  # and this one's depth
    with pytest.raises(DeviceError, match='no image for 0.3 s'):
        camera.read()
    device.both(start + 200, 3, mm=1100)
    shot = camera.read()
    assert (shot.sequence, int(shot.depth_mm[9, 9])) == (3, 1100)


def test_stamps_of_the_device_counter_are_moved_to_the_clocks_of_this_computer(rig):
    device, camera = rig()
    before = wall_ms()
    device.both(1000.0, 1, domain=COUNTER)
    first = camera.read()
    device.both(1033.0, 2, domain=COUNTER)
    second = camera.read()
    assert before * 1e6 <= first.captured_ns <= wall_ms() * 1e6
    assert 0 < second.captured_steady_ns - first.captured_steady_ns <= 33e6 + 1000
    assert second.captured_steady_ns <= time.monotonic_ns()


def test_streams_on_two_clocks_are_not_paired(rig):
    device, camera = rig()
    device.depth(np.full((H, W), 900, np.uint16), 1000.0, 1, domain=COUNTER)
    device.color(np.zeros((H, W, 3), np.uint8), 1000.0, 1)
    with pytest.raises(DeviceError, match='no image'):
        camera.read()


def test_intrinsics_are_those_of_colour(rig):
    _, camera = rig(SoftwareRealsense(color_lens=lens(SIZE, focal=61.5)))
    made = camera.intrinsics
    assert (made.width, made.height, made.fx, made.cy) == (W, H, 61.5, pytest.approx(24.0 + OFF))
    assert made.distortion == ()


@pytest.mark.parametrize('model', ['inverse_brown_conrady', 'brown_conrady'])
def test_the_lens_models_of_a_d400_are_plumb_bob_to_opencv(rig, model):
    coeffs = (-0.055, 0.065, -0.0003, 0.0005, -0.021)
    optics = lens(SIZE, model=getattr(rs.distortion, model), coeffs=coeffs)
    _, camera = rig(SoftwareRealsense(color_lens=optics))
    made = camera.intrinsics
    pixels = [(1.0, 1.0), (60.0, 5.0), (32.0, 24.0), (10.0, 44.0)]
    rays = [rs.rs2_deproject_pixel_to_point(optics, list(pixel), 1.0) for pixel in pixels]
    seen, _ = cv2.projectPoints(
        np.array(rays), np.zeros(3), np.zeros(3), made.matrix, np.array(made.distortion)
    )
    np.testing.assert_allclose(seen[:, 0], pixels, atol=0.02)


def test_a_lens_that_plumb_bob_can_not_say_is_refused():
    optics = lens(SIZE, model=rs.distortion.kannala_brandt4, coeffs=(0.1, 0.0, 0.0, 0.0, 0.0))
    camera = RealsenseCamera(config(), SoftwareRealsense(color_lens=optics).found)
    with pytest.raises(DeviceError, match='kannala_brandt4, which plumb_bob can not say'):
        camera.open()


def test_the_serial_chooses_and_the_error_lists_what_was_seen():
    one, two = SoftwareRealsense('111'), SoftwareRealsense('222')

    def found():
        return one.found() + two.found()

    camera = RealsenseCamera(config(serial='222'), found)
    camera.open()
    assert 'D435I 222' in camera.about
    camera.close()
    with pytest.raises(DeviceError, match=r'333 is not connected; seen: 111 \(.*222'):
        RealsenseCamera(config(serial='333'), found).open()
    with pytest.raises(DeviceError, match='set serial to one of them: 111'):
        RealsenseCamera(config(), found).open()
    with pytest.raises(DeviceError, match='no RealSense is connected'):
        RealsenseCamera(config(), list).open()


def test_a_size_that_the_camera_lacks_is_refused_with_what_it_offers():
    camera = RealsenseCamera(config(fps=90), SoftwareRealsense().found)
    with pytest.raises(DeviceError, match='no depth of 64x48 at 90 Hz .* it offers 64x48 at 30'):
        camera.open()


def test_unplugged_is_noticed_at_once_and_plugged_in_again_works(rig):
    device, camera = rig(read_timeout_s=60.0, serial=SERIAL)
    device.both(wall_ms(), 1)
    camera.read()
    device.plugged = False
    before = time.monotonic()
    with pytest.raises(DeviceError, match='was unplugged'):
        camera.read()
    assert time.monotonic() - before < 30.0
    camera.close()
    with pytest.raises(DeviceError, match='no RealSense is connected'):
        camera.open()
    device.plugged = True
    camera.open()
    device.both(wall_ms(), 2, mm=1500)
    assert (camera.read().depth_mm[INNER] == 1500).all()


def test_what_was_not_opened_says_so(rig):
    camera = RealsenseCamera(config(), SoftwareRealsense().found)
    with pytest.raises(DeviceError, match='not open'):
        camera.read()
    with pytest.raises(DeviceError, match='known after open'):
        _ = camera.intrinsics
    camera.close()
    camera.close()


def test_without_the_package_the_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pyrealsense2', None)
    with pytest.raises(DeviceError, match=r'hvd_ros\[cameras\]'):
        RealsenseCamera(config()).open()


def test_the_real_library_finds_no_camera_here_or_says_which():
    try:
        camera = RealsenseCamera(config(serial='no such serial'))
        with pytest.raises(DeviceError, match='no RealSense is connected|seen: '):
            camera.open()
    finally:
        camera.close()
