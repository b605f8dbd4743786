# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The whole graph as separate processes, so that a test can kill, freeze or starve one of them.

Every node is started by its own executable with its own log; at the end each must leave with code
0 unless the test itself ended it by force.
"""

import os
from pathlib import Path
import signal
import subprocess
import sys
import time

EXECUTABLES = Path(sys.prefix) / 'lib' / 'hvd_ros'
TELEOP = ('sim_robot', 'sim_joylo', 'guardian', 'r1', 'mux', 'joylo')


class Graph:
    """A set of running nodes, ended and checked on exit."""

    def __init__(self, folder: Path, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.env = os.environ | {'PYTHONUNBUFFERED': '1'} | (env or {})
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._forced: set[str] = set()

    def start(
        self,
        node: str,
        *,
        parameters: dict[str, object] | None = None,
        env: dict[str, str] | None = None,
        prefix: tuple[str, ...] = (),
    ) -> None:
        """Start one node; starting it again after kill() is how a restart is tested."""
        command = [*prefix, str(EXECUTABLES / f'{node}_node'), '--ros-args']
        for name, value in (parameters or {}).items():
            command += ['-p', f'{name}:={value}']
        with (self.folder / f'{node}.log').open('ab') as log:
            self._running[node] = subprocess.Popen(
                command, stdout=log, stderr=log, env=self.env | (env or {})
            )
        self._forced.discard(node)

    def start_all(self, nodes: tuple[str, ...] = TELEOP) -> None:
        """Start several nodes with their defaults, which is the twin."""
        for node in nodes:
            self.start(node)

    def signal(self, node: str, number: signal.Signals) -> int:
        """Send a signal to one node; return the steady time of the act."""
        process = self._running[node]
        assert process.poll() is None, f'{node} has already ended:\n{self.log(node)}'
        if number in (signal.SIGKILL, signal.SIGSTOP):
            self._forced.add(node)
        at_ns = time.monotonic_ns()
        process.send_signal(number)
        if number is signal.SIGKILL:
            process.wait(timeout=10)
        return at_ns

    def log(self, node: str) -> str:
        """Return what a node has said."""
        return (self.folder / f'{node}.log').read_text(errors='replace')

    def pid(self, node: str) -> int:
        """Return the process id of a node."""
        return self._running[node].pid

    def close(self) -> dict[str, int]:
        """End every node; return the exit codes of those that no test ended by force."""
        for process in self._running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGTERM)
        codes = {}
        for node, process in self._running.items():
            try:
                code = process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait(timeout=15)
            if node not in self._forced:
                codes[node] = code
        return codes
