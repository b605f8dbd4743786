# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the official SDK, unmodified, gets from the emulated motors."""

import time

from dynamixel_sdk import (
    COMM_RX_TIMEOUT,
    COMM_SUCCESS,
    GroupSyncRead,
    PortHandler,
    Protocol2PacketHandler,
)
import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.leader.motors import RAD_PER_TICK
from hvd_ros.drivers.dynamixel import xl330
from hvd_ros.drivers.dynamixel.serial_port import DeadlinePort


@pytest.fixture
def port(arms_twin):
    # The stock handler spins, which starves a twin in the same process; see the test that uses it.
    port = DeadlinePort(str(arms_twin.link), 0.2)
    assert port.openPort() and port.setBaudRate(3_000_000)
    yield port
    port.closePort()


@pytest.fixture
def sdk():
    return Protocol2PacketHandler()


def test_every_motor_answers_a_ping_with_its_model(port, sdk):
    assert sdk.ping(port, 0) == (1200, COMM_SUCCESS, 0)
    assert sdk.ping(port, 15) == (1200, COMM_SUCCESS, 0)
    assert sdk.ping(port, 16)[1] == COMM_RX_TIMEOUT


def test_broadcast_ping_finds_all_sixteen(port, sdk):
    found, result = sdk.broadcastPing(port)
    assert result == COMM_SUCCESS
    assert found == {motor: [1200, 48] for motor in range(16)}


def test_group_sync_read_normal_and_fast_give_the_shafts(arms_twin, port, sdk):
    port.closePort()
    port = PortHandler(str(arms_twin.link))
    assert port.openPort() and port.setBaudRate(3_000_000)
    group = GroupSyncRead(port, sdk, 126, 10)
    for motor in range(16):
        group.addParam(motor)
    for exchange in (group.txRxPacket, group.fastSyncRead):
        assert wait_for(lambda exchange=exchange: exchange() == COMM_SUCCESS)
        seen = [group.getData(motor, 132, 4) for motor in range(16)]
        assert seen == np.round(arms_twin.calibration.ticks_at(arms_twin.hand)).tolist()
    port.closePort()


def test_writes_obey_the_rules_of_the_control_table(port, sdk):
    assert sdk.write1ByteTxRx(port, 4, 64, 1) == (COMM_SUCCESS, 0)
    assert sdk.write1ByteTxRx(port, 4, 11, 3) == (COMM_SUCCESS, 7)  # EEPROM with torque on
    assert sdk.write1ByteTxRx(port, 4, 64, 2) == (COMM_SUCCESS, 4)
    assert sdk.write1ByteTxRx(port, 4, 64, 0) == (COMM_SUCCESS, 0)
    assert sdk.write1ByteTxRx(port, 4, 11, 3) == (COMM_SUCCESS, 0)
    assert sdk.write1ByteTxRx(port, 4, 11, 9) == (COMM_SUCCESS, 4)
    assert sdk.write2ByteTxRx(port, 4, 102, 1751) == (COMM_SUCCESS, 6)
    assert sdk.write4ByteTxRx(port, 4, 132, 5) == (COMM_SUCCESS, 7)  # read-only
    assert sdk.read1ByteTxRx(port, 4, 11) == (3, COMM_SUCCESS, 0)


def test_registered_writes_wait_for_the_action(port, sdk):
    assert sdk.regWriteTxRx(port, 4, 102, 2, [50, 0]) == (COMM_SUCCESS, 0)
    assert sdk.read2ByteTxRx(port, 4, 102)[0] == 0
    sdk.action(port, 4)
    port.clearPort()
    assert wait_for(lambda: sdk.read2ByteTxRx(port, 4, 102)[0] == 50)


def test_header_inside_data_is_stuffed_both_ways(port, sdk):
    # A goal position whose bytes are FF FF FD 00.
    assert sdk.write4ByteTxRx(port, 4, 116, 0x00FDFFFF) == (COMM_SUCCESS, 0)
    assert sdk.read4ByteTxRx(port, 4, 116) == (0x00FDFFFF, COMM_SUCCESS, 0)


def test_reboot_clears_ram_and_a_hardware_error_shows_in_every_status(arms_twin, port, sdk):
    sdk.write1ByteTxRx(port, 4, 64, 1)
    arms_twin.inject('hardware_error', '4', 32, 0)
    sdk.ping(port, 4)
    assert sdk.ping(port, 4) == (1200, COMM_SUCCESS, 0x80)
    assert sdk.ping(port, 5) == (1200, COMM_SUCCESS, 0)
    arms_twin.inject('none', '', 0, 0)
    assert sdk.reboot(port, 4)[0] == COMM_SUCCESS
    assert sdk.read1ByteTxRx(port, 4, 64) == (0, COMM_SUCCESS, 0)
    assert sdk.read1ByteTxRx(port, 4, 70) == (0, COMM_SUCCESS, 0)


def test_a_damaged_instruction_is_answered_with_the_crc_error(arms_twin, port, sdk):
    port.writePort(bytes.fromhex('FFFFFD00040300010000'))
    port.setPacketTimeoutMillis(200)
    packet, result = sdk.rxPacket(port, False)
    assert (result, packet[4], packet[8]) == (COMM_SUCCESS, 4, 3)


def test_watchdog_bites_when_the_bus_falls_silent(arms_twin, port, sdk):
    sdk.write2ByteTxRx(port, 4, 102, 100)
    sdk.write1ByteTxRx(port, 4, 98, 1)
    sdk.write1ByteTxRx(port, 4, 64, 1)
    motor = arms_twin.motors[4]
    assert wait_for(lambda: motor.get(xl330.BUS_WATCHDOG) == 255)
    assert motor.get(xl330.GOAL_CURRENT) == 0
    assert sdk.write2ByteTxRx(port, 4, 102, 100) == (COMM_SUCCESS, 4)
    assert sdk.write1ByteTxRx(port, 4, 98, 0) == (COMM_SUCCESS, 0)
    assert sdk.write2ByteTxRx(port, 4, 102, 100) == (COMM_SUCCESS, 0)


def test_torque_on_in_position_mode_drops_whole_turns(arms_twin, port, sdk):
    q = arms_twin.hand
    q[2] += 4.0  # beyond the turn in which the motor was switched on
    arms_twin.set_hand(q, 1e6)
    assert wait_for(lambda: sdk.read4ByteTxRx(port, 4, 132)[0] > 4096)
    sdk.write1ByteTxRx(port, 4, 11, 3)
    sdk.write1ByteTxRx(port, 4, 64, 1)
    assert 0 <= sdk.read4ByteTxRx(port, 4, 132)[0] < 4096


def test_hand_moves_at_the_given_speed(arms_twin):
    start = arms_twin.hand
    goal = start.copy()
    goal[3], goal[9] = 1.0, -0.5
    begun = time.monotonic()
    arms_twin.set_hand(goal, 20.0)
    assert wait_for(lambda: np.array_equal(arms_twin.hand, goal))
    assert time.monotonic() - begun >= 1.0 / 20.0
    with pytest.raises(ValueError, match='12 finite'):
        arms_twin.set_hand(np.full(12, np.nan), 1.0)


def test_jump_garbage_and_voltage_reach_the_registers(arms_twin, port, sdk):
    before = sdk.read4ByteTxRx(port, 4, 132)[0]
    arms_twin.inject('jump', 'left_arm_joint3', 1.0, 0)
    assert sdk.read4ByteTxRx(port, 4, 132)[0] - before == pytest.approx(1 / RAD_PER_TICK, abs=1)
    arms_twin.inject('voltage', '', 3.9, 0)
    assert sdk.read2ByteTxRx(port, 9, 144)[0] == 39
    arms_twin.inject('none', '', 0, 0)
    assert sdk.read2ByteTxRx(port, 9, 144)[0] == 50
    arms_twin.inject('nan', '4', 0, 0)
    assert len({sdk.read4ByteTxRx(port, 4, 132)[0] for _ in range(5)}) == 5


def test_faults_end_by_themselves_and_wrong_names_are_explained(arms_twin, port, sdk):
    arms_twin.inject('missing', '4', 0, 0.05)
    assert sdk.ping(port, 4)[1] == COMM_RX_TIMEOUT
    assert wait_for(lambda: sdk.ping(port, 4)[1] == COMM_SUCCESS)
    with pytest.raises(ConfigError, match="did you mean 'freeze'"):
        arms_twin.inject('freez', '', 0, 0)
    with pytest.raises(ConfigError, match='left_arm_joint1'):
        arms_twin.inject('drop', 'left_arm_joint', 1, 0)


def test_the_twin_can_be_stopped_twice_and_leaves_no_link(arms_twin):
    assert arms_twin.link.is_symlink()
    arms_twin.stop()
    arms_twin.stop()
    assert not arms_twin.link.is_symlink()


def wait_for(condition, seconds=2.0):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True
