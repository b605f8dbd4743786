# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A RealSense by its serial number: colour, depth aligned to it, hardware stamps.

Sensors are driven directly: a pipeline of librealsense waits for a lost camera inside itself and
takes whichever comes back, and it refuses librealsense's own software_device, with which this
file is tested.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import DeviceError
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.drivers.cameras.camera import Shot
from hvd_ros.drivers.cameras.capture_clock import CaptureClock

Find = Callable[[], Sequence[Any]]
_INSTALL = "pip install 'hvd_ros[cameras]' (it brings pyrealsense2)"
_PORT = 'a USB 3 port and the cable that came with the camera'
_QUEUE = 16  # frames; a reader that is late finds the newest
_LOOK_MS = 100  # how often a silent camera is asked whether it is still there
# Depth and colour are not exposed together; further apart than this they are two moments.
_APART_FRAMES = 0.6


@dataclass(frozen=True)
class RealsenseConfig:
    """Which camera, and what it is asked for."""

    serial: str = ''  # empty: the only one that is connected
    width: int = 640
    height: int = 480
    fps: int = 30
    read_timeout_s: float = 1.0


def realsense_sdk() -> Any:
    """Return pyrealsense2, or say how to get it."""
    try:
        import pyrealsense2
    except ImportError as error:
        raise DeviceError(f'pyrealsense2 does not import ({error}): {_INSTALL}') from None
    return pyrealsense2


def connected() -> Sequence[Any]:
    """Return the RealSense devices that are plugged in."""
    return list(realsense_sdk().context().query_devices())


class RealsenseCamera:
    """One camera; read() pairs depth and colour and aligns them."""

    def __init__(self, config: RealsenseConfig, find: Find = connected) -> None:
        self._config = config
        self._find = find
        self._sdk: Any = None
        self._device: Any = None
        self._sensors: list[Any] = []
        self._queue: Any = None
        self._pair: _Pairing | None = None
        self._clock = CaptureClock()
        self._intrinsics: Intrinsics | None = None
        self.about = ''

    @property
    def intrinsics(self) -> Intrinsics:
        """Those of the colour image, which depth is aligned to."""
        if self._intrinsics is None:
            raise DeviceError(f'{self._name}: intrinsics are known after open()')
        return self._intrinsics

    def open(self) -> None:
        """Find the camera, choose its profiles, start both streams."""
        self._sdk = realsense_sdk()
        try:
            self._device = self._choose()
            depth = self._profile(self._sdk.stream.depth, self._sdk.format.z16)
            color = self._profile(self._sdk.stream.color, self._sdk.format.rgb8)
            lens = color[1].as_video_stream_profile().get_intrinsics()
            self._intrinsics = _intrinsics(self._sdk, lens)
            self._queue = self._sdk.frame_queue(_QUEUE)
            self._pair = _Pairing(self._sdk, self._config.fps)
            self._clock = CaptureClock()
            self._start([depth, color])
        except RuntimeError as error:  # all that librealsense raises
            self.close()
            raise DeviceError(
                f'{self._name}: {error}; close other programs that use it, or plug '
                f'it in again into {_PORT}'
            ) from None
        except DeviceError:
            self.close()
            raise
        self.about = self._describe()

    def read(self) -> Shot:
        """Wait for the next pair of depth and colour."""
        if self._queue is None or self._pair is None:
            raise DeviceError(f'{self._name} is not open')
        end_ns = time.monotonic_ns() + round(self._config.read_timeout_s * 1e9)
        try:
            while time.monotonic_ns() < end_ns:
                came, frame = self._queue.try_wait_for_frame(_LOOK_MS)
                pair = self._pair.add(frame) if came else None
                if pair is not None:
                    return self._shot(*pair)
                if not came and not self._device.is_connected():
                    break
        except RuntimeError as error:
            raise DeviceError(f'{self._name}: {error}; plug it in again into {_PORT}') from None
        raise DeviceError(self._silence())

    def close(self) -> None:
        """Stop both streams; a camera that is gone has nothing to stop."""
        for sensor in self._sensors:
            for end in (sensor.stop, sensor.close):
                try:
                    end()
                except RuntimeError:
                    continue
        self._sensors = []
        self._queue = self._pair = self._device = None

    @property
    def _name(self) -> str:
        return f'RealSense {self._config.serial or "(any)"}'

    def _choose(self) -> Any:
        devices = {_info(self._sdk, d, 'serial_number'): d for d in self._find()}
        seen = ', '.join(f'{s} ({_info(self._sdk, d, "name")})' for s, d in devices.items())
        wanted = self._config.serial
        if not devices:
            raise DeviceError(
                f'{self._name}: no RealSense is connected; plug it into {_PORT}, and see that '
                'the udev rules are installed (hvd doctor)'
            )
        if not wanted and len(devices) > 1:
            raise DeviceError(
                f'{len(devices)} RealSenses are connected; set serial to one of them: {seen}'
            )
        if wanted and wanted not in devices:
            raise DeviceError(f'{self._name} is not connected; seen: {seen}')
        return devices[wanted] if wanted else next(iter(devices.values()))

    def _profile(self, stream: Any, form: Any) -> tuple[Any, Any]:
        """Return the sensor and the profile that were asked for."""
        config, offered = self._config, set()
        for sensor in self._device.query_sensors():
            for profile in sensor.get_stream_profiles():
                if profile.stream_type() != stream or profile.format() != form:
                    continue
                video = profile.as_video_stream_profile()
                size = (video.width(), video.height(), profile.fps())
                if size == (config.width, config.height, config.fps):
                    return sensor, profile
                offered.add(size)
        sizes = ', '.join(f'{w}x{h} at {fps}' for w, h, fps in sorted(offered)) or 'nothing'
        raise DeviceError(
            f'{self._name} offers no {stream.name} of {config.width}x{config.height} at '
            f'{config.fps} Hz (USB 2 offers less than USB 3); it offers {sizes}'
        )

    def _start(self, chosen: list[tuple[Any, Any]]) -> None:
        """Open each sensor once with all its profiles: a D405 has both in one."""
        by_name: dict[str, tuple[Any, list[Any]]] = {}
        for sensor, profile in chosen:
            name = sensor.get_info(self._sdk.camera_info.name)
            by_name.setdefault(name, (sensor, []))[1].append(profile)
        for sensor, profiles in by_name.values():
            # Stamps on the clock of this computer, and no lower rate in dim light.
            self._set(sensor, self._sdk.option.global_time_enabled, 1.0)
            self._set(sensor, self._sdk.option.auto_exposure_priority, 0.0)
            sensor.open(profiles)
            self._sensors.append(sensor)
        for sensor in self._sensors:
            sensor.start(self._queue)

    def _set(self, sensor: Any, option: Any, value: float) -> None:
        if sensor.supports(option) and sensor.get_option(option) != value:
            sensor.set_option(option, value)

    def _shot(self, depth: Any, color: Any) -> Shot:
        arrived_ns = time.monotonic_ns()
        assert self._pair is not None
        aligned_mm, rgb = self._pair.align(depth, color)
        # Of the two exposures depth's is the stamp: clouds are placed by it to a centimetre.
        captured_ns, steady_ns = self._clock.stamp(
            round(depth.get_timestamp() * 1e6),
            wall=depth.get_frame_timestamp_domain() != self._sdk.timestamp_domain.hardware_clock,
            arrived_ns=arrived_ns,
        )
        return Shot(rgb, aligned_mm, captured_ns, steady_ns, int(depth.get_frame_number()))

    def _silence(self) -> str:
        if self._device is not None and not self._device.is_connected():
            return f'{self._name} was unplugged; plug it in again'
        return (
            f'{self._name}: no image for {self._config.read_timeout_s:.1f} s, though it is '
            f'connected; use {_PORT}'
        )

    def _describe(self) -> str:
        name, usb, firmware = (
            _info(self._sdk, self._device, key)
            for key in ('name', 'usb_type_descriptor', 'firmware_version')
        )
        config = self._config
        serial = _info(self._sdk, self._device, 'serial_number')
        return (
            f'{name} {serial}, firmware {firmware}, USB {usb}, '
            f'{config.width}x{config.height} at {config.fps} Hz'
        )


class _Pairing:
    """Puts depth and colour of one moment together and aligns them."""

    def __init__(self, sdk: Any, fps: int) -> None:
        self._sdk = sdk
        self._apart_ms = _APART_FRAMES * 1e3 / fps
        self._waiting: dict[Any, Any] = {}
        self._pair: list[Any] = []
        self._align = sdk.align(sdk.stream.color)
        # Only a processing block may make a frameset, which is what align takes.
        self._sets = sdk.frame_queue(2)
        self._compose = sdk.processing_block(self._emit)
        self._compose.start(self._sets)

    def add(self, frame: Any) -> tuple[Any, Any] | None:
        """Take a frame; return depth and colour once both of one moment are there."""
        self._waiting[frame.get_profile().stream_type()] = frame
        depth = self._waiting.get(self._sdk.stream.depth)
        color = self._waiting.get(self._sdk.stream.color)
        if depth is None or color is None:
            return None
        if depth.get_frame_timestamp_domain() != color.get_frame_timestamp_domain():
            return None  # one of the two has not found its global time yet
        if abs(depth.get_timestamp() - color.get_timestamp()) > self._apart_ms:
            return None
        self._waiting.clear()
        return depth, color

    def align(self, depth: Any, color: Any) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
        """Return depth in mm as colour's camera sees it, and colour; both our own memory."""
        self._pair = [depth, color]
        self._compose.invoke(depth)
        self._pair = []
        came, frames = self._sets.try_wait_for_frame(1000)
        if not came:
            raise RuntimeError('depth and colour could not be put together')
        aligned = self._align.process(frames.as_frameset())
        units_m = depth.as_depth_frame().get_units()
        raw = np.asanyarray(aligned.get_depth_frame().get_data())
        rgb = np.array(aligned.get_color_frame().get_data(), dtype=np.uint8)
        return _millimetres(raw, units_m), rgb

    def _emit(self, frame: Any, source: Any) -> None:
        source.frame_ready(source.allocate_composite_frame(self._pair))


def _millimetres(raw: NDArray[Any], units_m: float) -> NDArray[np.uint16]:
    scale = units_m * 1e3
    if abs(scale - 1.0) < 1e-6:
        return np.array(raw, dtype=np.uint16)
    scaled = np.rint(raw * scale)
    # Beyond what 16 bits can say is unknown, not 65.5 m.
    return np.where(scaled > np.iinfo(np.uint16).max, 0, scaled).astype(np.uint16)


def _intrinsics(sdk: Any, lens: Any) -> Intrinsics:
    distortion = tuple(lens.coeffs) if any(lens.coeffs) else ()
    kinds = sdk.distortion
    # What librealsense calls inverse it undoes like OpenCV does plumb_bob, to 0.01 pixel.
    if distortion and lens.model not in (kinds.brown_conrady, kinds.inverse_brown_conrady):
        raise DeviceError(
            f'the lens of the colour image follows {lens.model}, which plumb_bob can not say; '
            'only D400 cameras are supported'
        )
    return Intrinsics(lens.width, lens.height, lens.fx, lens.fy, lens.ppx, lens.ppy, distortion)


def _info(sdk: Any, device: Any, key: str) -> str:
    what = getattr(sdk.camera_info, key)
    return str(device.get_info(what)) if device.supports(what) else 'unknown'
