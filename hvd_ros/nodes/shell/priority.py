# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The nodes of the command path go first, where the system lets them.

On a computer that is also busy with cameras, recording and a policy, a command otherwise waits for
whoever runs; one real-time priority, below that of the kernel's own threads, ends that. The kernel
takes it away again from a process that never sleeps (sched_rt_runtime_us).

The robot's twin has none: it computes for milliseconds on end, and what carries bytes to and from
a device in the kernel would wait for it (99th percentile of the latency: 16 became 37 ms).
"""

from collections.abc import Iterator
from contextlib import contextmanager
import os
import sys

LEVEL = 20  # of the command path and the devices at its ends
RECORDER = 10  # ten frames a second keep their time, but never before a command
SWITCH = 'HVD_REALTIME'
ALLOW = 'rtprio'
_OFF = '0'


def go_first(level: int = LEVEL) -> str:
    """
    Ask for real-time scheduling of this process; return why it was not granted, or nothing.

    Call it before the middleware starts: its threads inherit what the process has.
    """
    if os.environ.get(SWITCH) == _OFF:
        return f'{SWITCH}={_OFF}'
    if sys.platform != 'linux':
        return f'{sys.platform} has no SCHED_FIFO'
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(level))
    except PermissionError:
        return f"this user may not (limit '{ALLOW}'); hvd doctor says how to allow it"
    return ''


@contextmanager
def foremost() -> Iterator[None]:
    """Do what is inside, and start its threads, before others; for a measurement."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    go_first()
    try:
        yield
    finally:
        os.sched_setscheduler(0, *before)
