# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Launched processes end in order, report how they ended, and never outlive the launcher."""

import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import psutil
import pytest

from hvd_ros.cli.launching.processes import Processes
from hvd_ros.cli.paint import plain
from hvd_ros.core.errors import ConfigError

PYTHON = sys.executable
# Says that it is ready, then waits for a signal; the argument is what it does with SIGINT/SIGTERM.
CHILD = """
import signal, sys, time
def leave(number, frame):
    print('bye', number, flush=True)
    sys.exit(0)
if sys.argv[1].startswith('polite'):
    signal.signal(signal.SIGINT, leave); signal.signal(signal.SIGTERM, leave)
if sys.argv[1] == 'deaf':
    signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('ready', flush=True)
time.sleep(60)
"""
LAUNCHER = """
import os, sys
from hvd_ros.cli.paint import plain
from hvd_ros.cli.launching.processes import Processes
with Processes(plain) as processes:
    for name in sys.argv[2:]:
        processes.add(name, [sys.executable, '-c', sys.argv[1], name], os.environ, False)
    sys.exit(processes.run())
"""


def _run(capsys, *commands: tuple[str, str, bool], startup_s: float = 0.0) -> tuple[int, str]:
    with Processes(plain, startup_s) as processes:
        for name, code, vital in commands:
            processes.add(name, [PYTHON, '-c', code], os.environ, vital)
        exit_code = processes.run()
    return exit_code, capsys.readouterr().out


@pytest.fixture
def launcher():
    """Start a launcher of polite children and return it once all are ready."""
    started = []

    def start(*names: str) -> tuple[subprocess.Popen, list[psutil.Process]]:
        process = subprocess.Popen(
            [PYTHON, '-c', LAUNCHER, CHILD, *names], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        for _ in names:
            assert 'ready' in process.stdout.readline()
        return process, psutil.Process(process.pid).children()

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_all_ended_well_is_0_and_every_line_has_its_prefix(capsys) -> None:
    code, out = _run(
        capsys, ('a', 'print("one\\ntwo")', False), ('b', 'print("x", end="")', False)
    )
    assert code == 0
    assert {'[a] one', '[a] two', '[b] x', '[a] ended', '[b] ended'} == set(out.splitlines())


def test_first_bad_code_is_the_exit_code(capsys) -> None:
    code, out = _run(capsys, ('a', 'raise SystemExit(3)', False), ('b', 'print(1)', False))
    assert code == 3
    assert '[a] ended with code 3' in out


def test_death_by_signal_is_a_failure(capsys) -> None:
    code, _ = _run(capsys, ('a', 'import os; os.kill(os.getpid(), 11)', False))
    assert code == 128 + 11


def test_one_death_does_not_end_the_others(capsys) -> None:
    slow = 'import time; time.sleep(0.5); print("still here")'
    _, out = _run(capsys, ('a', 'raise SystemExit(3)', False), ('b', slow, False))
    assert '[b] still here' in out


def test_end_of_a_vital_one_ends_the_others(capsys) -> None:
    began = time.monotonic()
    code, out = _run(
        capsys, ('a', 'print(1)', True), ('b', CHILD.replace('argv[1]', 'argv[0]'), False)
    )
    assert code == 0
    assert time.monotonic() - began < 10
    assert '[a] the others are stopped with it' in out


def test_failure_while_starting_ends_the_others(capsys) -> None:
    sleeper = 'import time; time.sleep(60)'
    code, _ = _run(capsys, ('a', 'raise SystemExit(1)', False), ('b', sleeper, False), startup_s=5)
    assert code == 1


@pytest.mark.parametrize(('code', 'ends_all'), [(1, False), (3, True), (70, False)])
def test_a_refusal_ends_the_others_also_when_it_is_long_in_coming(
    capsys, code: int, ends_all: bool
) -> None:
    late = f'import time; time.sleep(1); raise SystemExit({code})'
    other = 'import time; time.sleep(2.5)'
    found, out = _run(capsys, ('a', late, False), ('b', other, False), startup_s=0.5)
    assert found == code
    assert ('[a] the others are stopped with it' in out) == ends_all


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_is_passed_on_and_ends_well(launcher, number: int) -> None:
    process, children = launcher('polite', 'polite_too')
    process.send_signal(number)
    assert process.wait(timeout=10) == 0
    assert process.stdout.read().count('bye') == 2
    assert not any(child.is_running() for child in children)


def test_killed_launcher_leaves_no_orphans(launcher) -> None:
    process, children = launcher('polite', 'ordinary')
    assert len(children) == 2
    process.kill()
    gone, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
    assert len(gone) == 2


def test_deaf_process_is_ended_by_force_and_that_is_a_failure(capsys, monkeypatch) -> None:
    patience = ((signal.SIGTERM, 0.3), (signal.SIGKILL, 5.0))
    monkeypatch.setattr('hvd_ros.cli.launching.processes.PATIENCE', patience)
    with Processes(plain, 0.0) as processes:
        processes.add('deaf', [PYTHON, '-c', CHILD, 'deaf'], os.environ, False)
        processes.add('end', [PYTHON, '-c', 'import time; time.sleep(1)'], os.environ, True)
        code = processes.run()
    assert code == 128 + signal.SIGKILL
    assert '[deaf] ended with code 137' in capsys.readouterr().out


def test_child_leads_its_own_session(launcher) -> None:
    _, (child,) = launcher('polite')
    assert os.getsid(child.pid) == child.pid  # a Ctrl-C in the terminal does not reach it


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError), Processes(plain) as processes:
        processes.add('a', [PYTHON, '-c', CHILD, 'polite'], os.environ, False)
        processes.add('a', [PYTHON, '-c', CHILD, 'polite'], os.environ, False)
    assert not psutil.Process().children()


def test_missing_program_starts_nothing_and_leaves_nothing(capsys) -> None:
    with pytest.raises(FileNotFoundError), Processes(plain) as processes:
        processes.add('a', [PYTHON, '-c', CHILD, 'polite'], os.environ, False)
        processes.add('b', [str(Path('/no/such/program'))], os.environ, False)
    assert not psutil.Process().children()
