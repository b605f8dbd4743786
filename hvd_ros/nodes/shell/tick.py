# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The fixed-rate tick of a node, on the steady clock.

An executor rebuilds its whole wait set for every wake-up, which costs more than most of our ticks.
A node that only polls has no need of that: run() lets its tick drive the loop, and looks after
services and parameters in between. Under any other executor the tick is an ordinary timer.
"""

from collections.abc import Callable
import select
import time
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.executors import Executor
from rclpy.node import Node

# How often a driven node answers services and parameters.
_SERVE_NS = 40_000_000
# How long a tick waits for an input that is due, in periods, and how often it looks.
_PATIENCE = 0.5
_LOOK_S = 0.0005


class _TickGroup(MutuallyExclusiveCallbackGroup):  # type: ignore[misc]
    driven = False

    def can_execute(self, entity: Any) -> bool:
        return not self.driven and bool(super().can_execute(entity))


class Tick:
    """Calls a function at a fixed rate; no simulated or paused clock can stop it."""

    def __init__(
        self,
        node: Node,
        period_s: float,
        callback: Callable[[], None],
        awaited: Callable[[], bool] | None = None,
    ) -> None:
        """Tick every period_s; while `awaited` is true, a driven tick may come a little late."""
        self._period_ns = round(period_s * 1e9)
        self._callback = callback
        self._awaited = awaited
        self._shift_ns = 0
        self._group = _TickGroup()
        node.create_timer(
            period_s,
            callback,
            callback_group=self._group,
            clock=Clock(clock_type=ClockType.STEADY_TIME),
        )

    def shift(self, later_ns: int) -> None:
        """Move the next tick, and all that follow, by a little; under drive() only."""
        self._shift_ns += later_ns

    def drive(self, executor: Executor, ended: Callable[[], bool]) -> None:
        """Tick, and serve the rest of the node in between, until ended."""
        self._group.driven = True
        due_ns = served_ns = time.monotonic_ns()
        while not ended():
            self._wait_for_input()
            self._callback()
            if ended():
                return
            if time.monotonic_ns() - served_ns >= _SERVE_NS:
                executor.spin_once(timeout_sec=0)
                served_ns = time.monotonic_ns()
            due_ns += self._period_ns + self._shift_ns
            self._shift_ns = 0
            wait_ns = due_ns - time.monotonic_ns()
            if wait_ns > 0:
                # A relative wait; an absolute one is a matter of clocks, which may be set.
                select.select((), (), (), wait_ns / 1e9)
            elif wait_ns < -self._period_ns:
                due_ns = time.monotonic_ns()  # ticks that were missed stay missed

    def _wait_for_input(self) -> None:
        if self._awaited is None:
            return
        patient_until_ns = time.monotonic_ns() + round(_PATIENCE * self._period_ns)
        while self._awaited() and time.monotonic_ns() < patient_until_ns:
            select.select((), (), (), _LOOK_S)
