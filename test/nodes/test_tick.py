# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A driven tick keeps its rate, may be shifted, and waits for a late input but never for long."""

import time

import pytest

rclpy = pytest.importorskip('rclpy')
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402

from hvd_ros.nodes.shell.tick import Tick  # noqa: E402

pytestmark = pytest.mark.ros
PERIOD_S = 0.05


@pytest.fixture
def node():
    rclpy.init()
    made = Node('ticking')
    yield made
    made.destroy_node()
    rclpy.shutdown()


def drive(tick: Tick, times: list[float], count: int) -> None:
    tick.drive(SingleThreadedExecutor(), lambda: len(times) >= count)


def test_an_input_that_never_comes_costs_half_a_period_at_most(node) -> None:
    times: list[float] = []
    tick = Tick(node, PERIOD_S, lambda: times.append(time.monotonic()), awaited=lambda: True)
    began = time.monotonic()
    drive(tick, times, 1)
    # Not a moment earlier; later only as far as the machine is late.
    assert times[0] - began >= PERIOD_S / 2
    drive(tick, times, 4)
    assert times[-1] - times[0] >= 2 * PERIOD_S, 'waiting must not make the ticks come faster'


def test_the_tick_comes_as_soon_as_the_input_does(node) -> None:
    times: list[float] = []
    looks: list[bool] = []

    def awaited() -> bool:
        looks.append(True)
        return len(looks) < 4

    drive(Tick(node, PERIOD_S, lambda: times.append(time.monotonic()), awaited), times, 1)
    assert len(looks) == 4


def test_a_shift_moves_the_next_tick_and_those_after_it_once(node) -> None:
    times: list[float] = []

    def on_tick() -> None:
        times.append(time.monotonic())
        if len(times) == 1:
            tick.shift(round(0.1e9))

    tick = Tick(node, PERIOD_S, on_tick)
    drive(tick, times, 3)
    assert times[1] - times[0] >= PERIOD_S + 0.1 - 1e-3
    assert times[2] - times[0] >= 2 * PERIOD_S + 0.1 - 1e-3
    assert times[2] - times[1] < PERIOD_S + 0.1 - 1e-3, 'a shift must not be made twice'
