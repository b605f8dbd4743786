# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the doctor says about cameras."""

from types import SimpleNamespace

import pytest

from hvd_ros.cli.checks.cameras import check_realsense, check_sockets, check_zed
from hvd_ros.core.errors import DeviceError

rs = pytest.importorskip('pyrealsense2')


def realsense(serial, usb):
    device = rs.software_device()
    device.register_info(rs.camera_info.name, 'Intel RealSense D435I')
    device.register_info(rs.camera_info.serial_number, serial)
    if usb:
        device.register_info(rs.camera_info.usb_type_descriptor, usb)
    return device


def test_every_realsense_is_listed_and_one_at_usb_2_is_a_failure():
    found = check_realsense(lambda: [realsense('111', '3.2'), realsense('222', '2.1')])
    assert [(f.level, '111' in f.text, '222' in f.text) for f in found] == [
        ('ok', True, False),
        ('fail', False, True),
    ]
    assert 'USB 3 port' in found[1].fix


def test_a_realsense_that_does_not_say_its_port_is_listed():
    (found,) = check_realsense(lambda: [realsense('111', '')])
    assert (found.level, 'at USB unknown' in found.text) == ('ok', True)


def test_no_realsense_is_fine_and_the_real_library_can_be_asked():
    assert check_realsense(list)[0].level == 'ok'
    assert check_realsense()


def test_a_bus_that_can_not_be_read_is_a_failure():
    def broken():
        raise RuntimeError('failed to open usb interface: 0, error: RS2_USB_STATUS_ACCESS')

    (found,) = check_realsense(broken)
    assert (found.level, 'USB_STATUS_ACCESS' in found.text) == ('fail', True)


def test_the_sdk_of_the_zed_is_absent_a_stranger_or_there():
    def absent():
        raise DeviceError('the ZED SDK has no Python API here: install it')

    def stranger():
        raise DeviceError("'pyzed' is installed without pyzed.sl: an unrelated package; pip ...")

    zed = SimpleNamespace(serial_number=31234567, camera_model=SimpleNamespace(name='ZED2i'))
    sdk = SimpleNamespace(
        Camera=SimpleNamespace(get_sdk_version=lambda: '5.4.0', get_device_list=lambda: [zed])
    )
    assert check_zed(absent)[0].level == 'ok'
    (found,) = check_zed(stranger)
    assert (found.level, found.fix) == ('fail', 'pip uninstall pyzed')
    assert [f.text for f in check_zed(lambda: sdk)] == [
        'ZED SDK 5.4.0; cameras: 1',
        'ZED2i 31234567',
    ]
    assert check_zed()[0].check == 'zed'


@pytest.mark.parametrize(('allowed', 'level'), [(212992, 'warn'), (4194304, 'ok')])
def test_sockets_too_small_for_images_are_told_with_the_cure(tmp_path, allowed, level):
    file = tmp_path / 'proc/sys/net/core/rmem_max'
    file.parent.mkdir(parents=True)
    file.write_text(f'{allowed}\n')
    (found,) = check_sockets(tmp_path)
    assert found.level == level
    assert ('net.core.rmem_max=4194304' in found.fix) == (level == 'warn')
