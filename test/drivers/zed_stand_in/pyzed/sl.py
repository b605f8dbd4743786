# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The few names of pyzed.sl that our driver uses, as the SDK's public API documents them.

`BUS` holds the cameras that are plugged in, and is what a test plays with; the SDK has no such
name. Delete this folder on a computer with the SDK: the tests of the driver then skip.
"""

from dataclasses import dataclass, field
import enum
import time

import numpy as np


def _enum(name, *members):
    return enum.Enum(name, members)


ERROR_CODE = _enum(
    'ERROR_CODE', 'POTENTIAL_CALIBRATION_ISSUE', 'CONFIGURATION_FALLBACK', 'CORRUPTED_FRAME',
    'CAMERA_REBOOTING', 'SUCCESS', 'FAILURE', 'NO_GPU_COMPATIBLE', 'CAMERA_NOT_DETECTED',
    'INVALID_RESOLUTION', 'LOW_USB_BANDWIDTH', 'CAMERA_NOT_INITIALIZED',
    'CANNOT_START_CAMERA_STREAM', 'NO_GPU_DETECTED',
)  # fmt: skip
RESOLUTION = _enum('RESOLUTION', 'HD2K', 'HD1080', 'HD720', 'VGA', 'AUTO')
DEPTH_MODE = _enum(
    'DEPTH_MODE', 'NONE', 'PERFORMANCE', 'QUALITY', 'ULTRA', 'NEURAL_LIGHT', 'NEURAL',
    'NEURAL_PLUS', 'CUSTOM', 'LAST',
)  # fmt: skip
UNIT = _enum('UNIT', 'MILLIMETER', 'METER')
VIEW = _enum('VIEW', 'LEFT', 'RIGHT')
MEASURE = _enum('MEASURE', 'DEPTH', 'DEPTH_U16_MM')
MEM = _enum('MEM', 'CPU', 'GPU')
TIME_REFERENCE = _enum('TIME_REFERENCE', 'IMAGE', 'CURRENT')
MODEL = _enum('MODEL', 'ZED2i')
_SIZES = {'HD2K': (2208, 1242), 'HD1080': (1920, 1080), 'HD720': (1280, 720), 'VGA': (672, 376)}


@dataclass
class Plugged:
    """A camera on the bus: what it shows next and what goes wrong."""

    serial_number: int
    focal: float = 260.0  # pixels at VGA
    bgra: np.ndarray | None = None
    depth_mm: np.ndarray | None = None
    stamps_ns: list = field(default_factory=list)  # of the next images; the last one repeats
    errors: list = field(default_factory=list)  # names, of the next grabs
    open_error: str = 'SUCCESS'


BUS: list[Plugged] = []


@dataclass
class Resolution:
    """A size in pixels."""

    width: int = 0
    height: int = 0


class Timestamp:
    """Nanoseconds since 1970."""

    def __init__(self, nanoseconds):
        self._nanoseconds = nanoseconds

    def get_nanoseconds(self):
        """Return it."""
        return self._nanoseconds


class Mat:
    """An image in memory of the SDK, which the next retrieve overwrites."""

    def __init__(self):
        self._data = None

    def get_data(self, memory_type=MEM.CPU, deep_copy=False):
        """Return a view, or a copy."""
        return self._data.copy() if deep_copy else self._data

    def _put(self, data):
        if self._data is None or self._data.shape != data.shape:
            self._data = np.empty_like(data)
        self._data[...] = data


class InitParameters:
    """How to open a camera."""

    def __init__(self):
        self.camera_resolution = RESOLUTION.AUTO
        self.camera_fps = 0
        self.depth_mode = DEPTH_MODE.NEURAL
        self.coordinate_units = UNIT.MILLIMETER
        self.async_grab_camera_recovery = False
        self.serial_number = None

    def set_from_serial_number(self, serial_number):
        """Choose the camera."""
        self.serial_number = serial_number


@dataclass
class _Left:
    fx: float
    fy: float
    cx: float
    cy: float


class _Record:
    def __init__(self, **fields):
        self.__dict__.update(fields)


class Camera:
    """A camera as the SDK gives it."""

    opened: list = []  # the parameters of each open(); not of the SDK

    def __init__(self):
        self._device = None
        self._stamp_ns = 0

    @staticmethod
    def get_sdk_version():
        """Return the version of the SDK."""
        return '5.4.0'

    @staticmethod
    def get_device_list():
        """Return what is plugged in."""
        return list(BUS)

    def open(self, parameters):
        """Open the camera that the parameters name."""
        found = [device for device in BUS if device.serial_number == parameters.serial_number]
        if not found:
            return ERROR_CODE.CAMERA_NOT_DETECTED
        error = ERROR_CODE[found[0].open_error]
        if error in (ERROR_CODE.SUCCESS, ERROR_CODE.CONFIGURATION_FALLBACK):
            self._device, self._size = found[0], _SIZES[parameters.camera_resolution.name]
            Camera.opened.append(parameters)
        return error

    def close(self):
        """Give it back; may be called twice."""
        self._device = None

    def grab(self, runtime=None):
        """Wait for an image."""
        time.sleep(0.001)
        if self._device is None:
            return ERROR_CODE.CAMERA_NOT_INITIALIZED
        if self._device not in BUS:
            return ERROR_CODE.CAMERA_REBOOTING
        if self._device.errors:
            return ERROR_CODE[self._device.errors.pop(0)]
        if self._device.stamps_ns:
            self._stamp_ns = self._device.stamps_ns.pop(0)
        return ERROR_CODE.SUCCESS

    def get_timestamp(self, reference):
        """Return the stamp of the image that was grabbed."""
        assert reference is TIME_REFERENCE.IMAGE
        return Timestamp(self._stamp_ns)

    def get_camera_information(self, resizer=None):
        """Return the calibration, scaled to a size."""
        width, height = self._size
        to = resizer or Resolution(width, height)
        focal = self._device.focal * width / 672
        left = _Left(
            focal * to.width / width, focal * to.height / height, to.width / 2, to.height / 2
        )
        calibration = _Record(left_cam=left)
        return _Record(
            serial_number=self._device.serial_number,
            camera_model=MODEL.ZED2i,
            camera_configuration=_Record(calibration_parameters=calibration),
        )

    def retrieve_image(self, mat, view=VIEW.LEFT, type=MEM.CPU, resolution=None):  # noqa: A002
        """Put the image into a Mat: BGRA."""
        return self._retrieve(mat, self._device.bgra, resolution)

    def retrieve_measure(
        self,
        mat,
        measure=MEASURE.DEPTH,
        type=MEM.CPU,  # noqa: A002
        resolution=None,
    ):
        """Put the depth into a Mat: uint16 mm."""
        assert measure is MEASURE.DEPTH_U16_MM
        return self._retrieve(mat, self._device.depth_mm, resolution)

    def _retrieve(self, mat, pixels, resolution):
        if resolution.width > self._size[0] or resolution.height > self._size[1]:
            return ERROR_CODE.INVALID_RESOLUTION
        assert pixels.shape[:2] == (resolution.height, resolution.width)
        mat._put(pixels)
        return ERROR_CODE.SUCCESS
