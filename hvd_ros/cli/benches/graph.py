# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A whole graph of our own to measure, beside whatever else runs on this machine."""

from collections.abc import Collection
from contextlib import suppress
import os
from pathlib import Path
import tempfile

from hvd_ros.cli.launching.graph import Graph, GraphFailed, go_apart

_TICKS_PER_S = os.sysconf('SC_CLK_TCK')


class BenchGraph(Graph):
    """The nodes of a launch file with twins, in a domain and with a state folder of their own."""

    def __init__(
        self, file: str = 'teleop', without: Collection[str] = (), **arguments: str
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix='hvd-bench-')
        go_apart(Path(self._folder.name))
        super().__init__(file, arguments, Path(self._folder.name), without)

    def __enter__(self) -> 'BenchGraph':
        super().__enter__()
        return self

    def close(self) -> None:
        """End every process and remove what they left."""
        super().close()
        with suppress(OSError):  # a socket of a twin may vanish while we clean up
            self._folder.cleanup()

    def cpu_s(self) -> dict[str, float]:
        """Return the processor time of every node so far, user and system."""
        return {name: _cpu_s(process.pid) for name, process in self.running.items()}

    def memory_mb(self) -> dict[str, float]:
        """Return the resident memory of every node."""
        return {name: _memory_mb(process.pid) for name, process in self.running.items()}


def _cpu_s(pid: int) -> float:
    # The name in the second field may hold spaces, so count from the closing bracket.
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _memory_mb(pid: int) -> float:
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1]) / 1024.0
    raise GraphFailed(f'process {pid} has no memory any more')
