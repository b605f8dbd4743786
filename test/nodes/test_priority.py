# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The command path asks to go first; where it may not, it runs all the same."""

import importlib
import os
import subprocess
import sys
import threading

import pytest

from hvd_ros.nodes.shell import priority

SCRIPT = """
import os, threading
from hvd_ros.nodes.shell.priority import go_first
go_on = threading.Event()
earlier = threading.Thread(target=lambda: (go_on.wait(), look()))
earlier.start()
said = go_first()
found = []
look = lambda: found.append(os.sched_getscheduler(0))
later = threading.Thread(target=look)
later.start(); later.join()
go_on.set(); earlier.join()
print(said or 'granted', os.sched_getscheduler(0), *found)
"""


def _asked(**environ):
    run = [sys.executable, '-c', SCRIPT]
    return subprocess.check_output(run, env={**os.environ, **environ}, text=True).strip()


def test_who_is_granted_it_runs_at_real_time_and_so_do_its_threads():
    said = _asked()
    if said.startswith('granted'):
        assert said == 'granted' + 3 * f' {os.SCHED_FIFO}'
    else:
        assert 'hvd doctor' in said
        assert said.endswith(3 * f' {os.SCHED_OTHER}')


def test_a_user_without_the_right_is_told_and_goes_on(monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, 'sched_setscheduler', refuse)
    assert 'rtprio' in priority.go_first()


def test_it_can_be_switched_off():
    assert _asked(HVD_REALTIME='0') == 'HVD_REALTIME=0' + 3 * f' {os.SCHED_OTHER}'


def test_a_measurement_gives_it_back():
    before = os.sched_getscheduler(0)
    with priority.foremost():
        pass
    assert os.sched_getscheduler(0) == before
    found = []
    thread = threading.Thread(target=lambda: found.append(os.sched_getscheduler(0)))
    thread.start()
    thread.join()
    assert found == [before]


@pytest.mark.ros
@pytest.mark.parametrize(
    ('node', 'level'),
    [
        ('joylo', 20),
        ('mux', 20),
        ('r1', 20),
        ('guardian', 20),
        ('sim_joylo', 20),
        ('recorder', 10),
    ],
)
def test_every_node_on_the_way_of_a_command_asks_and_the_recorder_comes_after(
    node, level, monkeypatch
):
    module = importlib.import_module(f'hvd_ros.nodes.{node}_node')
    asked = {}
    monkeypatch.setattr(module, 'run', lambda make, **how: asked.update(how))
    module.main()
    granted = []
    monkeypatch.setattr(priority.os, 'sched_setscheduler', lambda *what: granted.append(what))
    assert asked['claim']() == ''
    assert {(how, wanted.sched_priority) for _, how, wanted in granted} == {(os.SCHED_FIFO, level)}


def test_the_robots_twin_goes_before_its_ordinary_neighbours_with_all_its_threads():
    script = """
import os, threading
from hvd_ros.nodes.shell.priority import NICE_TWIN, go_before
go_on = threading.Event()
found = []
earlier = threading.Thread(target=lambda: (go_on.wait(), found.append(os.nice(0))))
earlier.start()
before = os.nice(0)
said = go_before(NICE_TWIN)
go_on.set(); earlier.join()
wanted = before if said else NICE_TWIN
print(said or 'granted', *(nice - wanted for nice in (*found, os.nice(0))))
"""
    said = subprocess.check_output([sys.executable, '-c', script], text=True).strip()
    assert said == 'granted 0 0' or (said.startswith('this user may not') and said.endswith('0 0'))
