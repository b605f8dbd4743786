# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A set of child processes that start together, speak through one mouth and never outlive us.

Each child leads its own session, so a Ctrl-C in the terminal reaches it only through us and in
order. The kernel ends it when this process dies in whatever way.
"""

from collections.abc import Mapping, Sequence
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from types import FrameType, TracebackType
from typing import IO

from hvd_ros.cli.paint import Paint
from hvd_ros.core.errors import ConfigError

PR_SET_PDEATHSIG = 1
# A node that fails this early has a wrong argument or no device; nothing has moved yet. One that
# says so by its exit code (core/errors.py) may have been long in coming on a busy computer.
STARTUP_S = 5.0
REFUSALS = range(2, 7)
_REFUSING = 6  # times the startup
# How long a node may take to leave before it is ended by force. SIGTERM also when we were sent
# SIGINT: our nodes treat them alike, and Python would print a traceback for it while importing.
PATIENCE = ((signal.SIGTERM, 8.0), (signal.SIGKILL, 3.0))
TURN_S = 0.05
_libc = ctypes.CDLL(None, use_errno=True)


def spawn(
    command: Sequence[str], environment: Mapping[str, str], stdout: IO[bytes] | int
) -> subprocess.Popen[bytes]:
    """Start a process, all of whose output goes to stdout, and that dies with this one."""
    parent = os.getpid()

    def in_child() -> None:
        # SIGTERM and not SIGKILL: a node must still be able to stop the base.
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=in_child,  # noqa: PLW1509 - nothing here has threads
    )


class Processes:
    """Start with add(), run() until all have ended or somebody asks; gives the exit code."""

    def __init__(self, paint: Paint, startup_s: float = STARTUP_S) -> None:
        self._paint = paint
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._vital: set[str] = set()
        self._tails: dict[str, bytes] = {}
        self._pipes = selectors.DefaultSelector()
        self._asked: list[int] = []
        self._code = 0
        self._began_ns, self._startup_ns = time.monotonic_ns(), int(startup_s * 1e9)
        self._handlers = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }

    def __enter__(self) -> 'Processes':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._pipes.close()

    def add(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], vital: bool
    ) -> None:
        """Start one process; the end of a vital one ends them all."""
        if name in self._tails:
            raise ConfigError(f"two processes are called '{name}'; give one another name")
        process = spawn(command, environment, subprocess.PIPE)
        assert process.stdout is not None  # spawn() asks for a pipe
        os.set_blocking(process.stdout.fileno(), False)
        self._pipes.register(process.stdout, selectors.EVENT_READ, name)
        self._running[name] = process
        self._tails[name] = b''
        if vital:
            self._vital.add(name)

    def run(self) -> int:
        """Pass output on until the end; return 0 or the first bad exit code."""
        while self._running and not self._asked:
            self._turn()
        self._stop()
        return self._code

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._asked.append(number)

    def _turn(self) -> None:
        for key, _ in self._pipes.select(TURN_S):
            self._read(key.data, key.fd)
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                self._ended(name, process)

    def _read(self, name: str, descriptor: int) -> None:
        """Print whole lines; keep a started one for later."""
        data = os.read(descriptor, 65536)
        *lines, self._tails[name] = (self._tails[name] + data).split(b'\n')
        for line in lines:
            self._say(name, line.decode(errors='replace'), 'dim')
        if not data:
            self._pipes.unregister(descriptor)

    def _ended(self, name: str, process: subprocess.Popen[bytes]) -> None:
        del self._running[name]
        self._drain(name, process)
        code = process.returncode if process.returncode >= 0 else 128 - process.returncode
        stopping = bool(self._asked)
        # The death that we ordered is no failure, unless it took force.
        if stopping and process.returncode == -signal.SIGTERM:
            code = 0
        self._code = self._code or code
        if code:
            self._say(name, f'ended with code {code}', 'bad')
        elif not stopping:
            self._say(name, 'ended', 'warn')
        if not stopping and (name in self._vital or self._never_ran(code)):
            self._say(name, 'the others are stopped with it', 'warn')
            self._asked.append(signal.SIGTERM)

    def _never_ran(self, code: int) -> bool:
        """Whether a node that has ended did so before it did anything."""
        patience = _REFUSING if code in REFUSALS else 1
        elapsed_ns = time.monotonic_ns() - self._began_ns
        return bool(code) and elapsed_ns < patience * self._startup_ns

    def _drain(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """Print what a process that has ended left in its pipe."""
        assert process.stdout is not None
        if process.stdout.fileno() in self._pipes.get_map():
            try:
                while process.stdout.fileno() in self._pipes.get_map():
                    self._read(name, process.stdout.fileno())
            except BlockingIOError:
                self._pipes.unregister(process.stdout)  # a grandchild still holds the pipe
        if self._tails[name]:
            self._say(name, self._tails[name].decode(errors='replace'), 'dim')
        process.stdout.close()

    def _stop(self) -> None:
        """End what still runs, ever harder."""
        self._asked.append(signal.SIGTERM)
        for number, patience_s in PATIENCE:
            for process in self._running.values():
                process.send_signal(number)
            end_ns = time.monotonic_ns() + int(patience_s * 1e9)
            while self._running and time.monotonic_ns() < end_ns:
                self._turn()

    def _say(self, name: str, text: str, style: str) -> None:
        mark = self._paint(f'[{name}]', style)
        body = text if style == 'dim' else self._paint(text, style)
        print(mark, body, file=sys.stdout, flush=True)
