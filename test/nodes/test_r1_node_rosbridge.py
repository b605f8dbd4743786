# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The r1 node between our command and a scripted ROS 1 robot behind a rosbridge server."""

from collections.abc import Iterator
import threading
import time

from diagnostic_msgs.msg import DiagnosticArray
from hvd_msgs.msg import (
    RobotHealth,
)
import pytest
from sensor_msgs.msg import JointState

from hvd_ros.core.vendor.streams import STREAMS
from hvd_ros.drivers.robot.rosbridge_link import vendor_topics
from hvd_ros.drivers.robot.rosbridge_twin import RosbridgeTwin
from hvd_ros.nodes.shell import qos
from test.nodes.r1_bench import BODY, WIRING, Bench, benches, matched

pytestmark = pytest.mark.ros
make = pytest.fixture(benches)


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
