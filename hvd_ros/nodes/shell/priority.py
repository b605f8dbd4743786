# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The nodes of the command path go first, where the system lets them.

On a computer that is also busy with cameras, recording and a policy, a command otherwise waits for
whoever runs; one real-time priority, below that of the kernel's own threads, ends that. The kernel
takes it away again from a process that never sleeps (sched_rt_runtime_us).

The robot's twin has none: it computes for milliseconds on end, and what carries bytes to and from
a device in the kernel would wait for it (99th percentile of the latency: 16 became 37 ms). It only
goes before its ordinary neighbours: with a node starting beside it on two busy cores, the longest
silence of its joints was 275 ms without and 130 ms with that.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
import os
from pathlib import Path
import sys

LEVEL = 20  # of the command path and the devices at its ends
RECORDER = 10  # ten frames a second keep their time, but never before a command
NICE_TWIN = -10
SWITCH = 'HVD_REALTIME'
THIS_THREAD = (0,)
ALLOW = 'rtprio'
_OFF = '0'


def go_first(level: int = LEVEL, threads: Iterable[int] | None = None) -> str:
    """
    Ask for real-time scheduling of this process; return why it was not granted, or nothing.

    It is for the threads that there are, the middleware's too, and for those that they start
    later. Call it when a node is made: half a second of making one would hold everybody up.
    """
    if sys.platform != 'linux':
        return f'{sys.platform} has no SCHED_FIFO'
    how = os.sched_param(level)
    return _claim(lambda one: os.sched_setscheduler(one, os.SCHED_FIFO, how), ALLOW, threads)


def go_before(nice: int) -> str:
    """Ask the same of ordinary scheduling, where a lower number gets more of a busy computer."""
    return _claim(lambda one: os.setpriority(os.PRIO_PROCESS, one, nice), 'nice')


def _claim(ask: Callable[[int], None], limit: str, threads: Iterable[int] | None = None) -> str:
    if os.environ.get(SWITCH) == _OFF:
        return f'{SWITCH}={_OFF}'
    if threads is None:
        threads = [int(entry.name) for entry in Path('/proc/self/task').iterdir()]
    try:
        for thread in threads:
            with suppress(ProcessLookupError):  # it ended meanwhile
                ask(thread)
    except PermissionError:
        return f"this user may not (limit '{limit}'); hvd doctor says how to allow it"
    return ''


@contextmanager
def foremost() -> Iterator[None]:
    """Do what is inside, and start its threads, before others; for a measurement."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    go_first(threads=THIS_THREAD)
    try:
        yield
    finally:
        os.sched_setscheduler(0, *before)
