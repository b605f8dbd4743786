# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd calibrate joylo` with emulated arms, and every way in which it can not begin."""

import os
import pty
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip('dynamixel_sdk')

from hvd_ros.cli import main as cli  # noqa: E402
from hvd_ros.cli.calibrating import joylo  # noqa: E402
from hvd_ros.core.leader.calibration import nominal_calibration  # noqa: E402
from hvd_ros.core.leader.calibration_file import load_calibration  # noqa: E402
from hvd_ros.drivers.dynamixel.twin import DynamixelTwin  # noqa: E402


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv('HVD_CONFIG_DIR', str(tmp_path / 'config'))
    monkeypatch.setenv('HVD_STATE_DIR', str(tmp_path / 'state'))
    return tmp_path


@pytest.fixture
def at_terminal(monkeypatch):
    """Pretend that a person sits there; nobody is asked anything before the arms are open."""
    monkeypatch.setattr('sys.stdin', type('Terminal', (), {'isatty': lambda self: True})())


def error_of(capsys):
    text = capsys.readouterr().err
    assert text.startswith('error: ') and text.count('\n') == 1
    return text


def test_the_twin_finds_its_own_zeros_and_signs_and_leaves_the_real_file_alone(folders, capsys):
    assert cli.main(['calibrate', 'joylo', '--twin']) == 0
    written = folders / 'state/twin_joylo_calibration.json'
    assert f'written: {written}' in capsys.readouterr().out
    assert not (folders / 'config').exists()
    found, made_of = load_calibration(written), nominal_calibration()
    assert (found.signs == made_of.signs).all()
    ticks = [motor.tick for joint in found.joints for motor in joint.motors]
    expected = [motor.tick for joint in made_of.joints for motor in joint.motors]
    # The shaft of a twin stands on whole ticks.
    assert np.abs(np.subtract(ticks, expected)).max() <= 1


def test_a_person_at_a_terminal_is_guided_to_the_file(folders):
    """A person who turns what the text asks for, and presses Enter, on a real terminal."""
    master, slave = pty.openpty()
    made_of = nominal_calibration()
    pose = np.array([joint.pose_rad for joint in made_of.joints])
    with DynamixelTwin(folders / 'bus') as twin:
        process = subprocess.Popen(
            [sys.executable, '-m', 'hvd_ros.cli.main', 'calibrate', 'joylo', '--port', twin.link],
            stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        said = []
        for line in process.stdout:
            said.append(line)
            if 'press Enter' in line:
                joint = line.partition(':')[0]
                if joint in made_of.names:
                    pose[made_of.names.index(joint)] -= 0.5  # the wrong way: a mirrored arm
                    twin.set_hand(pose, 1000.0)
                os.write(master, b'\n')
        assert process.wait(timeout=20) == 0, said
    os.close(master)
    os.close(slave)
    text = ''.join(said)
    assert 'left_arm_joint1  [' in text and 'deg' in text
    found = load_calibration(folders / 'config/joylo_calibration.json')
    assert (found.signs == -made_of.signs).all()


def test_a_missing_port_ends_in_one_line(folders, at_terminal, capsys):
    assert cli.main(['calibrate', 'joylo', '--port', '/dev/no_such_port']) == 3
    assert '/dev/no_such_port: no such port' in error_of(capsys)


def test_a_forbidden_port_names_the_group(folders, at_terminal, capsys, monkeypatch):
    port = folders / 'ttyUSB0'
    port.touch()
    monkeypatch.setattr(os, 'access', lambda path, mode: False)
    assert cli.main(['calibrate', 'joylo', '--port', str(port)]) == 3
    assert 'dialout' in error_of(capsys)


def test_a_wrong_baud_and_a_missing_motor_end_in_one_line(folders, at_terminal, capsys):
    with DynamixelTwin(folders / 'bus') as twin:
        port = str(twin.link)
        assert cli.main(['calibrate', 'joylo', '--port', port, '--baud', '1000000']) == 3
        assert 'baud' in error_of(capsys)
        twin.inject('drop', '5', 1.0, 0.0)
        assert cli.main(['calibrate', 'joylo', '--port', port]) == 3
        assert '5' in error_of(capsys)
    assert cli.main(['calibrate', 'joylo', '--port', port, '--baud', '1']) == 3
    assert '3000000' in error_of(capsys)


def test_without_a_terminal_it_does_not_begin(folders, capsys, monkeypatch):
    monkeypatch.setattr('sys.stdin', type('Pipe', (), {'isatty': lambda self: False})())
    assert cli.main(['calibrate', 'joylo']) == 2
    assert '--twin' in error_of(capsys)


def test_bars_grow_to_both_sides_and_stop_at_the_edge():
    lines = joylo.bars(('a', 'long'), np.array([0.2, -9.0])).splitlines()
    assert lines[0] == f'a    [{" " * 15}|###{" " * 12}]  +11.5 deg'
    assert lines[1] == f'long [{"#" * 15}|{" " * 15}] -515.7 deg'
