# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The `hvd` command finds verbs, explains mistakes in one line and stays quick without ROS."""

import argparse
from importlib.machinery import ModuleSpec
import os
from pathlib import Path
import subprocess
import sys
import types

import pytest

from hvd_ros.cli import main as cli
from hvd_ros.core.errors import DeviceError


def _plant(monkeypatch: pytest.MonkeyPatch, run, add_arguments=lambda parser: None) -> None:
    """Put a verb in the place of `status`."""
    module = types.ModuleType('planted')
    module.__spec__ = ModuleSpec('planted', None)
    module.HELP, module.EXAMPLES = 'a planted verb', ('hvd status --now',)
    module.add_arguments, module.run = add_arguments, run
    monkeypatch.setitem(sys.modules, 'hvd_ros.cli.status', module)


@pytest.mark.parametrize('name', cli.VERBS)
def test_every_verb_of_the_table_is_a_verb(name: str) -> None:
    path = Path(cli.__file__).with_name(f'{name}.py')
    source = path.read_text()
    for word in ('HELP = ', 'EXAMPLES = ', 'def add_arguments(', 'def run('):
        assert f'\n{word}' in source, f'{path.name} lacks {word}'
    assert f"\nNAME = '{name}'\n" in source
    assert cli._help_of(f'hvd_ros.cli.{name}')


def test_misspelt_verb_names_the_right_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(['stauts']) == 2
    assert "did you mean 'status'?" in capsys.readouterr().err


def test_error_is_one_line_with_its_exit_code(monkeypatch, capsys) -> None:
    def run(args: argparse.Namespace) -> int:
        raise DeviceError('no leader on /dev/ttyUSB0')

    _plant(monkeypatch, run)
    assert cli.main(['status']) == DeviceError.exit_code
    assert capsys.readouterr().err == 'error: no leader on /dev/ttyUSB0\n'


def test_missing_package_names_the_install(monkeypatch, capsys) -> None:
    def run(args: argparse.Namespace) -> int:
        raise ModuleNotFoundError("No module named 'rclpy'", name='rclpy')

    _plant(monkeypatch, run)
    assert cli.main(['status']) == 1
    error = capsys.readouterr().err
    assert "'rclpy'" in error and 'make setup' in error and error.count('\n') == 1


def test_own_missing_module_is_a_defect_not_an_installation(monkeypatch) -> None:
    def run(args: argparse.Namespace) -> int:
        raise ModuleNotFoundError('gone', name='hvd_ros.core.gone')

    _plant(monkeypatch, run)
    with pytest.raises(ModuleNotFoundError):
        cli.main(['status'])


def test_interrupt_exits_130(monkeypatch) -> None:
    def run(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    _plant(monkeypatch, run)
    assert cli.main(['status']) == 130


def test_verb_arguments_and_examples(monkeypatch, capsys) -> None:
    _plant(
        monkeypatch,
        lambda args: 7 if args.now else 0,
        lambda parser: parser.add_argument('--now', action='store_true'),
    )
    assert cli.main(['status', '--now']) == 7
    with pytest.raises(SystemExit) as left:
        cli.main(['status', '--help'])
    assert left.value.code == 0
    assert 'hvd status --now' in capsys.readouterr().out


def test_verb_of_another_distribution(monkeypatch) -> None:
    entry = types.SimpleNamespace(name='train', value='somewhere.train')
    own = types.SimpleNamespace(name='status', value='somewhere.status')
    monkeypatch.setattr(cli.metadata, 'entry_points', lambda group: [entry, own])
    verbs = cli._verbs()
    assert verbs['train'] == 'somewhere.train'
    assert verbs['status'] == 'hvd_ros.cli.status'  # nobody replaces ours


def test_listing_loads_no_verb_and_no_ros() -> None:
    code = (
        'import sys; from hvd_ros.cli.main import main\n'
        'try: main(["--help"])\n'
        'except SystemExit: pass\n'
        'loaded = [m for m in sys.modules if m.split(".")[0] in ("rclpy", "numpy", "mujoco")\n'
        '          or m.startswith("hvd_ros.cli.") and m != "hvd_ros.cli.main"]\n'
        'sys.exit(f"loaded: {loaded}" if loaded else 0)\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for verb in cli.VERBS:
        assert f'  {verb}' in done.stdout


def test_shell_completion_offers_the_verbs(tmp_path: Path) -> None:
    pytest.importorskip('argcomplete')
    out = tmp_path / 'offers'
    line = 'hvd sta'
    environment = os.environ | {
        '_ARGCOMPLETE': '1',
        '_ARGCOMPLETE_IFS': '\n',
        '_ARGCOMPLETE_STDOUT_FILENAME': str(out),
        'COMP_LINE': line,
        'COMP_POINT': str(len(line)),
    }
    subprocess.run([sys.executable, '-m', 'hvd_ros.cli.main'], env=environment, check=True)
    assert out.read_text().split() == ['status']
