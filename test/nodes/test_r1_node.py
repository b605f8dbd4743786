# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The r1 node between our command and a scripted vendor, over real ROS 2 topics and rosbridge."""

import math
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from hvd_msgs.msg import (
    HdasBms,
    HdasError,
    HdasFeedbackStatus,
    RobotHealth,
    WholeBodyCommand,
)
from nav_msgs.msg import Odometry
import pytest
import rclpy
from sensor_msgs.msg import JointState
from std_msgs.msg import Float32

from hvd_ros.core.errors import ConfigError
from hvd_ros.nodes.r1.topics import message_type
from hvd_ros.nodes.shell import qos
from test.nodes.r1_bench import BODY, PREFIX, benches, matched

pytestmark = pytest.mark.ros
make = pytest.fixture(benches)


def stamp_ns(message) -> int:
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec


def test_a_command_goes_out_on_every_vendor_topic(make) -> None:
    bench = make()
    arm = bench.listen(JointState, f'{PREFIX}motion_target/target_joint_state_arm_left')
    torso = bench.listen(JointState, f'{PREFIX}motion_target/target_joint_state_torso')
    grip = bench.listen(JointState, f'{PREFIX}motion_target/target_position_gripper_right')
    base = bench.listen(TwistStamped, f'{PREFIX}motion_target/target_speed_chassis')
    bench.until(lambda: matched(bench)() and base)
    stamps = []

    def sent() -> bool:
        stamps.append(bench.send(base_vx=0.2, base_wz=-0.1, right_gripper=0.25))
        return bool(arm and torso and grip and any(b.twist.linear.x for b in base))

    bench.until(sent)
    assert list(arm[0].position) == list(BODY.pose('home')[:6])
    assert list(torso[0].position) == list(BODY.pose('home')[17:])
    assert list(grip[0].position) == [25.0]
    moving = next(b for b in base if b.twist.linear.x)
    assert (moving.twist.linear.x, moving.twist.angular.z) == (0.2, -0.1)
    # Benches measure latency by this: the target carries the stamp of its command.
    assert stamp_ns(arm[0]) in stamps and stamp_ns(moving) in stamps


def test_a_disengaged_command_drives_no_joint(make) -> None:
    bench = make()
    arm = bench.listen(JointState, f'{PREFIX}motion_target/target_joint_state_arm_left')
    base = bench.listen(TwistStamped, f'{PREFIX}motion_target/target_speed_chassis')
    bench.until(lambda: matched(bench)() and base)

    def moves() -> bool:
        bench.send(engaged=False, base_vx=0.1)
        return any(b.twist.linear.x == 0.1 for b in base)

    bench.until(moves)
    assert not arm


def test_silence_of_the_command_becomes_zeros_within_a_tenth_of_a_second(make) -> None:
    bench = make()
    arm = bench.listen(JointState, f'{PREFIX}motion_target/target_joint_state_arm_left')
    base: list[tuple[int, float]] = []
    bench.other.create_subscription(
        TwistStamped,
        f'{PREFIX}motion_target/target_speed_chassis',
        lambda m: base.append((time.monotonic_ns(), m.twist.linear.x)),
        qos.STATE,
    )
    bench.until(lambda: matched(bench)() and bool(base))

    def moves() -> bool:
        bench.send(base_vx=0.2)
        return base[-1][1] == 0.2

    bench.until(moves)
    last_ns = time.monotonic_ns()
    bench.until(lambda: base[-1][1] == 0.0)
    first_zero = next(t for t, v in base if t > last_ns and v == 0.0)
    assert (first_zero - last_ns) / 1e9 < 1.0  # to the millisecond: the test below
    # It keeps saying so, and the joints get nothing.
    zeros, arms = len(base), len(arm)
    bench.until(lambda: len(base) >= zeros + 5)
    assert all(v == 0.0 for _, v in base[zeros:]) and len(arm) == arms


def test_a_command_is_fresh_for_exactly_a_tenth_of_a_second(make, monkeypatch) -> None:
    bench = make()
    sent: list[tuple[float, ...]] = []
    monkeypatch.setattr(bench.r1._link, 'send', lambda targets: sent.append(targets.base))
    now_ns = 10_000_000_000
    monkeypatch.setattr('hvd_ros.nodes.r1_node.time.monotonic_ns', lambda: now_ns)
    message = WholeBodyCommand(
        layout_id=BODY.layout_id, engaged=True, values=BODY.pose('home').tolist()
    )
    message.values[BODY.index('base_vx')] = 0.2
    message.header.stamp = bench.r1.get_clock().now().to_msg()
    bench.r1._on_command(message)
    now_ns += 100_000_000
    bench.r1._stop_when_silent()
    assert sent == [(0.2, 0.0, 0.0)]
    now_ns += 1
    bench.r1._stop_when_silent()
    assert sent == [(0.2, 0.0, 0.0), (0.0, 0.0, 0.0)]


def test_fresh_commands_are_not_mixed_with_zeros(make) -> None:
    bench = make()
    base = bench.listen(TwistStamped, f'{PREFIX}motion_target/target_speed_chassis')
    bench.until(lambda: matched(bench)() and base)

    def moves(count: int) -> bool:
        bench.send(base_vx=0.2)
        return sum(b.twist.linear.x == 0.2 for b in base) >= count

    bench.until(lambda: moves(1))
    base.clear()
    bench.until(lambda: moves(50), 15.0)
    # A machine that stalls for 100 ms rightly gets a zero or two.
    assert sum(b.twist.linear.x == 0.0 for b in base) < 25


@pytest.mark.parametrize('bad', ['nan', 'length', 'layout', 'old'])
def test_a_bad_command_moves_nothing_and_does_not_feed_the_watchdog(make, bad: str) -> None:
    bench = make()
    base = bench.listen(TwistStamped, f'{PREFIX}motion_target/target_speed_chassis')
    arm = bench.listen(JointState, f'{PREFIX}motion_target/target_joint_state_arm_left')
    bench.until(lambda: matched(bench)() and base)
    count = len(base)

    def send_bad() -> bool:
        message = WholeBodyCommand(layout_id=BODY.layout_id, engaged=True)
        message.header.stamp = bench.other.get_clock().now().to_msg()
        values = [0.2] * 21
        if bad == 'old':
            bench.send(age_s=0.5, base_vx=0.2)
            return len(base) >= count + 30
        if bad == 'nan':
            values[20] = math.nan
        elif bad == 'length':
            values.append(0.2)
        else:
            message.layout_id ^= 1
        message.values = values
        bench.command.publish(message)
        return len(base) >= count + 30

    bench.until(send_bad)
    assert all(b.twist.linear.x == 0.0 for b in base)
    assert not arm


def test_feedback_becomes_the_joint_state_odometry_and_health(make) -> None:
    bench = make()
    joints, odom = bench.listen(JointState, 'joint_states'), bench.listen(Odometry, 'odom')
    health = bench.listen(RobotHealth, 'robot_health')
    bench.values = {'gripper_left': 50.0}
    bench.until_speaking(lambda: bool(joints and odom and health and health[-1].base_ready))
    state = dict(zip(joints[-1].name, joints[-1].position, strict=True))
    assert state['left_gripper_finger_joint1'] == pytest.approx(0.025)
    assert state['left_arm_joint6'] == state['torso_joint4'] == 0.1
    assert state['steer_motor_joint3'] == 0.1
    assert len(joints[-1].velocity) == len(joints[-1].effort) == len(state) == 26
    assert (odom[-1].header.frame_id, odom[-1].child_frame_id) == ('odom', 'base_link')
    assert odom[-1].pose.covariance[0] > 0 and odom[-1].pose.covariance[35] > 0
    assert health[-1].feedback_age_s < 0.1
    assert math.isnan(health[-1].battery_percent)


def test_nan_feedback_never_reaches_the_joint_state(make) -> None:
    bench = make()
    joints = bench.listen(JointState, 'joint_states')
    health = bench.listen(RobotHealth, 'robot_health')
    bench.until_speaking(lambda: bool(joints))
    bench.values = {'torso': math.nan}
    bench.until_speaking(lambda: bool(health) and health[-1].feedback_age_s > 0.3)
    count = len(joints)
    bench.until_speaking(lambda: health[-1].feedback_age_s > 0.5)
    assert len(joints) == count, 'a torso that only says NaN must look like a silent one'
    assert all(math.isfinite(q) for m in joints for q in m.position)
    bench.values = {}
    bench.until_speaking(lambda: len(joints) > count)


def test_one_silent_stream_stops_the_joint_state_and_says_which(make) -> None:
    bench = make()
    joints = bench.listen(JointState, 'joint_states')
    diagnostics = bench.listen(DiagnosticArray, '/diagnostics', qos.EVENTS)
    bench.until_speaking(lambda: bool(joints))
    bench.silent = {'arm_right'}

    def said() -> bool:
        return any('arm_right' in d.status[0].message for d in diagnostics)

    bench.until_speaking(said)
    told = next(d.status[0] for d in diagnostics if 'arm_right' in d.status[0].message)
    assert told.level == DiagnosticStatus.ERROR


def test_vendor_gates_and_faults_reach_the_health(make) -> None:
    bench = make()
    health = bench.listen(RobotHealth, 'robot_health')
    status = bench.other.create_publisher(
        HdasFeedbackStatus, f'{PREFIX}hdas/feedback_status_arm_left', qos.STATE
    )
    bms = bench.other.create_publisher(HdasBms, f'{PREFIX}hdas/bms', qos.STATE)
    bench.mode = 2
    fault = HdasFeedbackStatus(errors=[HdasError(name='joint2', error_code=12)])

    def said() -> bool:
        status.publish(fault)
        bms.publish(HdasBms(voltage=48.0, capital=63.0))
        last = health[-1] if health else RobotHealth()
        return bool(last.faults) and last.battery_percent == 63.0 and 'mode 2' in last.base_reason

    bench.until_speaking(said)
    assert health[-1].faults == ['motor_fault: arm_left joint2: overcurrent (code 12)']
    assert not health[-1].base_ready


def test_the_chassis_is_given_an_acceleration_limit_and_a_listener(make) -> None:
    bench = make()
    limits = bench.listen(TwistStamped, f'{PREFIX}motion_target/chassis_acc_limit')
    speed = bench.other.create_publisher(
        TwistStamped, f'{PREFIX}motion_control/chassis_speed', qos.STATE
    )
    bench.until(lambda: bool(limits) and speed.get_subscription_count() == 1)
    assert limits[0].twist.linear.x > 0
    assert limits[0].twist.linear.y > 0
    assert limits[0].twist.angular.z > 0


def test_a_second_writer_is_named_and_the_guardian_is_not_one(make) -> None:
    bench = make()
    health = bench.listen(RobotHealth, 'robot_health')
    guardian = rclpy.create_node('guardian', context=bench.context, namespace=bench.namespace)
    topic = f'{PREFIX}motion_target/target_speed_chassis'
    guardian.create_publisher(TwistStamped, topic, qos.COMMAND)
    intruder = bench.other.create_publisher(
        JointState, f'{PREFIX}motion_target/target_joint_state_torso', qos.COMMAND
    )
    bench.until(lambda: bool(health) and bool(health[-1].faults))
    topic = f'{bench.namespace}/{PREFIX}motion_target/target_joint_state_torso'
    who = f'{bench.namespace}/other'
    assert health[-1].faults == [f'two_writers: {topic} is also written by {who}']
    bench.other.destroy_publisher(intruder)
    bench.until(lambda: not health[-1].faults)
    guardian.destroy_node()


def test_closing_leaves_the_base_standing(make) -> None:
    bench = make()
    base = bench.listen(TwistStamped, f'{PREFIX}motion_target/target_speed_chassis')
    bench.until(lambda: matched(bench)() and base)

    def moves() -> bool:
        bench.send(base_vx=0.2)
        return base[-1].twist.linear.x == 0.2

    bench.until(moves)
    bench.r1.close()
    bench.until(lambda: base[-1].twist.linear.x == 0.0, 0.09)


def test_types_on_which_sources_disagree_are_parameters(make) -> None:
    bench = make(chassis_type='twist', gripper_type='float32')
    base = bench.listen(Twist, f'{PREFIX}motion_target/target_speed_chassis')
    grip = bench.listen(Float32, f'{PREFIX}motion_control/position_control_gripper_left')
    bench.until(lambda: matched(bench)() and base)

    def sent() -> bool:
        bench.send(base_vy=0.1, left_gripper=0.5)
        return bool(grip) and base[-1].linear.y == 0.1

    bench.until(sent)
    assert grip[0].data == 50.0


def test_a_missing_vendor_package_is_named() -> None:
    with pytest.raises(ConfigError, match="package 'hdas_msg' is not installed"):
        message_type('hdas_msg/msg/Bms')
    with pytest.raises(ConfigError, match="'hvd_msgs' has no message 'Bms'"):
        message_type('hvd_msgs/msg/Bms')
