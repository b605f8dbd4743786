# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Single keys of a terminal, without waiting for any; Ctrl-C stays Ctrl-C."""

import os
import select
import sys
import termios
import tty
from types import TracebackType
from typing import Any

from hvd_ros.core.errors import ConfigError

_ENTER = {'\r': '\n'}


def check_terminal() -> None:
    """Raise ConfigError where nobody can press a key."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError(
            'no terminal: a person watches the robot and scores by key; run it in a terminal, '
            'without a pipe'
        )


class Keys:
    """The keyboard for as long as a `with` block lasts; what was typed before does not count."""

    def __enter__(self) -> 'Keys':
        self._terminal = sys.stdin.fileno()
        self._before: list[Any] = termios.tcgetattr(self._terminal)
        # Throws away what was typed ahead: an Enter too many must not start a robot.
        tty.setcbreak(self._terminal, termios.TCSAFLUSH)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        termios.tcsetattr(self._terminal, termios.TCSAFLUSH, self._before)

    def take(self) -> str:
        """Return one key, or nothing when none was pressed; raises EOFError at a hang-up."""
        if not select.select([self._terminal], [], [], 0.0)[0]:
            return ''
        data = os.read(self._terminal, 1)
        if not data:
            raise EOFError
        key = data.decode(errors='replace')
        return _ENTER.get(key, key)
