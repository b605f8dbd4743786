# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`make demo`: the robot moves, the page is there, the end comes by itself."""

import os
import re
import subprocess
import sys
import urllib.request

import psutil
import pytest
import rclpy

from hvd_ros.cli import demo
from hvd_ros.cli.demo_story import DRIVEN_M, Story
from hvd_ros.cli.main import main
from hvd_ros.cli.ros_session import Session

pytestmark = [pytest.mark.ros, pytest.mark.launch]


@pytest.mark.timeout(320)
def test_demo_moves_the_robot_and_ends_by_itself_with_code_0(tmp_path) -> None:
    process = subprocess.Popen(
        [sys.executable, '-m', 'hvd_ros.cli.main', 'demo'],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {'PYTHONUNBUFFERED': '1'},
    )  # fmt: skip
    try:
        said = process.stdout.readline()
        page = re.search(r'http://127\.0\.0\.1:\d+', said)
        assert page, said
        lines = []
        for line in process.stdout:
            lines.append(line)
            if 'teleop, moving' in line and len(lines) > 1 and page:
                assert urllib.request.urlopen(page[0], timeout=20).status == 200
                family = psutil.Process(process.pid).children(recursive=True)
                page = None
        assert process.wait(timeout=30) == 0, ''.join(lines)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert page is None, 'it never moved: ' + ''.join(lines)
    assert not any(child.is_running() for child in family)
    driven = re.search(r'driven +([\d.]+) m', ''.join(lines))
    assert driven and float(driven[1]) > DRIVEN_M


def test_a_demo_in_which_nothing_moved_says_so(tmp_path, capsys) -> None:
    log = tmp_path / 'log'
    log.write_text('[joylo] no leader\n')
    with pytest.raises(demo.NothingMoved, match='did not move'):
        demo._judge(Story(0), 0, log)
    assert '[joylo] no leader' in capsys.readouterr().out
    with pytest.raises(demo.NothingMoved, match='code 3'):
        demo._judge(Story(0), 3, log)


def test_demo_refuses_a_domain_in_which_a_mux_runs(capsys) -> None:
    with Session() as session:
        other = rclpy.create_node('mux', context=session.node.context)
        try:
            assert main(['demo', '--once']) == 2
        finally:
            other.destroy_node()
    assert 'already running' in capsys.readouterr().err
