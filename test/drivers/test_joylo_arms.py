# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The arms as a device: what is read, what is refused, and that they are limp afterwards."""

from dataclasses import replace
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from hvd_ros.core.errors import DeviceError
from hvd_ros.core.leader.calibration import JoyloCalibration, nominal_calibration
from hvd_ros.core.leader.motors import RAD_PER_TICK
from hvd_ros.drivers.dynamixel.bench import bench_bus
from hvd_ros.drivers.dynamixel.twin import DynamixelTwin
from hvd_ros.drivers.dynamixel.xl330 import (
    BUS_WATCHDOG,
    GOAL_CURRENT,
    OPERATING_MODE,
    RETURN_DELAY_TIME,
    TORQUE_ENABLE,
    Register,
)
from hvd_ros.drivers.joylo.arms import JoyloArms, JoyloArmsConfig


def limp(twin):
    return not any(motor.get(TORQUE_ENABLE) for motor in twin.motors.values())


def holding(twin):
    return all(motor.get(TORQUE_ENABLE) == 1 for motor in twin.motors.values())


def wait_for(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def read_until_good(arms, seconds=3.0):
    end = time.monotonic() + seconds
    while True:
        try:
            return arms.read()
        except DeviceError:
            assert time.monotonic() < end
            time.sleep(0.005)


def make(twin, reply_margin_s=0.1, **changes):
    config = JoyloArmsConfig(reply_margin_s=reply_margin_s, **changes)
    return JoyloArms(str(twin.link), twin.calibration, config)


@pytest.mark.parametrize('fast', [False, True])
def test_a_sample_is_where_the_hand_is(arms_twin, fast):
    with make(arms_twin, fast_sync_read=fast) as arms:
        first = arms.read()
        q = arms_twin.hand + np.array([-0.1, -0.2, 0.3, 0.4, -0.5, 0.6] * 2)
        arms_twin.set_hand(q, 2.0)
        moving = arms.read()
        assert wait_for(lambda: np.array_equal(arms_twin.hand, q))
        last = arms.read()
    assert np.abs(last.q - q).max() <= RAD_PER_TICK / 2 + 1e-9
    assert np.abs(moving.dq - np.array([-1 / 3, -2 / 3, 1, 4 / 3, -5 / 3, 2] * 2)).max() < 0.02
    assert not last.dq.any()
    assert first.sequence < moving.sequence < last.sequence
    assert first.stamp_ns < moving.stamp_ns < last.stamp_ns <= time.monotonic_ns()
    assert arms.names[0] == 'left_arm_joint1' and arms.names[11] == 'right_arm_joint6'


def test_angles_survive_a_power_cycle_a_turn_away(tmp_path):
    # These horns sit so that every encoder crosses zero near the neutral pose.
    joints = tuple(
        replace(joint, motors=tuple(replace(m, tick=20) for m in joint.motors))
        for joint in nominal_calibration().joints
    )
    calibration = JoyloCalibration(joints, '2026-11-21')
    q = np.array([joint.pose_rad for joint in joints]) - 0.2
    q[[0, 6]] += 0.4
    with DynamixelTwin(tmp_path / 'tty', calibration) as twin, make(twin) as arms:
        twin.set_hand(q, 5.0)
        assert wait_for(lambda: np.array_equal(twin.hand, q))
        before, ticks = read_until_good(arms), arms.read_ticks()
        twin.power_cycle()
        after, turned = read_until_good(arms), arms.read_ticks() - ticks
    assert (turned == 4096).any() and set(turned.tolist()) <= {0, 4096}
    assert np.abs(before.q - q).max() < 0.002
    assert np.abs(after.q - q).max() < 0.002


def test_a_motor_that_is_missing_is_named_with_its_joint(arms_twin):
    arms_twin.inject('missing', '9', 0, 0)
    arms_twin.inject('missing', '14', 0, 0)
    text = r'2 of 16 motors do not answer: 9, 14 \(right_arm_joint1, right_arm_joint5\); check'
    with pytest.raises(DeviceError, match=text):
        make(arms_twin).open()


def test_nobody_there_asks_for_the_supply(arms_twin):
    arms_twin.inject('missing', '', 0, 0)
    with pytest.raises(DeviceError, match='no motor answers at any baud rate; is the 5 V supply'):
        make(arms_twin, 0.02).open()


def test_a_wrong_baud_rate_is_found_and_named(tmp_path):
    with DynamixelTwin(tmp_path / 'tty', baud=1_000_000) as twin:
        text = 'speak 1000000 baud, 3000000 expected; set Baud Rate'
        with pytest.raises(DeviceError, match=text):
            make(twin, 0.03).open()
        with make(twin, baud=1_000_000) as arms:
            arms.read()


def test_a_foreign_motor_and_a_slow_return_delay_are_refused(arms_twin):
    arms_twin.motors[7].put(RETURN_DELAY_TIME, 250)
    with pytest.raises(DeviceError, match='motor 7 waits 500 us.*Return Delay Time to 0'):
        make(arms_twin).open()
    arms_twin.motors[7].put(Register(0, 2), 1060)
    with pytest.raises(DeviceError, match=r'motor 7 \(left_arm_joint6\) is model 1060, expected'):
        make(arms_twin).open()


def test_a_usb_latency_of_16_ms_is_noticed_with_the_fix(tmp_path):
    with DynamixelTwin(tmp_path / 'tty', usb_latency_s=0.016) as twin, make(twin) as arms:
        (warning,) = arms.warnings
        assert 'latency timer is probably 16 ms' in warning and '99-hvd-ros.rules' in warning
        arms.read()
        assert arms.cycle_s > 0.016


def test_a_usb_latency_of_1_ms_is_fine(arms):
    assert arms.warnings == ()


def test_opening_and_closing_twice_is_harmless(arms_twin):
    arms = make(arms_twin)
    arms.close()
    for _ in range(2):
        arms.open()
        arms.read()
        arms.close()
        arms.close()
    with pytest.raises(DeviceError):
        arms.read()


@pytest.mark.parametrize(
    ('fault', 'target', 'amount', 'text'),
    [
        ('jump', '6', 0.6, r'left_arm_joint5 \(motor 6\): jumped'),
        ('nan', '15', 0, r'right_arm_joint6 \(motor 15\)'),
        ('jump', '3', 0.35, 'motor'),
        ('freeze', '12', 0, 'motor 12: its values are frozen'),
        ('hardware_error', '5', 0x21, r'left_arm_joint4 \(motor 5\).*input voltage.*overload'),
        ('missing', '5', 0, 'motor 5|motor 6'),
        ('crc', '5', 1.0, 'motor 5 is damaged'),
        ('delay', '', 0.3, 'did not answer'),
    ],
)
def test_no_sample_comes_from_a_faulty_motor(arms, arms_twin, fault, target, amount, text):
    arms.read()
    arms_twin.inject(fault, target, amount, 0)
    end = time.monotonic() + 2.0
    with pytest.raises(DeviceError, match=text):
        while time.monotonic() < end:
            arms.read()
            time.sleep(0.002)


def test_after_the_fault_samples_come_again(arms, arms_twin):
    arms.read()
    arms_twin.inject('drop', '', 1.0, 0)
    with pytest.raises(DeviceError):
        arms.read()
    arms_twin.inject('none', '', 0, 0)
    sample = read_until_good(arms)
    assert np.abs(sample.q - arms_twin.hand).max() < 0.002
    assert arms.counters.timeouts >= 1


def test_health_is_read_and_a_sagging_supply_is_told(arms, arms_twin):
    arms.read()
    assert arms.health.warnings() == ()
    arms_twin.inject('voltage', '2', 4.1, 0)
    assert wait_for(lambda: arms.read() and arms.health.warnings())
    assert 'only 4.1 V' in arms.health.warnings()[0]


def test_currents_reach_both_motors_of_a_joint_with_the_right_sign(arms, arms_twin):
    arms.enable_current()
    assert holding(arms_twin)
    assert arms_twin.motors[0].get(BUS_WATCHDOG) == 5
    wanted = np.arange(12.0) * 10.0
    arms.write_current(wanted)
    assert np.abs(arms.read().current - wanted).max() < 1e-9
    goals = [m.get(GOAL_CURRENT) for m in arms_twin.motors.values()]
    assert goals[2] == goals[3] == 0x10000 - 5  # joint 2: 10 mA shared, sign -1
    assert goals[4] == 20
    arms.release()
    assert limp(arms_twin)


def test_the_mode_is_written_only_where_it_differs(arms, arms_twin):
    arms_twin.motors[4].put(OPERATING_MODE, 3)
    arms.enable_current()
    assert {m.get(OPERATING_MODE) for m in arms_twin.motors.values()} == {0}


def test_opening_makes_arms_limp_that_a_crashed_program_left_stiff(arms_twin):
    for motor in arms_twin.motors.values():
        motor.put(TORQUE_ENABLE, 1)
    with make(arms_twin):
        assert limp(arms_twin)


def test_close_leaves_the_arms_limp(arms_twin):
    arms = make(arms_twin)
    arms.open()
    arms.enable_current()
    arms.write_current(np.full(12, 50.0))
    assert holding(arms_twin)
    arms.close()
    assert limp(arms_twin)


def test_an_exception_leaves_the_arms_limp(arms_twin):
    with pytest.raises(ZeroDivisionError), make(arms_twin) as arms:
        arms.enable_current()
        assert holding(arms_twin)
        1 / 0  # noqa: B018
    assert limp(arms_twin)


@pytest.mark.parametrize(
    ('fault', 'amount'), [('crc', 1.0), ('jump', 0.6), ('hardware_error', 32), ('status_error', 1)]
)
def test_any_error_while_currents_flow_makes_the_arms_limp(arms, arms_twin, fault, amount):
    arms.enable_current()
    arms.read()
    arms_twin.inject(fault, '6', amount, 0.15)
    with pytest.raises(DeviceError):
        arms.read()
    # If the line is too bad to say so, the motors' own watchdog has ended the current by then.
    assert wait_for(lambda: limp(arms_twin) or arms_twin.motors[0].get(BUS_WATCHDOG) == 255, 1.0)
    assert not any(m.get(GOAL_CURRENT) for m in arms_twin.motors.values())


@pytest.mark.parametrize('bad', [np.full(12, np.nan), np.zeros(11), np.full(12, np.inf)])
def test_a_current_that_is_no_number_makes_the_arms_limp(arms, arms_twin, bad):
    arms.enable_current()
    with pytest.raises(DeviceError, match='12 finite numbers'):
        arms.write_current(bad)
    assert limp(arms_twin)
    with pytest.raises(DeviceError, match='enable_current'):
        arms.write_current(np.zeros(12))


def test_a_silent_host_is_stopped_by_the_watchdog(arms, arms_twin):
    arms.enable_current()
    arms.write_current(np.full(12, 50.0))
    motors = arms_twin.motors.values()
    assert wait_for(lambda: any(m.get(GOAL_CURRENT) for m in motors))
    assert wait_for(lambda: all(m.get(BUS_WATCHDOG) == 255 for m in motors), 2.0)
    assert not any(m.get(GOAL_CURRENT) for m in motors)


CHILD = """
import signal, sys, time
import numpy as np
from hvd_ros.core.leader.calibration import nominal_calibration
from hvd_ros.drivers.joylo.arms import JoyloArms, JoyloArmsConfig

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # as nodes/run.py ends on a signal
arms = JoyloArms(sys.argv[1], nominal_calibration(), JoyloArmsConfig(reply_margin_s=0.1))
arms.open()
arms.enable_current()
print('holding', flush=True)
arms.write_current(np.full(12, 50.0))
while True:
    if sys.argv[2] == 'busy':
        arms.write_current(np.full(12, 50.0))
        arms.read()
    else:
        time.sleep(0.01)
"""


@pytest.mark.parametrize('what', ['busy', 'idle'])
@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_end_of_the_process_leaves_the_arms_limp_or_stopped(arms_twin, number, what):
    child = subprocess.Popen(
        [sys.executable, '-c', CHILD, str(arms_twin.link), what],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
    )
    try:
        assert child.stdout.readline() == b'holding\n'
        child.send_signal(number)
        child.wait(timeout=10.0)
    finally:
        child.kill()
        child.stdout.close()
        child.wait()
    if number == signal.SIGKILL:  # nobody can say goodbye: the watchdog does
        assert wait_for(lambda: arms_twin.motors[0].get(BUS_WATCHDOG) == 255, 2.0)
    else:
        assert limp(arms_twin)
    assert not any(m.get(GOAL_CURRENT) for m in arms_twin.motors.values()) or limp(arms_twin)


def test_a_pulled_cable_and_its_return(arms_twin):
    arms = make(arms_twin)
    arms.open()
    arms_twin.inject('disconnect', '', 0, 0)
    with pytest.raises(DeviceError, match='port is gone'):
        for _ in range(200):
            arms.read()
            time.sleep(0.005)
    arms.close()
    with pytest.raises(DeviceError, match='no such port'):
        arms.open()
    arms_twin.inject('none', '', 0, 0)
    assert wait_for(arms_twin.link.exists)
    arms.open()
    arms.read()
    arms.close()


def test_bench_states_the_wire_limit_beside_what_was_measured(arms):
    result = bench_bus(arms, 0.2)
    assert result['computed_wire_limit_hz'] == pytest.approx(819.67, abs=0.01)
    assert 0 < result['achieved_hz'] < result['computed_wire_limit_hz']
    assert result['cycle_ms_p50'] <= result['cycle_ms_p99']
    assert result['motors'] == 16
