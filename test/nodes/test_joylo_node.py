# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The leader node against its twin: real SDK, real report bytes, real DDS."""

from array import array
import os
from pathlib import Path
import subprocess
import sys
import time

import numpy as np
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]
pytest.importorskip('rclpy')

from hvd_msgs.msg import RecorderStatus  # noqa: E402

from hvd_ros.core.errors import DeviceError  # noqa: E402
from hvd_ros.core.leader.buttons import BUTTONS  # noqa: E402
from hvd_ros.core.leader.calibration import nominal_calibration  # noqa: E402
from hvd_ros.core.leader.calibration_file import save_calibration  # noqa: E402
from hvd_ros.drivers.joycon.report import STILL  # noqa: E402
from hvd_ros.nodes.scripted_operator_node import JOINTS  # noqa: E402
from hvd_ros.nodes.shell import qos  # noqa: E402
from test.nodes.leader_bench import BODY, LeaderBench, namespace_of  # noqa: E402

EXECUTABLE = Path(sys.prefix) / 'lib' / 'hvd_ros' / 'joylo_node'


@pytest.fixture
def bench(request):
    bench = LeaderBench(namespace_of(request.node.name))
    yield bench
    bench.close()
    assert not bench.errors


def test_engage_move_and_release(bench):
    bench.engage()
    arms = [BODY.index(name) for name in JOINTS]
    np.testing.assert_allclose(np.array(bench.last().values)[arms], bench.pose[arms], atol=0.01)
    assert bench.last().layout_id == BODY.layout_id
    assert isinstance(bench.last().values, array)
    bench.sticks = (0.0, 1.0, 0.0, 0.0)
    bench.until('driving', lambda: bench.value('base_vx') == pytest.approx(0.3))
    bench.press()
    bench.until('released', lambda: not bench.last().engaged)
    assert bench.value('base_vx') == 0.0
    # Held again, it engages again: the clutch.
    bench.press('L')
    bench.until('clutch', lambda: bench.last().engaged)


def test_sequence_grows_by_one_and_stamps_never_go_back(bench):
    bench.until('commands', lambda: len(bench.commands) > 100)
    seqs = [m.seq for _, m in bench.commands]
    assert all(b > a for a, b in zip(seqs, seqs[1:], strict=False))
    stamps = [m.header.stamp.sec * 10**9 + m.header.stamp.nanosec for _, m in bench.commands]
    assert stamps == sorted(stamps)


def test_a_far_robot_refuses_with_a_rumble_and_a_delta(bench):
    bench.stand_with_the_robot()
    bench.pose = bench.pose.copy()
    bench.pose[BODY.index('left_arm_joint4')] -= 1.0
    bench.press('L')
    for pad in bench.sim.pads.values():
        pad.rumbles.clear()
    bench.press('L', 'Plus')
    shaken = bench.sim.pads['left'].rumbles
    bench.until('rumble', lambda: any(r != STILL for r in shaken))
    assert not any(m.engaged for _, m in bench.commands)

    def told() -> bool:
        status = bench.diagnostics.get('engagement')
        return status is not None and status.message == 'pose_mismatch'

    bench.until('diagnostics', told)
    figures = {v.key: v.value for v in bench.diagnostics['engagement'].values}
    assert figures['furthest_joint'] == 'left_arm_joint4'
    assert float(figures['left_arm_joint4_delta_rad']) == pytest.approx(-1.0, abs=0.02)


@pytest.mark.parametrize('fault', ['freeze', 'drop', 'disconnect'])
def test_a_lost_joy_con_stops_the_base_and_is_not_still_pushed(bench, fault):
    bench.engage()
    bench.sticks = (0.0, 1.0, 0.0, 0.0)
    bench.until('driving', lambda: bench.value('base_vx') > 0.29)
    assert bench.fault(fault, 'left') == ''
    bench.until('disengaged', lambda: not bench.last().engaged)
    first = next(m for _, m in bench.commands[::-1] if not m.engaged)
    assert first.values[BODY.index('base_vx')] == 0.0
    bench.until('released', lambda: sum(bench.joys[-1].buttons) == 0)
    assert list(bench.joys[-1].axes) == [0.0] * 4
    # It comes back still pushed, and nothing moves until Plus.
    bench.fault('none', 'left')
    bench.until('back', lambda: bench.joys[-1].buttons[BUTTONS.index('L')] == 1)
    assert not bench.last().engaged
    assert bench.value('base_vx') == 0.0


@pytest.mark.parametrize(
    ('fault', 'target'), [('missing', '5'), ('disconnect', 'bus'), ('nan', '12')]
)
def test_a_bus_fault_disengages_goes_on_talking_and_recovers(bench, fault, target):
    bench.engage()
    assert bench.fault(fault, target) == ''
    bench.until('disengaged', lambda: not bench.last().engaged)
    # The buttons, and with them the e-stop, still work.
    bench.press('L', 'A')
    count = len(bench.commands)
    bench.until('still talking', lambda: len(bench.commands) > count + 50)
    assert not any(m.engaged for _, m in bench.commands[count:])
    bench.fault('none', '')
    before = len(bench.leader)
    bench.until('recovered', lambda: len(bench.leader) > before + 20)
    bench.engage()


def test_a_recorder_that_starts_and_one_that_fails_are_felt(bench):
    bench.press('L')
    recorder = bench.node.create_publisher(RecorderStatus, 'recorder/status', qos.LATCHED)
    bench.until('ears', lambda: recorder.get_subscription_count() > 0)
    shaken = bench.sim.pads['right'].rumbles
    recorder.publish(RecorderStatus(healthy=True))
    for status, shakes in (
        (RecorderStatus(state=RecorderStatus.STATE_RECORDING, healthy=True), 1),
        (RecorderStatus(state=RecorderStatus.STATE_RECORDING, healthy=False), 4),
    ):
        count = len(bench.commands)
        bench.until('a tick', lambda n=count: len(bench.commands) > n + 20)
        shaken.clear()
        recorder.publish(status)
        bench.until('rumble', lambda n=shakes: sum(r != STILL for r in shaken) >= n)


def test_an_estop_of_the_mux_disarms(bench):
    bench.engage()
    bench.status.estop = True
    bench.until('disengaged', lambda: not bench.last().engaged)
    bench.status.estop = False
    count = len(bench.commands)
    bench.until('time', lambda: len(bench.commands) > count + 50)
    assert not bench.last().engaged


def test_a_silent_robot_can_not_be_engaged(bench):
    bench.stand_with_the_robot()
    bench.feedback = False
    age = time.monotonic() + 0.3
    bench.until('stale', lambda: time.monotonic() > age)
    bench.press('L')
    bench.press('L', 'Plus')
    count = len(bench.commands)
    bench.until('time', lambda: len(bench.commands) > count + 30)
    assert not any(m.engaged for _, m in bench.commands)


def test_diagnostics_tell_age_rate_and_battery(bench):
    bench.fault('battery', 'right', 0.25)

    def told() -> bool:
        status = bench.diagnostics.get('right Joy-Con')
        return (
            status is not None
            and {v.key: v.value for v in status.values}.get('battery_percent') == '25'
        )

    bench.until('battery', told)
    bench.until('arms', lambda: bench.diagnostics['arms'].message == 'ok')
    figures = {v.key: v.value for v in bench.diagnostics['arms'].values}
    assert float(figures['cycle_ms']) > 0
    assert float(figures['rate_hz']) > 10


def test_two_namespaces_have_two_leaders(bench):
    other = LeaderBench('/another_leader')
    try:
        assert other.sim.folder != bench.sim.folder
        bench.press('A')
        other.press('B', 'X')
    finally:
        other.close()


def test_a_twin_that_never_appears_is_one_clear_error():
    lonely = LeaderBench('/lonely', twin=False, open_timeout_s=0.3)
    lonely.until('error', lambda: bool(lonely.errors))
    lonely.close()
    assert isinstance(lonely.errors[0], DeviceError)
    assert 'start sim_joylo' in str(lonely.errors[0])
    assert not any(m.engaged for _, m in lonely.commands)


def start(tmp_path, *parameters, calibrated=True):
    config = tmp_path / 'config'
    if calibrated:
        save_calibration(nominal_calibration(), config / 'joylo_calibration.json')
    flags = [word for p in parameters for word in ('-p', p)]
    return subprocess.run(
        [EXECUTABLE, '--ros-args', *flags],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {'HVD_CONFIG_DIR': str(config), 'HVD_STATE_DIR': str(tmp_path)},
    )


@pytest.mark.parametrize(
    ('parameters', 'calibrated', 'code', 'says'),
    [
        (['hardware:=real', 'port:=/dev/nothing_here'], True, 3, '/dev/nothing_here'),
        (['hardware:=real', 'port:=/dev/null'], False, 5, 'hvd calibrate joylo'),
        (['hardware:=reel'], True, 2, "did you mean 'real'"),
        (['robot:=r2'], True, 2, "unknown robot 'r2'"),
        (['open_timeout_s:=0.3'], True, 3, 'start sim_joylo'),
    ],
)
def test_bad_input_is_one_line_and_a_code(tmp_path, parameters, calibrated, code, says):
    done = start(tmp_path, *parameters, calibrated=calibrated)
    assert done.returncode == code, done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith('error: ')]
    assert len(errors) == 1
    assert says in errors[0]
    assert 'Traceback' not in done.stderr
