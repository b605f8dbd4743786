# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The ZED driver against a stand-in for the Python API of the SDK."""

import importlib
from pathlib import Path
import sys
import time

import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError, DeviceError
from hvd_ros.drivers.cameras.zed import ZedCamera, ZedConfig

STAND_IN = Path(__file__).parent / 'zed_stand_in'
pytestmark = pytest.mark.skipif(not STAND_IN.exists(), reason='the stand-in was deleted')
W, H = 336, 188


def now_ns():
    return time.clock_gettime_ns(time.CLOCK_REALTIME)


def forget_pyzed():
    for name in [n for n in sys.modules if n.partition('.')[0] == 'pyzed']:
        del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def sl(monkeypatch):
    forget_pyzed()
    monkeypatch.syspath_prepend(STAND_IN)
    yield importlib.import_module('pyzed.sl')
    forget_pyzed()


@pytest.fixture
def device(sl):
    rng = np.random.default_rng(3)
    device = sl.Plugged(31234567)
    device.bgra = rng.integers(0, 256, (H, W, 4), np.uint8)
    device.depth_mm = rng.integers(0, 65001, (H, W), np.uint16)
    device.stamps_ns = [now_ns()]
    sl.BUS.append(device)
    return device


def config(**changes):
    return ZedConfig(**{'width': W, 'height': H, 'read_timeout_s': 0.2, **changes})


@pytest.fixture
def camera(device):
    camera = ZedCamera(config())
    camera.open()
    yield camera
    camera.close()


def test_the_left_image_and_its_depth_come_out_as_rgb_and_millimetres(camera, device):
    shot = camera.read()
    np.testing.assert_array_equal(shot.color[..., 0], device.bgra[..., 2])
    np.testing.assert_array_equal(shot.color[..., 1], device.bgra[..., 1])
    np.testing.assert_array_equal(shot.color[..., 2], device.bgra[..., 0])
    np.testing.assert_array_equal(shot.depth_mm, device.depth_mm)
    assert (shot.color.flags.c_contiguous, shot.depth_mm.dtype) == (True, np.uint16)


def test_a_shot_outlives_the_memory_of_the_sdk(camera, device):
    first = camera.read()
    kept = first.color.copy(), first.depth_mm.copy()
    device.bgra, device.depth_mm = np.zeros_like(device.bgra), np.zeros_like(device.depth_mm)
    device.stamps_ns = [now_ns()]
    second = camera.read()
    assert not second.color.any()
    np.testing.assert_array_equal(first.color, kept[0])
    np.testing.assert_array_equal(first.depth_mm, kept[1])
    assert second.sequence == first.sequence + 1


def test_the_stamp_is_the_exposure_not_the_arrival_in_memory(device):
    in_memory_ns = device.stamps_ns[0]
    camera = ZedCamera(config(fps=30, transfer_frames=2.5))
    camera.open()
    shot = camera.read()
    assert shot.captured_ns == in_memory_ns - round(2.5 / 30 * 1e9)
    age_ns = time.monotonic_ns() - shot.captured_steady_ns
    assert abs(age_ns - (now_ns() - shot.captured_ns)) < 5e6
    camera.close()


def test_intrinsics_are_those_of_the_size_that_was_asked_for(camera):
    made = camera.intrinsics
    assert (made.width, made.height, made.fx, made.cx) == (W, H, 130.0, W / 2)
    assert made.distortion == ()  # the image is rectified


def test_the_camera_is_opened_as_configured(camera, sl):
    parameters = sl.Camera.opened[-1]
    assert parameters.serial_number == 31234567
    assert parameters.camera_resolution is sl.RESOLUTION.VGA
    assert parameters.depth_mode is sl.DEPTH_MODE.NEURAL_LIGHT
    assert parameters.async_grab_camera_recovery
    assert 'ZED2i 31234567, SDK 5.4.0, VGA at 30 Hz' in camera.about


@pytest.mark.parametrize(
    ('size', 'name'), [((672, 376), 'VGA'), ((960, 540), 'HD720'), ((1920, 1080), 'HD1080')]
)
def test_the_smallest_resolution_that_suffices_is_used(sl, size, name):
    sl.BUS.append(sl.Plugged(5))
    camera = ZedCamera(config(width=size[0], height=size[1]))
    camera.open()
    assert sl.Camera.opened[-1].camera_resolution.name == name
    camera.close()


def test_what_a_zed_can_not_give_is_refused_with_what_it_can():
    with pytest.raises(ConfigError, match='no 640x480; it gives 672x376'):
        ZedCamera(ZedConfig(width=640, height=480))


def test_an_unknown_depth_mode_is_refused_with_the_known_ones(device):
    with pytest.raises(ConfigError, match="did you mean 'NEURAL'"):
        ZedCamera(config(depth_mode='NEURALL')).open()


def test_a_repeated_image_is_never_a_new_shot(camera):
    camera.read()
    with pytest.raises(DeviceError, match='no new image for 0.2 s'):
        camera.read()


def test_a_corrupted_image_is_passed_over(camera, device):
    device.errors = ['CORRUPTED_FRAME', 'CORRUPTED_FRAME']
    assert camera.read().sequence == 1


def test_unplugged_is_an_error_and_plugged_in_again_works(camera, device, sl):
    camera.read()
    sl.BUS.remove(device)
    with pytest.raises(DeviceError, match='CAMERA_REBOOTING; it lost its connection'):
        camera.read()
    camera.close()
    with pytest.raises(DeviceError, match='no ZED is connected'):
        camera.open()
    sl.BUS.append(device)
    device.stamps_ns = [now_ns()]
    camera.open()
    assert camera.read().sequence == 2  # goes on, so that nobody takes it for an old one


def test_the_serial_chooses_and_the_error_lists_what_was_seen(sl):
    sl.BUS.extend([sl.Plugged(111), sl.Plugged(222)])
    camera = ZedCamera(config(serial='222'))
    camera.open()
    assert sl.Camera.opened[-1].serial_number == 222
    camera.close()
    with pytest.raises(DeviceError, match='333 is not connected; seen: 111, 222'):
        ZedCamera(config(serial='333')).open()
    with pytest.raises(DeviceError, match='set serial to one of them: 111, 222'):
        ZedCamera(config()).open()


@pytest.mark.parametrize(
    ('error', 'fix'), [('NO_GPU_DETECTED', 'nvidia-smi'), ('FAILURE', 'ZED_Diagnostic')]
)
def test_what_the_sdk_refuses_is_named_with_a_next_step(device, error, fix):
    device.open_error = error
    with pytest.raises(DeviceError, match=f'can not be opened: {error}; .*{fix}'):
        ZedCamera(config()).open()


def test_a_fallback_of_the_sdk_is_told(device):
    device.open_error = 'CONFIGURATION_FALLBACK'
    camera = ZedCamera(config())
    camera.open()
    assert 'CONFIGURATION_FALLBACK' in camera.about
    camera.close()


def test_without_the_sdk_its_installer_is_named(monkeypatch):
    forget_pyzed()
    monkeypatch.setattr(sys, 'path', [p for p in sys.path if not (Path(p) / 'pyzed').exists()])
    with pytest.raises(DeviceError, match='install the ZED SDK .*get_python_api.py'):
        ZedCamera(config()).open()


def test_the_unrelated_package_of_that_name_is_told_apart_and_never_run(tmp_path, monkeypatch):
    forget_pyzed()
    package = tmp_path / 'pyzed'
    package.mkdir()
    (package / '__init__.py').write_text('raise SystemExit("a stranger ran")')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DeviceError, match='unrelated package from PyPI; pip uninstall pyzed'):
        ZedCamera(config()).open()


def test_a_damaged_sdk_says_what_failed_to_import(tmp_path, monkeypatch):
    forget_pyzed()
    package = tmp_path / 'pyzed'
    package.mkdir()
    (package / '__init__.py').write_text('')
    (package / 'sl.py').write_text("raise ImportError('libsl_zed.so: not found')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DeviceError, match='libsl_zed.so: not found'):
        ZedCamera(config()).open()
    forget_pyzed()
