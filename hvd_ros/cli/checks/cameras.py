# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Cameras: which are plugged in and how, what their libraries say, and room for images on the way.

The libraries are asked in this interpreter; `interpreters` asks those of the node scripts.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hvd_ros.cli.checks.finding import Finding, fail, ok, warn
from hvd_ros.core.errors import DeviceError
from hvd_ros.drivers.cameras.realsense import connected, realsense_sdk
from hvd_ros.drivers.cameras.zed_sdk import zed_sdk

# config/fastdds.xml asks for as much; three cameras in one moment send some 700 kB.
_SOCKET_BYTES = 4_194_304
_USB3 = 'use a USB 3 port and the cable that came with the camera'
_TWIN = 'the twin needs none'


def check_realsense(find: Callable[[], Sequence[Any]] = connected) -> list[Finding]:
    """List the RealSense cameras with their serials and how they are plugged in."""
    try:
        rs = realsense_sdk()
        devices = find()
    except DeviceError as error:
        return [ok('realsense', f'{error} ({_TWIN})')]
    except RuntimeError as error:  # librealsense may not read the bus
        return [fail('realsense', f'librealsense: {error}', 'install the udev rules: config/udev')]
    if not devices:
        return [ok('realsense', f'no RealSense is connected ({_TWIN})')]
    return [_of_realsense(rs.camera_info, device) for device in devices]


def check_zed(load: Callable[[], Any] = zed_sdk) -> list[Finding]:
    """List the ZED cameras, or say what is there in place of their SDK."""
    try:
        sl = load()
    except DeviceError as error:
        # An absent SDK is no fault of a machine without a ZED; a stranger of its name is.
        if 'unrelated' in str(error):
            return [fail('zed', str(error).partition(';')[0], 'pip uninstall pyzed')]
        return [ok('zed', f'{error} ({_TWIN})')]
    version = sl.Camera.get_sdk_version()
    devices = sl.Camera.get_device_list()
    found = [ok('zed', f'{d.camera_model.name} {d.serial_number}') for d in devices]
    return [ok('zed', f'ZED SDK {version}; cameras: {len(devices)}'), *found]


def check_sockets(root: Path = Path('/')) -> list[Finding]:
    """Check how much the kernel keeps for a reader that is busy."""
    allowed = int((root / 'proc/sys/net/core/rmem_max').read_text())
    if allowed < _SOCKET_BYTES:
        text = f'a socket may hold {allowed} bytes; images of three cameras need {_SOCKET_BYTES}'
        fix = (
            f'echo net.core.rmem_max={_SOCKET_BYTES} | sudo tee /etc/sysctl.d/60-hvd-ros.conf '
            '&& sudo sysctl --system'
        )
        return [warn('sockets', text, fix)]
    return [ok('sockets', f'a socket may hold {allowed} bytes')]


def _of_realsense(keys: Any, device: Any) -> Finding:
    def info(key: Any) -> str:
        return str(device.get_info(key)) if device.supports(key) else 'unknown'

    usb = info(keys.usb_type_descriptor)
    text = f'{info(keys.name)} {info(keys.serial_number)} at USB {usb}'
    if usb.startswith('2'):
        return fail('realsense', f'{text}, which is too slow for colour and depth', _USB3)
    return ok('realsense', text)
