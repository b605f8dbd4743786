# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A camera in the hands of a test: it shows what it is given, and can be unplugged and frozen."""

import queue
import threading
import time

import numpy as np

from hvd_ros.core.errors import DeviceError
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.drivers.cameras.camera import Shot

SIZE = (48, 64)


def picture(seed):
    rng = np.random.default_rng(seed)
    color = np.repeat(np.repeat(rng.integers(0, 256, (6, 8, 3), np.uint8), 8, 0), 8, 1)
    return color, rng.integers(0, 65536, SIZE, np.uint16)


class FakeCamera:
    """A Camera; show() hands a shot to the node."""

    about = 'a camera of a test'

    def __init__(self, read_timeout_s=0.1):
        self.intrinsics = Intrinsics(64, 48, 50.0, 51.0, 32.0, 24.0, (0.1, 0.0, 0.0, 0.0, 0.0))
        self.plugged = True
        self.error = None  # raised by read()
        self.opens = self.closes = 0
        self.tried = threading.Event()  # an open() has failed
        self._shots = queue.Queue()
        self._read_timeout_s = read_timeout_s
        self._sequence = 0

    def show(self, color, depth_mm, *, captured_ns=None, sequence=None):
        self._sequence += 1
        now_ns = time.monotonic_ns()
        wall_ns = (
            time.clock_gettime_ns(time.CLOCK_REALTIME) if captured_ns is None else captured_ns
        )
        number = self._sequence if sequence is None else sequence
        shot = Shot(color, depth_mm, wall_ns, now_ns, number)
        self._shots.put(shot)
        return shot

    def open(self):
        if not self.plugged:
            self.tried.set()
            raise DeviceError('the fake camera is not connected; plug it in')
        self.opens += 1

    def read(self):
        if self.error:
            raise self.error
        if not self.plugged:
            raise DeviceError('the fake camera was unplugged; plug it in again')
        try:
            return self._shots.get(timeout=self._read_timeout_s)
        except queue.Empty:
            raise DeviceError('the fake camera is silent; plug it in again') from None

    def close(self):
        self.closes += 1
