# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The archive for a bug report: complete, also on a broken machine, and without secrets."""

import tarfile

import pytest

from hvd_ros.cli import logs
from hvd_ros.cli import main as cli


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Give a user folder of our own, and no checks that take seconds."""
    for name, folder in (('HVD_CONFIG_DIR', 'c'), ('HVD_STATE_DIR', 's'), ('ROS_LOG_DIR', 'l')):
        (tmp_path / folder).mkdir()
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setattr(logs, '_doctor', lambda namespace: 'ok    all\n')
    monkeypatch.setattr(logs, '_status', lambda namespace: 'no mux heard\n')
    return tmp_path


def pack(home):
    assert cli.main(['logs', '--out', str(home / 'out.tar.gz')]) == 0
    with tarfile.open(home / 'out.tar.gz') as archive:
        return {
            member.name.removeprefix('hvd-logs/'): archive.extractfile(member).read().decode()
            for member in archive
        }


def test_everything_a_report_needs_is_inside(home, capsys):
    (home / 'c/robots').mkdir()
    (home / 'c/robots/mine.yaml').write_text('name: mine\n')
    (home / 's/estop.json').write_text('{"latched": true}')
    (home / 'l/mux_1.log').write_text('hello from the mux\n')
    inside = pack(home)
    assert inside['doctor.txt'] == 'ok    all\n'
    assert 'numpy ' in inside['versions.txt']
    assert inside['user_config/robots/mine.yaml'] == 'name: mine\n'
    assert (
        'robots' in inside['config/robots/r1.yaml']
        or 'name: r1' in inside['config/robots/r1.yaml']
    )
    assert inside['state/estop.json'] == '{"latched": true}'
    assert inside['logs/mux_1.log'] == 'hello from the mux\n'
    said = capsys.readouterr().out
    assert said.startswith(str(home / 'out.tar.gz'))
    assert all(name in said for name in inside)


def test_no_secret_leaves_the_machine(home, monkeypatch):
    for name in ('HF_TOKEN', 'ROS_ACCESS_TOKEN', 'AWS_SECRET_ACCESS_KEY', 'HVD_VIEWER_PASSWORD'):
        monkeypatch.setenv(name, 'hunter2')
    monkeypatch.setenv('ROS_DOMAIN_ID', '7')
    (home / 'c/viewer.yaml').write_text('port: 1\nauth_token: hunter2\n"password": "hunter2"\n')
    (home / 'c/api_token.json').write_text('hunter2')
    (home / 'l/a.log').write_text('api_key=hunter2 to https://me:hunter2@example.org/x\n')
    inside = pack(home)
    assert not [name for name, text in inside.items() if 'hunter2' in text]
    assert 'ROS_DOMAIN_ID=7\n' in inside['environment.txt']
    assert 'TOKEN' not in inside['environment.txt']
    assert 'port: 1\n' in inside['user_config/viewer.yaml']
    assert 'example.org/x' in inside['logs/a.log']


def test_a_part_that_fails_is_said_in_its_place(home, monkeypatch):
    def broken(namespace):
        raise ModuleNotFoundError("No module named 'rclpy'")

    monkeypatch.setattr(logs, '_status', broken)
    text = pack(home)['status.json']
    assert text == "not available: ModuleNotFoundError: No module named 'rclpy'\n"


def test_a_long_log_keeps_its_end(home, monkeypatch):
    monkeypatch.setattr(logs, '_MOST_BYTES', 10)
    (home / 'l/a.log').write_text('0123456789the end')
    assert pack(home)['logs/a.log'] == '789the end'


def test_an_archive_is_never_overwritten_and_a_missing_folder_is_said(home, capsys):
    (home / 'out.tar.gz').write_text('precious')
    assert cli.main(['logs', '--out', str(home / 'out.tar.gz')]) == 2
    assert 'exists already' in capsys.readouterr().err
    assert (home / 'out.tar.gz').read_text() == 'precious'
    assert cli.main(['logs', '--out', str(home / 'no/out.tar.gz')]) == 2
    assert 'can not be written: No such file' in capsys.readouterr().err
