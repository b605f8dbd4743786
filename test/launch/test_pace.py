# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Slow motion is the same for every way to read a clock and to wait."""

import json
import os
import subprocess
import sys
import time

import pytest

from test.launch.pace import __main__ as pace

SLOWER = 4.0
WAIT_S = 0.1
# Each kind of wait that nodes, middleware and tests use, in a process whose clocks go slower.
WAITS = """
import asyncio, json, queue, select, signal, threading, time
held, wait_s = threading.Lock(), {wait_s}
held.acquire()

def alarm():
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, wait_s)
    signal.pause()

waits = {{
    'sleep': lambda: time.sleep(wait_s),
    'select': lambda: select.select((), (), (), wait_s),
    'poll': lambda: select.poll().poll(wait_s * 1e3),
    'epoll': lambda: select.epoll().poll(wait_s),
    'lock': lambda: held.acquire(timeout=wait_s),
    'event': lambda: threading.Event().wait(wait_s),
    'asyncio': lambda: asyncio.run(asyncio.sleep(wait_s)),
    'alarm': alarm,
}}
try:
    import rclpy
except ImportError:
    pass
else:
    rclpy.init()
    node = rclpy.create_node('waits')
    waits['spin_once'] = lambda: rclpy.spin_once(node, timeout_sec=wait_s)
# Nothing ends what is to last for ever.
patient = threading.Thread(target=lambda: held.acquire(timeout=threading.TIMEOUT_MAX), daemon=True)
patient.start()
took = {{}}
for name, wait in waits.items():
    began, date, unslowed = time.monotonic(), time.time(), UNSLOWED()
    wait()
    took[name] = time.monotonic() - began, time.time() - date, UNSLOWED() - unslowed
assert patient.is_alive()
print(json.dumps(took))
"""
# The kernel's own clock, past the C library.
UNSLOWED = 'UNSLOWED = lambda: float(open("/proc/uptime").read().split()[0])\n'


@pytest.fixture(scope='module')
def took():
    """Wait in every way; how long each took by the slow clocks and by the kernel's."""
    done = subprocess.run(
        [sys.executable, '-c', UNSLOWED + WAITS.format(wait_s=WAIT_S)],
        env=os.environ | pace.slow_motion(SLOWER), stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def test_every_wait_takes_what_was_asked_of_the_slow_clock_and_more_of_the_computer(took):
    assert len(took) >= 8
    for name, (steady_s, date_s, real_s) in took.items():
        # Never early; a busy computer may be late, but not by the factor.
        assert WAIT_S - 0.005 <= steady_s < WAIT_S * SLOWER - 0.05, name
        assert date_s == pytest.approx(steady_s, abs=0.02), name
        assert real_s == pytest.approx(steady_s * SLOWER, abs=0.05), name


@pytest.mark.parametrize(
    ('slower', 'busy', 'then'),
    [(1.0, 0.2, 1.0), (1.0, 0.4, 1.0), (1.0, 0.6, 1.5), (1.0, 1.0, 2.5), (2.5, 0.6, 4.0),
     (2.5, 0.4, 2.5), (8.0, 0.9, 8.0)],
)  # fmt: skip
def test_the_pace_leaves_the_computer_room(slower, busy, then):
    assert pace.next_pace(slower, busy) == then


def test_a_pace_can_be_asked_for():
    assert pace.choose({'HVD_PACE': '1'}) == (1.0, 'HVD_PACE=1')
    assert pace.choose({'HVD_PACE': '2.5'})[0] == 2.5
    assert pace.slow_motion(1.0) == {}
    assert time.monotonic_ns() >= int(pace.slow_motion(2.0)['PACE_BOOT_NS']) - 10**9
