# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How much of this computer the whole graph takes when nobody touches it: prints a share."""

import os
from pathlib import Path
import tempfile
import time

import psutil

import test.conftest  # noqa: F401, this process gets a DDS domain of its own
from test.launch.graph import TELEOP, Graph
from test.launch.wire import Wire

LOOK_S = 2.0
# The clock of this process may go slower; that of the processor does not.
PACE = float(os.environ.get('PACE_SLOWER', '1'))


def busy() -> float:
    """Bring the graph up, with the ears of a test beside it; return its share of the computer."""
    with tempfile.TemporaryDirectory(prefix='rest_') as folder:
        names = ('HVD_STATE_DIR', 'HVD_CONFIG_DIR', 'HVD_CACHE_DIR', 'ROS_LOG_DIR')
        graph = Graph(Path(folder), {name: str(Path(folder, name.lower())) for name in names})
        wire = Wire()
        try:
            graph.start_all()
            wire.ready()
            family = [psutil.Process(), *(psutil.Process(graph.pid(node)) for node in TELEOP)]
            before_s, began_s = used_s(family), time.monotonic()
            time.sleep(LOOK_S)
            used, passed_s = used_s(family) - before_s, time.monotonic() - began_s
        finally:
            graph.close()
            wire.close()
    return used / PACE / passed_s / (os.cpu_count() or 1)


def used_s(family: list[psutil.Process]) -> float:
    """Return the processor's time that some processes had."""
    return sum(sum(process.cpu_times()[:2]) for process in family)


if __name__ == '__main__':
    share = busy()
    os.write(1, f'{share:.3f}\n'.encode())
