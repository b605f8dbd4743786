# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A camera of the twin: reads the pictures that the render process draws of the simulated robot.

Its siblings are the real cameras. Faults are made where the pictures are (service
sim_cameras/fault), so that this driver meets them as a real one would.
"""

from pathlib import Path
import time

from hvd_ros.core.errors import DeviceError
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.drivers.cameras.camera import Shot
from hvd_ros.drivers.cameras.frame_store import camera_path, intrinsics_of
from hvd_ros.drivers.shared_record import RecordReader

DEADLINE_S = 1.0
_LOOK_S = 0.004  # how often a waiting read looks; pictures come at some 10 Hz


class SimCamera:
    """One camera of the twin whose devices are in a folder (see drivers/sim_devices.py)."""

    def __init__(self, folder: Path, camera: str, deadline_s: float = DEADLINE_S) -> None:
        self._path = camera_path(folder, camera)
        self._camera = camera
        self._deadline_ns = int(deadline_s * 1e9)
        self._store: RecordReader | None = None
        self._intrinsics: Intrinsics | None = None

    @property
    def intrinsics(self) -> Intrinsics:
        """How this camera maps directions to pixels; known after open()."""
        if self._intrinsics is None:
            raise DeviceError(f'camera {self._camera} is not open')
        return self._intrinsics

    def open(self) -> None:
        """Find the pictures, or raise DeviceError: nobody draws this camera."""
        self.close()
        try:
            store = RecordReader(self._path)
        except DeviceError as error:
            raise DeviceError(f'{self._unplugged()} ({error})') from None
        if not store.alive():
            raise DeviceError(self._unplugged())
        self._store, self._intrinsics = store, intrinsics_of(store.about)

    def read(self) -> Shot:
        """Return the newest shot, once; wait for it at most until the deadline."""
        if self._store is None:
            raise DeviceError(f'camera {self._camera} is not open')
        end_ns = time.monotonic_ns() + self._deadline_ns
        while (record := self._store.read()) is None:
            # Whether the writer lives is asked only of a camera that is late: it costs a file.
            if time.monotonic_ns() >= end_ns:
                raise DeviceError(self._silent(self._store))
            time.sleep(_LOOK_S)
        return Shot(
            record['color'],
            record['depth_mm'],
            int(record['captured_ns']),
            int(record['captured_steady_ns']),
            self._store.sequence,
        )

    def close(self) -> None:
        """Let the pictures go; safe to call twice."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _silent(self, store: RecordReader) -> str:
        if not store.alive():
            return self._unplugged()
        return (
            f'camera {self._camera}: no new picture for {self._deadline_ns / 1e9:g} s; see '
            'whether sim_robot runs and what sim_cameras says'
        )

    def _unplugged(self) -> str:
        return f'camera {self._camera} of the twin is unplugged or not drawn; start sim_cameras'
