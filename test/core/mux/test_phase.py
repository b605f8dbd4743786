# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The mux falls into step with a leader of its own rate, slowly and without losing it."""

import pytest

from hvd_ros.core.mux.phase import TARGET_NS, shift_ns

PERIOD_NS = 10_000_000


def settle(phase_ns: int, leader_period_ns: int = PERIOD_NS, ticks: int = 400) -> list[int]:
    """Return how long each leader command had waited, from a first tick at phase_ns."""
    waits, tick_ns = [], phase_ns
    for _ in range(ticks):
        waits.append(tick_ns % leader_period_ns)  # the leader speaks at multiples of its period
        tick_ns += PERIOD_NS + shift_ns(waits[-1], PERIOD_NS)
    return waits


@pytest.mark.parametrize('phase_ns', range(0, PERIOD_NS, 700_000))
def test_from_any_phase_the_wait_settles_at_the_target(phase_ns: int) -> None:
    assert all(abs(wait - TARGET_NS) < 20_000 for wait in settle(phase_ns)[-50:])


@pytest.mark.parametrize('leader_period_ns', [9_990_000, 10_010_000])
def test_a_leader_a_thousandth_off_is_followed(leader_period_ns: int) -> None:
    waits = settle(5_000_000, leader_period_ns)
    assert all(abs(wait - TARGET_NS) < 200_000 for wait in waits[-50:])


def test_one_tick_moves_by_two_percent_at_most() -> None:
    moves = [shift_ns(wait_ns, PERIOD_NS) for wait_ns in range(0, PERIOD_NS + 1, 10_000)]
    assert max(map(abs, moves)) == 200_000


@pytest.mark.parametrize('waited_ns', [None, -1, PERIOD_NS + 1, 3_600_000_000_000, -(10**18)])
def test_no_command_and_no_sensible_wait_move_nothing(waited_ns: int | None) -> None:
    assert shift_ns(waited_ns, PERIOD_NS) == 0
