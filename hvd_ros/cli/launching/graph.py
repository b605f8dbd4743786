# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The nodes of a launch file for as long as a `with` block lasts; each speaks into a log."""

from collections.abc import Collection, Mapping, Sequence
import os
from pathlib import Path
import signal
import subprocess
from types import TracebackType

from hvd_ros.cli.launch import command
from hvd_ros.cli.launching.file import expand, launch_file
from hvd_ros.cli.launching.processes import spawn
from hvd_ros.core.errors import HvdError

_LEAVE_S = 15.0


class GraphFailed(HvdError):
    """The graph did not start, or did not stay."""


def go_apart(state: Path) -> None:
    """Keep the graphs of this process, and their latches, from whatever else runs here."""
    # Far from the domains that people choose, below those whose ports Linux hands out.
    os.environ['ROS_DOMAIN_ID'] = str(60 + os.getpid() % 40)
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    os.environ['HVD_STATE_DIR'] = str(state)


class Graph:
    """A launch file that runs; an argument that it does not know is refused when made."""

    def __init__(
        self, file: str, arguments: Mapping[str, str], logs: Path, without: Collection[str] = ()
    ) -> None:
        self.logs = logs
        nodes = expand(launch_file(file), arguments, os.environ)
        self._nodes = [node for node in nodes if node.name not in without]
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> 'Graph':
        try:
            for node in self._nodes:
                self.start(node.name, command(node), dict(node.environment))
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(
        self, name: str, words: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        """Start one more process, which ends with the others."""
        with self.log(name).open('wb') as log:
            given = os.environ | {'PYTHONUNBUFFERED': '1'} | dict(environment or {})
            self.running[name] = spawn(words, given, log)

    def ended(self) -> str:
        """Return the name of a node that has ended; empty while all of them run."""
        gone = (name for name, process in self.running.items() if process.poll() is not None)
        return next(gone, '')

    def check(self) -> None:
        """Raise GraphFailed with its last words if a node has ended."""
        name = self.ended()
        if name:
            code = self.running[name].returncode
            raise GraphFailed(f'{name} ended with code {code}: {self.last(name)}')

    def last(self, name: str) -> str:
        """Return the last line that a node said."""
        lines = self.log(name).read_text(errors='replace').strip().splitlines()
        return lines[-1] if lines else '(it said nothing)'

    def log(self, name: str) -> Path:
        """Return where a node speaks to."""
        return self.logs / f'{name}.log'

    def close(self) -> None:
        """End every process, in the end by force."""
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(timeout=_LEAVE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
