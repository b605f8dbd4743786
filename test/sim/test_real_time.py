# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Steps follow the clock without drift, and a stall shows in the factor."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from hvd_ros.sim.real_time import RealTime

MS = 1_000_000


@given(st.lists(st.integers(0, 190 * MS), min_size=1, max_size=200))
def test_steps_never_drift_from_the_clock(pauses: list[int]) -> None:
    clock = RealTime(0.002, 0)
    now_ns = steps = 0
    for pause in pauses:
        now_ns += pause
        steps += clock.due(now_ns)
        assert 0 <= now_ns - steps * 2 * MS < 2 * MS


def test_a_stall_is_not_caught_up_and_shows_in_the_factor() -> None:
    clock = RealTime(0.002, 0)
    for i in range(1, 101):
        clock.due(i * 5 * MS)
    assert clock.factor() == pytest.approx(1.0)
    assert clock.due(1500 * MS) == 100
    assert clock.factor() == pytest.approx(0.7 / 1.5)


def test_the_factor_forgets_an_old_stall() -> None:
    clock = RealTime(0.002, 0)
    clock.due(1000 * MS)
    for i in range(1, 1000):
        clock.due(1000 * MS + i * 5 * MS)
    assert clock.factor() == pytest.approx(1.0, abs=0.01)
