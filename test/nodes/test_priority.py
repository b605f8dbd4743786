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
said = go_first()
found = []
thread = threading.Thread(target=lambda: found.append(os.sched_getscheduler(0)))
thread.start(); thread.join()
print(said or 'granted', os.sched_getscheduler(0), found[0])
"""


def _asked(**environ):
    run = [sys.executable, '-c', SCRIPT]
    return subprocess.check_output(run, env={**os.environ, **environ}, text=True).strip()


def test_who_is_granted_it_runs_at_real_time_and_so_do_its_threads():
    said = _asked()
    if said.startswith('granted'):
        assert said == f'granted {os.SCHED_FIFO} {os.SCHED_FIFO}'
    else:
        assert 'hvd doctor' in said
        assert said.endswith(f'{os.SCHED_OTHER} {os.SCHED_OTHER}')


def test_a_user_without_the_right_is_told_and_goes_on(monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, 'sched_setscheduler', refuse)
    assert 'rtprio' in priority.go_first()


def test_it_can_be_switched_off():
    assert _asked(HVD_REALTIME='0') == f'HVD_REALTIME=0 {os.SCHED_OTHER} {os.SCHED_OTHER}'


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
    assert asked == {'priority': level}
