# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Jobs in processes: every result once, an end that says what to do, Ctrl-C left to the parent."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from hvd_ros.core.pool import WorkerDied, run_pool


def square(number: int) -> int:
    return number * number


def pid_of(number: int) -> int:
    return os.getpid()


def die_at_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refuse_three(number: int) -> int:
    if number == 3:
        raise ValueError('three')
    return number


def press_ctrl_c(number: int) -> int:
    os.kill(os.getpid(), signal.SIGINT)
    return number


@pytest.mark.parametrize('workers', [1, 2])
def test_every_job_is_done_once(workers):
    found = list(run_pool(square, range(9), workers, ''))
    assert sorted(found) == [n * n for n in range(9)]


def test_one_worker_is_this_process_and_keeps_the_order():
    assert list(run_pool(pid_of, range(3), 1, '')) == [os.getpid()] * 3
    assert list(run_pool(square, [3, 1, 2], 1, '')) == [9, 1, 4]


def test_several_workers_are_other_processes():
    assert os.getpid() not in set(run_pool(pid_of, range(4), 2, ''))


def test_a_killed_worker_ends_in_one_line_that_says_what_to_do():
    with pytest.raises(WorkerDied, match=r'^a worker died \(out of memory\?\); try again$'):
        list(run_pool(die_at_three, range(6), 2, 'try again'))


@pytest.mark.parametrize('workers', [1, 2])
def test_what_a_job_raises_is_raised_here(workers):
    with pytest.raises(ValueError, match='three'):
        list(run_pool(refuse_three, range(6), workers, ''))


def test_ctrl_c_does_not_end_a_job():
    assert list(run_pool(press_ctrl_c, [1, 2], 2, '')) in ([1, 2], [2, 1])


def test_no_worker_outlives_a_parent_that_is_killed():
    begin = (
        'from hvd_ros.core.pool import run_pool; results = run_pool(abs, [1] * 9, 2, ""); '
        'next(results); print("begun", flush=True); input()'
    )
    with subprocess.Popen(
        [sys.executable, '-c', begin], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout.readline() == b'begun\n'
        workers = psutil.Process(parent.pid).children()
        parent.kill()
    gone, alive = psutil.wait_procs(workers, timeout=20)
    assert len(gone) >= 2
    assert not alive
