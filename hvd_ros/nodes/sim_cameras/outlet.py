# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Where one drawn camera leaves the render process, and where it breaks on demand.

freeze: no more pictures. unplug: the camera is gone until the fault is over. black: the lens is
covered. delay: pictures arrive late, with the time at which they were taken.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.drivers.cameras.frame_store import frame_writer
from hvd_ros.drivers.shared_record import RecordWriter
from hvd_ros.sim.fault_dial import FaultDial

FAULTS = ('freeze', 'unplug', 'black', 'delay')

Draw = Callable[[NDArray[np.uint8], NDArray[np.uint16]], None]


@dataclass(frozen=True)
class Instant:
    """When a state was true, which is when its picture was taken."""

    captured_ns: int  # ROS clock
    captured_steady_ns: int


class Outlet:
    """The store of one camera."""

    def __init__(self, folder: Path, camera: str, intrinsics: Intrinsics, dial: FaultDial) -> None:
        self._folder, self._camera, self._dial = folder, camera, dial
        self._intrinsics = intrinsics
        self._store: RecordWriter | None = None
        self._late: deque[tuple[int, Any]] = deque()
        self._plug()

    def show(self, instant: Instant, draw: Draw, now_ns: int) -> None:
        """Take a picture with `draw` and show it to the readers, as far as no fault forbids."""
        if self._on('unplug', now_ns) is not None:
            self.close()
            return
        store = self._plug()
        delay_s = self._on('delay', now_ns)
        if self._on('freeze', now_ns) is None:
            record = store.begin() if delay_s is None and not self._late else store.blank()
            record['captured_ns'] = instant.captured_ns
            record['captured_steady_ns'] = instant.captured_steady_ns
            self._expose(record, draw, now_ns)
            if delay_s is None and not self._late:
                store.commit()
            else:
                self._late.append((now_ns + int((delay_s or 0.0) * 1e9), record))
        self._send_late(store, now_ns)

    def close(self) -> None:
        """Unplug the camera; safe to call twice."""
        self._late.clear()
        if self._store is not None:
            self._store.close()
            self._store = None

    def _plug(self) -> RecordWriter:
        if self._store is None:
            self._store = frame_writer(self._folder, self._camera, self._intrinsics)
        return self._store

    def _expose(self, record: Any, draw: Draw, now_ns: int) -> None:
        if self._on('black', now_ns) is None:
            draw(record['color'], record['depth_mm'])
        else:
            record['color'][:], record['depth_mm'][:] = 0, 0

    def _send_late(self, store: RecordWriter, now_ns: int) -> None:
        while self._late and self._late[0][0] <= now_ns:
            store.put(self._late.popleft()[1])

    def _on(self, kind: str, now_ns: int) -> float | None:
        return self._dial.amount(kind, now_ns, self._camera)
