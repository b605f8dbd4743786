# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How long an answer takes: percentiles of many calls, the first ones left out."""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

import numpy as np

_WARM = 5


def timed(call: Callable[[], object], count: int, seconds: float) -> dict[str, float]:
    """Return ms_p50 and ms_p99 of up to `count` calls within about some seconds."""
    for _ in range(_WARM):
        call()
    taken: list[float] = []
    begun = perf_counter()
    while len(taken) < count and (perf_counter() - begun < seconds or len(taken) < _WARM):
        start = perf_counter()
        call()
        taken.append(perf_counter() - start)
    p50, p99 = np.percentile(np.array(taken) * 1e3, (50, 99))
    return {'ms_p50': float(p50), 'ms_p99': float(p99), 'calls': len(taken)}


def in_turns(
    calls: Mapping[str, Callable[[], object]], count: int, seconds: float, turns: int = 5
) -> dict[str, dict[str, float]]:
    """
    Measure several in turns, so that a busy machine is busy for all.

    Percentiles are over the calls of all turns.
    """
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        for _ in range(_WARM):
            call()
    for _ in range(turns):
        for name, call in calls.items():
            begun = perf_counter()
            for _ in range(max(count // turns, 1)):
                start = perf_counter()
                call()
                taken[name].append(perf_counter() - start)
                if perf_counter() - begun > seconds / turns / len(calls):
                    break
    return {name: _percentiles(times) for name, times in taken.items()}


def _percentiles(times: Any) -> dict[str, float]:
    p50, p99 = np.percentile(np.array(times) * 1e3, (50, 99))
    return {'ms_p50': float(p50), 'ms_p99': float(p99), 'calls': len(times)}
