# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The ZED 2i through its SDK: the rectified left image, depth in its pixels, their stamp.

The SDK computes depth on an NVIDIA card; without card or SDK this file says so. It was written
from the public API of SDK 5.4 and ran against a stand-in of it only.
"""

from collections.abc import Callable
from dataclasses import dataclass
import time
from typing import Any

import numpy as np

from hvd_ros.core.errors import ConfigError, DeviceError, did_you_mean
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.drivers.cameras.camera import Shot
from hvd_ros.drivers.cameras.capture_clock import CaptureClock
from hvd_ros.drivers.cameras.zed_sdk import zed_sdk

# What a ZED 2i can take; the SDK scales down from there to what is asked for.
RESOLUTIONS = {
    'VGA': (672, 376),
    'HD720': (1280, 720),
    'HD1080': (1920, 1080),
    'HD2K': (2208, 1242),
}
_ASPECT = 0.02  # part by which a size may be narrower or wider than the sensor's
# The camera works, though not quite as was asked for.
_WORKS = {'SUCCESS', 'CONFIGURATION_FALLBACK', 'POTENTIAL_CALIBRATION_ISSUE'}
_AGAIN = {'CORRUPTED_FRAME'}  # one bad image; the next may be good
_NEXT = {
    'CAMERA_NOT_DETECTED': 'plug it into a USB 3 port',
    'CAMERA_REBOOTING': 'it lost its connection; check plug and cable',
    'LOW_USB_BANDWIDTH': 'give it a USB 3 port of its own',
    'NO_GPU_DETECTED': 'the SDK needs an NVIDIA card and its driver: nvidia-smi',
    'NO_GPU_COMPATIBLE': 'the SDK needs a newer NVIDIA card',
    'NOT_ENOUGH_GPU_MEMORY': 'choose a lighter depth_mode',
    'CALIBRATION_FILE_NOT_AVAILABLE': 'run ZED_Explorer once with a network',
}
_OTHERWISE = 'run ZED_Diagnostic'


@dataclass(frozen=True)
class ZedConfig:
    """Which camera, and what it is asked for."""

    serial: str = ''  # empty: the only one that is connected
    width: int = 672
    height: int = 376
    fps: int = 30
    depth_mode: str = 'NEURAL_LIGHT'
    # The SDK stamps an image when it is in the computer's memory, by its documentation two to
    # three frames after the exposure.
    transfer_frames: float = 2.5
    read_timeout_s: float = 1.0


class ZedCamera:
    """One ZED; read() grabs, and returns copies of the left image and its depth."""

    def __init__(self, config: ZedConfig, sdk: Callable[[], Any] = zed_sdk) -> None:
        self._config = config
        self._resolution = _resolution(config.width, config.height)
        self._load = sdk
        self._sl: Any = None
        self._camera: Any = None
        self._size: Any = None
        self._image: Any = None
        self._depth: Any = None
        self._clock = CaptureClock()
        self._stamp_ns = 0
        self._sequence = 0
        self._intrinsics: Intrinsics | None = None
        self.about = ''

    @property
    def intrinsics(self) -> Intrinsics:
        """Those of the rectified left image at the size that was asked for; no distortion."""
        if self._intrinsics is None:
            raise DeviceError(f'{self._name}: intrinsics are known after open()')
        return self._intrinsics

    def open(self) -> None:
        """Find the camera, open it, read its calibration."""
        sl = self._sl = self._load()
        serial = self._choose()
        self._camera = sl.Camera()
        error = self._camera.open(self._parameters(serial))
        if error.name not in _WORKS:
            self.close()
            raise DeviceError(self._trouble('can not be opened', error))
        self._size = sl.Resolution(self._config.width, self._config.height)
        self._image, self._depth = sl.Mat(), sl.Mat()
        self._clock, self._stamp_ns = CaptureClock(), 0
        information = self._camera.get_camera_information(self._size)
        left = information.camera_configuration.calibration_parameters.left_cam
        self._intrinsics = Intrinsics(
            self._config.width, self._config.height, left.fx, left.fy, left.cx, left.cy
        )
        doubt = '' if error.name == 'SUCCESS' else f', {error.name}'
        self.about = (
            f'{information.camera_model.name} {serial}, SDK {sl.Camera.get_sdk_version()}, '
            f'{self._resolution} at {self._config.fps} Hz, depth {self._config.depth_mode}{doubt}'
        )

    def read(self) -> Shot:
        """Wait for the next image and its depth."""
        if self._camera is None:
            raise DeviceError(f'{self._name} is not open')
        end_ns = time.monotonic_ns() + round(self._config.read_timeout_s * 1e9)
        while time.monotonic_ns() < end_ns:
            error = self._camera.grab()
            arrived_ns = time.monotonic_ns()
            if error.name in _AGAIN:
                continue
            if error.name not in _WORKS:
                raise DeviceError(self._trouble('gives no image', error))
            stamp_ns = int(
                self._camera.get_timestamp(self._sl.TIME_REFERENCE.IMAGE).get_nanoseconds()
            )
            if stamp_ns > self._stamp_ns:
                self._stamp_ns = stamp_ns
                return self._shot(stamp_ns, arrived_ns)
        raise DeviceError(
            f'{self._name}: no new image for {self._config.read_timeout_s:.1f} s; plug it in again'
        )

    def close(self) -> None:
        """Give the camera back."""
        if self._camera is not None:
            self._camera.close()
        self._camera = None

    @property
    def _name(self) -> str:
        return f'ZED {self._config.serial or "(any)"}'

    def _choose(self) -> int:
        seen = [device.serial_number for device in self._sl.Camera.get_device_list()]
        listed = ', '.join(str(serial) for serial in seen)
        wanted = self._config.serial
        if not seen:
            raise DeviceError(f'{self._name}: no ZED is connected; plug it into a USB 3 port')
        if not wanted and len(seen) > 1:
            raise DeviceError(
                f'{len(seen)} ZEDs are connected; set serial to one of them: {listed}'
            )
        if wanted and wanted not in {str(serial) for serial in seen}:
            raise DeviceError(f'{self._name} is not connected; seen: {listed}')
        return int(wanted) if wanted else int(seen[0])

    def _parameters(self, serial: int) -> Any:
        sl, config = self._sl, self._config
        modes = [
            mode.name for mode in sl.DEPTH_MODE if mode.name not in ('NONE', 'CUSTOM', 'LAST')
        ]
        if config.depth_mode not in modes:
            raise ConfigError(
                f"depth_mode '{config.depth_mode}': {did_you_mean(config.depth_mode, modes)}"
            )
        parameters = sl.InitParameters()
        parameters.set_from_serial_number(serial)
        parameters.camera_resolution = getattr(sl.RESOLUTION, self._resolution)
        parameters.camera_fps = config.fps
        parameters.depth_mode = getattr(sl.DEPTH_MODE, config.depth_mode)
        parameters.coordinate_units = sl.UNIT.MILLIMETER
        # A lost camera is an error of ours at once, not five seconds inside the SDK.
        parameters.async_grab_camera_recovery = True
        return parameters

    def _shot(self, stamp_ns: int, arrived_ns: int) -> Shot:
        sl = self._sl
        self._retrieve(self._camera.retrieve_image, self._image, sl.VIEW.LEFT)
        self._retrieve(self._camera.retrieve_measure, self._depth, sl.MEASURE.DEPTH_U16_MM)
        bgra = self._image.get_data()
        wall_ns, steady_ns = self._clock.stamp(stamp_ns, wall=True, arrived_ns=arrived_ns)
        lag_ns = round(self._config.transfer_frames * 1e9 / self._config.fps)
        self._sequence += 1
        return Shot(
            np.ascontiguousarray(bgra[..., 2::-1]),
            np.array(self._depth.get_data(), dtype=np.uint16),
            wall_ns - lag_ns,
            steady_ns - lag_ns,
            self._sequence,
        )

    def _retrieve(self, get: Any, into: Any, what: Any) -> None:
        error = get(into, what, self._sl.MEM.CPU, self._size)
        if error.name not in _WORKS:
            raise DeviceError(self._trouble(f'gives no {what.name}', error))

    def _trouble(self, what: str, error: Any) -> str:
        return f'{self._name} {what}: {error.name}; {_NEXT.get(error.name, _OTHERWISE)}'


def _resolution(width: int, height: int) -> str:
    """Return the smallest resolution of the camera that the size can be scaled down from."""
    for name, (full_width, full_height) in RESOLUTIONS.items():
        ratio = (width / full_width) / (height / full_height)
        if width <= full_width and height <= full_height and abs(ratio - 1) <= _ASPECT:
            return name
    sizes = ', '.join(f'{w}x{h}' for w, h in RESOLUTIONS.values())
    raise ConfigError(
        f'a ZED gives no {width}x{height}; it gives {sizes} and what is smaller and as wide'
    )
