# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The scripted operator: engages through the devices, lets go when not followed, ends with 0."""

import os
from pathlib import Path
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]
pytest.importorskip('rclpy')

from hvd_ros.core.mux.command import Mode  # noqa: E402
from hvd_ros.drivers.cameras.frame_store import state_writer  # noqa: E402
from hvd_ros.drivers.sim_devices import twin_dir  # noqa: E402
from test.nodes.leader_bench import BODY, LeaderBench, namespace_of  # noqa: E402

EXECUTABLE = Path(sys.prefix) / 'lib' / 'hvd_ros' / 'scripted_operator_node'


@pytest.fixture
def bench(request):
    bench = LeaderBench(namespace_of(request.node.name))
    bench.hands.push = lambda *_: None  # the operator's thumbs, not ours
    bench.follow = True
    bench.node.create_timer(0.05, lambda: follow(bench))
    yield bench
    bench.close()
    assert not bench.errors


def follow(bench):
    """Be a mux that follows whoever is engaged."""
    engaged = bench.follow and bool(bench.commands) and bench.last().engaged
    bench.status.mode = int(Mode.TELEOP if engaged else Mode.HOLD)


def start(bench, *parameters):
    flags = [word for p in parameters for word in ('-p', p)]
    namespace = bench.node.get_namespace()
    return subprocess.Popen(
        [EXECUTABLE, '--ros-args', '-r', f'__ns:={namespace}', *flags],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )


@pytest.mark.slow
def test_a_round_drives_every_way_and_ends_with_0(bench):
    operator = start(bench, 'script:=drive', 'once:=true')
    _, said = operator.communicate(timeout=90)
    assert operator.returncode == 0, said
    assert 'drive finished' in said
    base = BODY.indices('base')
    seen = [[m.values[i] for i in base] for _, m in bench.commands if m.engaged]
    for axis, top in enumerate((0.3, 0.3, 0.4)):
        assert max(v[axis] for v in seen) == pytest.approx(top)
        assert min(v[axis] for v in seen) == pytest.approx(-top)
    bench.until('let go', lambda: sum(bench.joys[-1].buttons) == 0)
    assert not bench.last().engaged


def test_an_operator_who_is_not_followed_lets_go(bench):
    bench.follow = False
    operator = start(bench, 'script:=drive')
    bench.until('held', lambda: bool(bench.joys) and sum(bench.joys[-1].buttons) > 0)
    bench.until('let go', lambda: sum(bench.joys[-1].buttons) == 0)
    operator.terminate()
    _, said = operator.communicate(timeout=20)
    assert operator.returncode == 0, said
    assert 'does not follow' in said


def test_an_unknown_script_is_one_clear_error(bench):
    operator = start(bench, 'script:=dance')
    _, said = operator.communicate(timeout=30)
    assert operator.returncode == 2
    assert 'drive' in said and 'tour' in said and 'pen_insert' in said
    assert 'Traceback' not in said


def test_a_task_that_the_twin_does_not_stand_in_is_one_clear_error(bench):
    folder = twin_dir(bench.node.get_namespace())
    about = {'robot': 'r1', 'scene': 'office', 'seed': 0, 'setting': 'usual'}
    board = state_writer(folder, 3, about)
    try:
        bench.until('a robot', lambda: bool(bench.commands))
        operator = start(bench, 'script:=pen_insert', 'once:=true')
        _, said = operator.communicate(timeout=60)
    finally:
        board.close()
    assert operator.returncode == 2, said
    assert "stands in 'office'" in said and 'scene:=pen_insert' in said
    assert 'Traceback' not in said
