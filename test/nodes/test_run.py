# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How a node ends: by signal with 0, by a user's error with one line and its code."""

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip('rclpy')

PROGRAM = """
from hvd_ros.core.errors import DeviceError
from hvd_ros.nodes.shell.run import run
from rclpy.node import Node

class Example(Node):
    def __init__(self):
        super().__init__('run_test')
        {body}
    def close(self):
        print('closed', flush=True)

run(Example)
"""


def start(body):
    return subprocess.Popen(
        [sys.executable, '-c', PROGRAM.format(body=body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {'PYTHONUNBUFFERED': '1'},
    )


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_the_node_and_exits_0(number):
    process = start("print('up', flush=True)")
    assert process.stdout.readline() == 'up\n'
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, 'closed\n')
    assert 'Traceback' not in err


def test_a_users_error_is_one_line_and_its_code():
    process = start("raise DeviceError('/dev/tty_joylo is not there; plug it in')")
    out, err = process.communicate(timeout=20)
    assert process.returncode == 3
    assert err == 'error: /dev/tty_joylo is not there; plug it in\n'


def test_a_fault_of_ours_keeps_its_traceback():
    process = start('raise ZeroDivisionError')
    _, err = process.communicate(timeout=20)
    assert process.returncode == 70
    assert 'ZeroDivisionError' in err
