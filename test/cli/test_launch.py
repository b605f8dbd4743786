# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd launch` turns a launch file into command lines, explains its arguments and its refusals."""

from pathlib import Path
import shlex
import sys

import pytest

from hvd_ros.cli import launch, main
from hvd_ros.cli.launching.file import LaunchNode


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install every node of ours in a made-up prefix."""
    for node in ('sim_robot', 'sim_joylo', 'joylo', 'mux', 'r1', 'guardian', 'viewer'):
        path = tmp_path / 'lib' / 'hvd_ros' / f'{node}_node'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!{sys.executable}\nimport sys; print("started"); sys.exit(0)\n')
        path.chmod(0o755)
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    return tmp_path


def _node(**changes: object) -> LaunchNode:
    values = {
        'package': 'hvd_ros', 'executable': 'mux_node', 'name': 'mux', 'namespace': '/one',
        'arguments': ('-d', 'x'), 'parameters': ('/a.yaml', {'port': '1'}, {'on': True}),
        'log_level': 'warn', 'environment': {}, 'shutdown_on_exit': False,
    }  # fmt: skip
    return LaunchNode(**(values | changes))


def test_command_line_of_a_node(prefix: Path) -> None:
    assert launch.command(_node()) == [
        f'{prefix}/lib/hvd_ros/mux_node', '-d', 'x', '--ros-args', '--log-level', 'warn',
        '-r', '__node:=mux', '-r', '__ns:=/one', '--params-file', '/a.yaml',
        '-p', 'port:="1"', '-p', 'on:=true',
    ]  # fmt: skip


def test_dry_run_starts_nothing(prefix: Path, capsys) -> None:
    assert main.main(['launch', 'teleop', '--dry-run', 'viewer:=false']) == 0
    lines = [shlex.split(line) for line in capsys.readouterr().out.splitlines()]
    started = [Path(words[0]).name.removesuffix('_node') for words in lines]
    assert started == ['sim_robot', 'sim_joylo', 'joylo', 'mux', 'r1', 'guardian']


def test_manual_names_every_argument(capsys) -> None:
    assert main.main(['launch', 'teleop', '--show-args']) == 0
    out = capsys.readouterr().out
    for text in ('hardware  one of: sim, real', "default 'sim'", 'Serial port', 'operator'):
        assert text in out


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['hardwear:=sim'], "did you mean 'hardware'"),
        (['hardware=sim'], 'write it as NAME:=VALUE'),
        (['hardware:=reel'], "did you mean 'real'"),
    ],
)
def test_wrong_argument_exits_2_and_starts_nothing(words, message, prefix, capsys) -> None:
    assert main.main(['launch', 'teleop', *words]) == 2
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.count('\n') == 1
    assert 'started' not in captured.out


def test_missing_native_package_is_named_before_anything_starts(prefix: Path, capsys) -> None:
    assert main.main(['launch', 'bringup', 'state_publisher:=true']) == 2
    captured = capsys.readouterr()
    assert 'apt install ros-jazzy-robot-state-publisher' in captured.err
    assert 'started' not in captured.out


def test_real_processes_are_started(prefix: Path, capsys) -> None:
    assert main.main(['launch', 'sim']) == 0
    out = capsys.readouterr().out
    assert '[sim_robot] started' in out and '[sim_joylo] started' in out
