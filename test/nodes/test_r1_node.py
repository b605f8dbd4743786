# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The r1 node between our command and a scripted vendor, over real ROS 2 topics and rosbridge."""

from collections.abc import Callable, Iterator
import itertools
import math
import os
import threading
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from hvd_msgs.msg import (
    HdasBms,
    HdasControllerSignal,
    HdasError,
    HdasFeedbackStatus,
    RobotHealth,
    WholeBodyCommand,
)
from nav_msgs.msg import Odometry
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_msgs.msg import Float32

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot_file import load_body
from hvd_ros.core.vendor import STREAMS, Wiring
from hvd_ros.drivers.rosbridge_link import vendor_topics
from hvd_ros.drivers.rosbridge_twin import RosbridgeTwin
from hvd_ros.nodes import qos
from hvd_ros.nodes.r1_node import R1Node
from hvd_ros.nodes.r1_topics import message_type

pytestmark = pytest.mark.ros
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
BODY = load_body('r1')
WIRING = Wiring(BODY)
PREFIX = 'vendor/'
RUNS = itertools.count()


class Bench:
    """A context of its own, the r1 node, and a node that plays everybody else."""

    def __init__(self, **parameters: object) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        # Other runs on this machine may share the domain by chance.
        self.namespace = f'/r1_test_{os.getpid()}_{next(RUNS)}'
        self.other = rclpy.create_node('other', context=self.context, namespace=self.namespace)
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        self.r1 = R1Node(
            context=self.context, namespace=self.namespace, parameter_overrides=overrides
        )
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.r1)
        self.executor.add_node(self.other)
        self.command = self.other.create_publisher(WholeBodyCommand, 'command', qos.COMMAND)
        self.heard: dict[str, list] = {}
        self.seq = 0
        self.silent: set[str] = set()
        self.values: dict[str, float] = {}
        self.freeze_stamp = False
        self.mode = 5
        self._feedback = {
            s: self.other.create_publisher(JointState, f'{PREFIX}hdas/feedback_{s}', qos.STATE)
            for s in STREAMS
        }
        self.controller = self.other.create_publisher(
            HdasControllerSignal, f'{PREFIX}controller', qos.STATE
        )

    def close(self) -> None:
        self.r1.close()
        self.r1.destroy_node()
        self.other.destroy_node()
        self.context.shutdown()

    def listen(self, kind: type, topic: str, profile=qos.STATE) -> list:
        messages: list = []
        self.other.create_subscription(kind, topic, messages.append, profile)
        return messages

    def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, 'not in time'
            self.executor.spin_once(timeout_sec=0.01)

    def send(self, engaged: bool = True, age_s: float = 0.0, **changes: float) -> int:
        """Publish one command: the home pose with changes; return its stamp."""
        self.seq += 1
        values = BODY.pose('home').copy()
        for name, value in changes.items():
            values[BODY.index(name)] = value
        stamp_ns = self.other.get_clock().now().nanoseconds - int(age_s * 1e9)
        message = WholeBodyCommand(
            seq=self.seq, layout_id=BODY.layout_id, engaged=engaged, values=values.tolist()
        )
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 10**9)
        self.command.publish(message)
        return stamp_ns

    def vendor_speaks(self) -> None:
        """Publish one round of feedback."""
        stamp = self.other.get_clock().now().to_msg()
        for stream, publisher in self._feedback.items():
            if stream in self.silent:
                continue
            value = self.values.get(stream, 0.1)
            size = WIRING.size(stream) + (stream.startswith('arm'))
            message = JointState(position=[value] * size, velocity=[0.0] * size)
            if stream == 'chassis':
                message.velocity = [0.0] * 6
            message.header.stamp = stamp
            publisher.publish(message)
        self.controller.publish(HdasControllerSignal(mode=self.mode))

    def until_speaking(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait while the vendor sends feedback and the mux sends commands."""

        def step() -> bool:
            self.vendor_speaks()
            return condition()

        self.until(step, seconds)


@pytest.fixture
def make() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def bench(**parameters: object) -> Bench:
        made.append(Bench(**{'vendor_prefix': PREFIX} | parameters))
        return made[-1]

    yield bench
    for each in made:
        each.close()


def matched(bench: Bench) -> Callable[[], bool]:
    return lambda: bench.command.get_subscription_count() == 1


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


class Ros1Robot:
    """A scripted ROS 1 robot behind the rosbridge twin."""

    def __init__(self) -> None:
        self.received: list[tuple[int, str, dict]] = []
        self.twin = RosbridgeTwin(
            vendor_topics(), lambda t, m: self.received.append((time.monotonic_ns(), t, m))
        )
        self.twin.open()

    def of(self, topic: str) -> list[dict]:
        return [m for _, t, m in tuple(self.received) if t == topic]

    def speaks(self, position: float | None = 0.1) -> None:
        now_ns = time.monotonic_ns()
        stamp = {'secs': now_ns // 10**9, 'nsecs': now_ns % 10**9}
        for stream in STREAMS:
            size = WIRING.size(stream)
            self.twin.publish(
                f'/hdas/feedback_{stream}',
                {
                    'header': {'stamp': stamp},
                    'position': [position] * size,
                    'velocity': [0.0] * size,
                    'effort': [],
                },
            )
        self.twin.publish('/controller', {'mode': 5})


@pytest.fixture
def ros1(make) -> Iterator[tuple[Ros1Robot, Bench]]:
    robot = Ros1Robot()
    bench = make(transport='rosbridge', vendor_prefix='/', rosbridge_port=robot.twin.port)
    bench.until(lambda: matched(bench)() and robot.twin.subscribers('/controller') == 1)
    yield robot, bench
    bench.r1.close()
    robot.twin.close()


CHASSIS = '/motion_target/target_speed_chassis'


def test_rosbridge_carries_commands_and_feedback(ros1) -> None:
    robot, bench = ros1
    joints = bench.listen(JointState, 'joint_states')
    health = bench.listen(RobotHealth, 'robot_health')
    stamps = []

    def done() -> bool:
        robot.speaks()
        stamps.append(bench.send(base_vx=0.2, left_gripper=0.25))
        return bool(
            joints
            and health
            and health[-1].base_ready
            and robot.of('/motion_control/position_control_gripper_left')
            and robot.of('/motion_target/chassis_acc_limit')
        )

    bench.until(done)
    arm = robot.of('/motion_target/target_joint_state_arm_left')[0]
    assert arm['position'] == list(BODY.pose('home')[:6]) and arm['velocity'] == []
    stamp = arm['header']['stamp']
    assert stamp['secs'] * 10**9 + stamp['nsecs'] in stamps
    assert robot.of('/motion_control/position_control_gripper_left')[0] == {'data': 25.0}
    assert any(m['linear']['x'] == 0.2 for m in robot.of(CHASSIS))
    assert robot.of(CHASSIS)[0]['linear']['x'] == 0.0, 'the greeting is a standstill'


def test_silence_over_rosbridge_becomes_zeros(ros1) -> None:
    robot, bench = ros1

    def moves() -> bool:
        bench.send(base_vx=0.2)
        return robot.of(CHASSIS)[-1:] != [] and robot.of(CHASSIS)[-1]['linear']['x'] == 0.2

    bench.until(moves)
    last_ns = time.monotonic_ns()
    bench.until(lambda: robot.of(CHASSIS)[-1]['linear']['x'] == 0.0)
    assert (robot.received[-1][0] - last_ns) / 1e9 < 1.0


def test_null_feedback_over_rosbridge_never_reaches_the_joint_state(ros1) -> None:
    robot, bench = ros1
    joints = bench.listen(JointState, 'joint_states')
    health = bench.listen(RobotHealth, 'robot_health')

    def spoke() -> bool:
        robot.speaks(None)
        return len(health) > 5

    bench.until(spoke)
    assert not joints


def test_a_half_open_rosbridge_is_reported_within_a_second(ros1) -> None:
    robot, bench = ros1
    health = bench.listen(RobotHealth, 'robot_health')

    def ready() -> bool:
        robot.speaks()
        return bool(health) and health[-1].base_ready

    bench.until(ready)
    robot.twin.mute(True)
    start = time.monotonic()
    bench.until(lambda: health[-1].base_reason == 'no connection to the robot')
    assert time.monotonic() - start < 2.0  # a second in test_rosbridge.py, and the health's tick
    assert health[-1].feedback_age_s > 0.5
    robot.twin.mute(False)
    bench.until(ready)


def test_a_robot_that_is_not_there_is_reported_and_not_fatal(make) -> None:
    bench = make(transport='rosbridge', vendor_prefix='/', rosbridge_port=9)
    diagnostics = bench.listen(DiagnosticArray, '/diagnostics', qos.EVENTS)
    bench.until(lambda: any('rosbridge running' in d.status[0].message for d in diagnostics))
    assert threading.active_count() < 20


def test_closing_over_rosbridge_leaves_the_base_standing(ros1) -> None:
    robot, bench = ros1

    def moves() -> bool:
        bench.send(base_vx=0.2)
        return robot.of(CHASSIS)[-1:] != [] and robot.of(CHASSIS)[-1]['linear']['x'] == 0.2

    bench.until(moves)
    bench.r1.close()
    bench.until(lambda: robot.twin.clients == 0)
    assert robot.of(CHASSIS)[-1]['linear']['x'] == 0.0
