# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
When to tick, so that a leader at the same rate is heard soon after it spoke.

Two loops at 100 Hz with unrelated phases cost half a period on average and a whole one at worst.
The mux therefore moves its tick, a little each time, until the leader's command has only just
come; a tick whose command is late waits for it (nodes/shell/tick.py).
"""

TARGET_NS = 1_500_000  # a command should have waited this long, its way through DDS included
_GAIN = 0.1
_FASTEST_NS = 200_000  # one tick is never moved by more than 2 % of the period


def shift_ns(waited_ns: int | None, period_ns: int) -> int:
    """
    Return by how much the next tick should come later (or, negative, earlier).

    waited_ns is how long the newest command lay before this tick took it, None when none came. A
    wait that is no part of a period (a clock was set, the leader paused) moves nothing.
    """
    if waited_ns is None or not 0 <= waited_ns <= period_ns:
        return 0
    # The phase is a circle: what waited nearly a whole period came just after the last tick.
    early = TARGET_NS - waited_ns
    if early < -period_ns // 2:
        early += period_ns
    return max(-_FASTEST_NS, min(_FASTEST_NS, round(_GAIN * early)))
