# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The fault matrix, rows of hosts and clocks: cut cable, wall clock set back, dead /clock."""

import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.ros, pytest.mark.launch]
pytest.importorskip('rclpy')

from test.launch.graph import TELEOP, Graph  # noqa: E402
from test.launch.hosts import ENVIRONMENT, ROBOT, STATION, cut_cable, on, two_hosts  # noqa: E402

DECELERATION_S = 0.3 / 1.0
SLACK_S = 0.1


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which('ip') is None,
    reason='network namespaces need root and iproute2',
)
def test_link_cut_between_hosts_stops_the_base(tmp_path):
    environment = os.environ | ENVIRONMENT
    with two_hosts():
        graph = Graph(tmp_path, ENVIRONMENT)
        seats = {}
        try:
            for node in TELEOP:
                host = ROBOT if node in ('sim_robot', 'guardian') else STATION
                graph.start(node, prefix=on(host))
            for role, host in (('operator', STATION), ('robot', ROBOT)):
                seats[role] = subprocess.Popen(
                    [*on(host), sys.executable, '-m', 'test.launch.on_host', role],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    env=environment,
                    cwd=Path(__file__).parents[2],
                )
            assert seats['operator'].stdout.readline() == 'driving\n'
            assert seats['robot'].stdout.readline() == 'moving\n'
            cut_cable()
            report = json.loads(seats['robot'].communicate('cut\n', timeout=30)[0])
        finally:
            codes = graph.close()
            for seat in seats.values():
                seat.kill()
                seat.wait()
    # 150 ms of silence, then zeros: never the operator's last speed.
    assert report['stop_s'] <= 0.2 + SLACK_S
    assert report['speed'] < 0.01
    assert all(code == 0 for code in codes.values()), codes


FAKETIME = next(Path('/usr/lib').glob('*/faketime/libfaketimeMT.so.1'), None)


@pytest.mark.skipif(FAKETIME is None, reason='needs the Debian package faketime')
def test_wall_clock_set_back_an_hour_leaves_the_watchdog_alone(tmp_path, wire):
    offset = tmp_path / 'offset'
    offset.write_text('+0\n')
    graph = Graph(
        tmp_path,
        {
            'LD_PRELOAD': str(FAKETIME),
            'FAKETIME_TIMESTAMP_FILE': str(offset),
            'FAKETIME_CACHE_DURATION': '1',  # [s]; reading the file at every look is too slow
            'FAKETIME_DONT_FAKE_MONOTONIC': '1',
        },
    )
    try:
        graph.start_all(TELEOP)
        wire.ready()
        wire.engage()
        wire.drive()
        jump_ns = wire.truth[-1][0]
        offset.write_text('-3600\n')
        wire.watch(2.5)
        jumped = wire.teleop[-1][1].header.stamp.sec
        assert wire.node.get_clock().now().seconds_nanoseconds()[0] - jumped > 3000
        # At most a hiccup: both ends of every age are measured on one clock again.
        assert wire.chassis[-1][1][0] > 0.25 or wire.mode() != 1
        at_ns = graph.signal('joylo', signal.SIGKILL)
        assert wire.stopped_after(at_ns) <= 0.2 + DECELERATION_S + SLACK_S
        assert jump_ns < at_ns
    finally:
        graph.close()  # exit codes say nothing here: the preloaded clock crashes some at exit


def test_clock_that_never_ticks_leaves_the_watchdog_alone(graph, wire):
    for node in TELEOP:
        graph.start(node, parameters={'use_sim_time': node in ('mux', 'guardian', 'r1', 'joylo')})
    wire.ready()
    wire.engage()
    wire.drive()
    at_ns = graph.signal('joylo', signal.SIGKILL)
    assert wire.stopped_after(at_ns) <= 0.2 + DECELERATION_S + SLACK_S
