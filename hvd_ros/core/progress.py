# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A line that says how far a long job is and when it will be done."""

import sys
import time
from types import TracebackType
from typing import TextIO

_BAR = 24
_EVERY_S = 0.2
_EVERY_LINE_S = 30.0


class Progress:
    """
    Counts frames of episodes; one line on a terminal, now and then one elsewhere.

    Where the frames are an estimate (rough=True) the speed is told in episodes instead.
    """

    def __init__(
        self,
        what: str,
        episodes: int,
        frames: int,
        out: TextIO | None = None,
        *,
        rough: bool = False,
    ) -> None:
        self._what, self._episodes, self._frames = what, episodes, frames
        self._rough = rough
        self._out = out or sys.stderr
        self._live = self._out.isatty()
        self._start = time.monotonic()
        self._drawn = self._start if not self._live else 0.0
        self._done = self._seen = self._fresh = self._made = 0

    def __enter__(self) -> 'Progress':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the line."""
        if self._live and self._done:
            print(file=self._out)

    def add(self, frames: int, *, kept: bool = False) -> None:
        """Count an episode; one that was kept from before says nothing about the speed."""
        self._done += 1
        self._seen += frames
        self._fresh += 0 if kept else frames
        self._made += not kept
        now = time.monotonic()
        every = _EVERY_S if self._live else _EVERY_LINE_S
        if now - self._drawn >= every or (self._live and self._done == self._episodes):
            self._drawn = now
            end = '' if self._live else '\n'
            print(f'{chr(13) if self._live else ""}{self.line(now)}', end=end, file=self._out)
            self._out.flush()

    def line(self, now: float) -> str:
        """Return the text at a moment of the steady clock."""
        share = self._seen / self._frames if self._frames else 1.0
        full = round(share * _BAR)
        elapsed = max(now - self._start, 1e-9)
        speed = self._fresh / elapsed
        pace = f'{speed:.0f} frames/s'
        if self._rough:
            pace = f'{60 * self._made / elapsed:.0f} episodes/min'
        left = (self._frames - self._seen) / speed if speed else None
        eta = '--:--' if left is None else clock(left)
        return (
            f'{self._what} [{"#" * full}{"." * (_BAR - full)}] {share:4.0%}  '
            f'{self._done}/{self._episodes} episodes  {pace}  ETA {eta}'
        )


def clock(seconds: float) -> str:
    """Return minutes and seconds, with hours where there are some."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02d}:{rest:02d}' if hours else f'{minutes}:{rest:02d}'
