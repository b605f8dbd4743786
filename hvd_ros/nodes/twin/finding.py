# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Find the physics of the twin from a process beside it; say now and then that it is missing."""

from pathlib import Path
import time

from rclpy.node import Node

from hvd_ros.core.errors import DeviceError
from hvd_ros.drivers.cameras.frame_store import state_path
from hvd_ros.drivers.shared_record import RecordReader

_NOTE_S = 10.0


class Finder:
    """Looks for the state that sim_robot hands out."""

    def __init__(self, node: Node, folder: Path) -> None:
        self._node, self._path = node, state_path(folder)
        self._asked_ns = time.monotonic_ns()

    def find(self) -> RecordReader | None:
        """Return the state of a physics that runs; the caller closes it."""
        try:
            state = RecordReader(self._path)
        except DeviceError as error:
            now_ns = time.monotonic_ns()
            if now_ns - self._asked_ns > _NOTE_S * 1e9:
                self._asked_ns = now_ns
                self._node.get_logger().warning(f'waits for the state of sim_robot: {error}')
            return None
        if state.alive():
            return state
        state.close()
        return None
