# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A whole graph of our own to measure, beside whatever else runs on this machine."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
import os
from pathlib import Path
import signal
import subprocess
import tempfile
from types import TracebackType

from hvd_ros.cli.launch import command
from hvd_ros.cli.launching.file import expand, launch_file
from hvd_ros.cli.launching.processes import spawn
from hvd_ros.core.errors import HvdError

_LEAVE_S = 15.0
_TICKS_PER_S = os.sysconf('SC_CLK_TCK')


class GraphFailed(HvdError):
    """The graph did not start, or did not stay."""


class BenchGraph:
    """The nodes of a launch file with twins, in a domain and with a state folder of their own."""

    def __init__(
        self, file: str = 'teleop', without: Collection[str] = (), **arguments: str
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix='hvd-bench-')
        # Far from the domains that people choose, below those whose ports Linux hands out.
        os.environ['ROS_DOMAIN_ID'] = str(60 + os.getpid() % 40)
        os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
        os.environ['HVD_STATE_DIR'] = self._folder.name
        nodes = expand(launch_file(file), arguments, os.environ)
        self._nodes = [node for node in nodes if node.name not in without]
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> 'BenchGraph':
        try:
            for node in self._nodes:
                self.start(node.name, command(node), dict(node.environment))
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def start(
        self, name: str, words: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        """Start one more process, which ends with the others."""
        with self._log(name).open('wb') as log:
            given = os.environ | {'PYTHONUNBUFFERED': '1'} | dict(environment or {})
            self._running[name] = spawn(words, given, log)

    def check(self) -> None:
        """Raise GraphFailed with its last words if a node has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise GraphFailed(
                    f'{name} ended with code {process.returncode}: {self.last(name)}'
                )

    def last(self, name: str) -> str:
        """Return the last line that a node said."""
        lines = self._log(name).read_text(errors='replace').strip().splitlines()
        return lines[-1] if lines else '(it said nothing)'

    def cpu_s(self) -> dict[str, float]:
        """Return the processor time of every node so far, user and system."""
        return {name: _cpu_s(process.pid) for name, process in self._running.items()}

    def memory_mb(self) -> dict[str, float]:
        """Return the resident memory of every node."""
        return {name: _memory_mb(process.pid) for name, process in self._running.items()}

    def _log(self, name: str) -> Path:
        return Path(self._folder.name) / f'{name}.log'

    def _end(self) -> None:
        for process in self._running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(timeout=_LEAVE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        with suppress(OSError):  # a socket of a twin may vanish while we clean up
            self._folder.cleanup()


def _cpu_s(pid: int) -> float:
    # The name in the second field may hold spaces, so count from the closing bracket.
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _memory_mb(pid: int) -> float:
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1]) / 1024.0
    raise GraphFailed(f'process {pid} has no memory any more')
