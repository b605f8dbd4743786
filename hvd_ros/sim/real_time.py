# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Keeping physics locked to the steady clock, and admitting it when that fails."""

from collections import deque

WINDOW_NS = 2_000_000_000


class RealTime:
    """
    Says how many physics steps are due, so that rounding never adds up to a drift.

    After a stall longer than `longest_s` the rest is given up: catching up would make the robot
    run faster than life. That loss shows in the factor.
    """

    def __init__(self, step_s: float, now_ns: int, longest_s: float = 0.2) -> None:
        self._step_ns = round(step_s * 1e9)
        self._longest_ns = int(longest_s * 1e9)
        self._start_ns = now_ns
        self._done = 0
        self._history: deque[tuple[int, int]] = deque([(now_ns, 0)])
        self._total = 0

    def due(self, now_ns: int) -> int:
        """Return the number of steps to make now."""
        behind_ns = now_ns - self._start_ns - self._done * self._step_ns
        if behind_ns > self._longest_ns:
            self._start_ns += behind_ns - self._longest_ns
            behind_ns = self._longest_ns
        steps = max(0, behind_ns // self._step_ns)
        self._done += steps
        self._total += steps
        self._history.append((now_ns, self._total))
        while now_ns - self._history[1][0] > WINDOW_NS:
            self._history.popleft()
        return steps

    def factor(self) -> float:
        """Return simulated over real time of the last two seconds."""
        (start_ns, before), (end_ns, after) = self._history[0], self._history[-1]
        if end_ns <= start_ns:
            return 1.0
        return (after - before) * self._step_ns / (end_ns - start_ns)
