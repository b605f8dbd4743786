# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The twins as nodes: what a real r1 node does with them, over ROS 2 topics and rosbridge."""

from collections.abc import Callable, Iterator
import itertools
import math
import os
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from hvd_msgs.msg import RobotHealth, WholeBodyCommand
from hvd_msgs.srv import InjectFault
from nav_msgs.msg import Odometry
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState

from hvd_ros.core.robot.description import load_body
from hvd_ros.nodes.r1_node import R1Node
from hvd_ros.nodes.rosbridge_twin_node import RosbridgeTwinNode
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.sim_robot_node import SimRobotNode

pytestmark = pytest.mark.ros
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
BODY = load_body('r1')
START = BODY.pose('park')
RUNS = itertools.count()


class Graph:
    """A twin, an r1 node that reaches it, and a mux that streams what the test sets."""

    def __init__(self, transport: str) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.nodes: list[Node] = []
        # Other runs on this machine may share the domain by chance.
        namespace = f'/twin_test_{os.getpid()}_{next(RUNS)}'
        extra = {'namespace': namespace, 'use_global_arguments': False}
        if transport == 'topics':
            self.twin = self.add(SimRobotNode, {'feedback_hz': 100.0}, extra)
            self.r1 = self.add(R1Node, {}, extra)
        else:
            self.twin = self.add(RosbridgeTwinNode, {'port': 0, 'feedback_hz': 100.0}, extra)
            reach = {'transport': 'rosbridge', 'rosbridge_port': self.twin.port}
            self.r1 = self.add(R1Node, reach, extra)
        self.mux = rclpy.create_node('mux', context=self.context, namespace=namespace)
        self.nodes.append(self.mux)
        self.executor.add_node(self.mux)
        self.command = self.mux.create_publisher(WholeBodyCommand, 'command', qos.COMMAND)
        self.values = START.copy()
        self.engaged = self.streaming = True
        self.mux.create_timer(0.01, self._stream)
        self.newest: dict[str, object] = {}
        name = self.twin.get_name()
        self._keep(Odometry, f'{name}/ground_truth', 'truth')
        self._keep(JointState, f'{name}/joint_states', 'true_joints')
        self._keep(Odometry, 'odom', 'odom')
        self._keep(RobotHealth, 'robot_health', 'health')
        self._keep(JointState, 'joint_states', 'joints')
        self._faults = self.mux.create_client(InjectFault, f'{name}/fault')

    def add(self, kind: type, parameters: dict, extra: dict) -> Node:
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        node = kind(context=self.context, parameter_overrides=overrides, **extra)
        self.nodes.append(node)
        self.executor.add_node(node)
        return node

    def _keep(self, kind: type, topic: str, name: str) -> None:
        self.mux.create_subscription(
            kind, topic, lambda m: self.newest.__setitem__(name, m), qos.STATE
        )

    def _stream(self) -> None:
        if not self.streaming:
            return
        message = WholeBodyCommand(layout_id=BODY.layout_id, engaged=self.engaged)
        message.values = self.values.tolist()
        message.header.stamp = self.mux.get_clock().now().to_msg()
        self.command.publish(message)

    def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> float:
        start = time.monotonic()
        while not condition():
            assert time.monotonic() - start < seconds, f'not in time; {self.newest.get("health")}'
            self.executor.spin_once(timeout_sec=0.005)
        return time.monotonic() - start

    def pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= end)

    def set(self, **values: float) -> None:
        for name, value in values.items():
            self.values[BODY.index(name)] = value

    def ready(self) -> None:
        self.until(self.is_ready)

    def is_ready(self) -> bool:
        heard = {'joints', 'truth', 'true_joints', 'odom', 'health'} <= set(self.newest)
        return heard and self.newest['health'].base_ready

    def fault(self, kind: str, target: str = '', amount: float = 0.0) -> InjectFault.Response:
        request = InjectFault.Request(fault=kind, target=target, amount=amount)
        self.until(self._faults.service_is_ready)
        future = self._faults.call_async(request)
        self.until(future.done)
        return future.result()

    def joint(self, name: str) -> float:
        joints = self.newest['joints']
        return joints.position[list(joints.name).index(name)]

    def speed(self) -> float:
        return self.newest['truth'].twist.twist.linear.x

    def close(self) -> None:
        for node in reversed(self.nodes):
            getattr(node, 'close', lambda: None)()
            node.destroy_node()
        self.context.shutdown()


@pytest.fixture
def make() -> Iterator[Callable[..., Graph]]:
    made: list[Graph] = []

    def graph(*args, **kwargs) -> Graph:
        made.append(Graph(*args, **kwargs))
        return made[-1]

    yield graph
    for each in made:
        each.close()


@pytest.fixture(params=['topics', 'rosbridge'])
def graph(request, make) -> Graph:
    return make(request.param)


def planar(odometry: Odometry) -> tuple[float, float, float]:
    pose = odometry.pose.pose
    return (
        pose.position.x,
        pose.position.y,
        2 * math.atan2(pose.orientation.z, pose.orientation.w),
    )


def test_a_command_moves_the_twin_and_comes_back_as_joint_state(graph: Graph) -> None:
    graph.ready()
    assert graph.joint('left_arm_joint1') == pytest.approx(START[0], abs=0.02)
    graph.set(left_arm_joint1=START[0] - 0.3, torso_joint4=0.2, right_gripper=0.5)
    graph.until(
        lambda: (
            abs(graph.joint('left_arm_joint1') - (START[0] - 0.3)) < 0.02
            and abs(graph.joint('torso_joint4') - 0.2) < 0.02
            and abs(graph.joint('right_gripper_finger_joint1') - 0.025) < 0.002
        )
    )
    true = graph.newest['true_joints']
    at = list(true.name).index('left_arm_joint1')
    assert true.position[at] == pytest.approx(START[0] - 0.3, abs=0.03)
    assert 80 < graph.newest['health'].battery_percent <= 90


def test_the_base_follows_stops_with_the_command_and_odometry_agrees(graph: Graph) -> None:
    graph.ready()
    x0, y0, yaw0 = planar(graph.newest['odom'])
    assert max(map(abs, (x0, y0, yaw0))) < 0.01
    graph.set(base_vx=0.25, base_wz=0.3)
    graph.until(lambda: graph.speed() > 0.2)
    graph.pause(1.0)
    graph.streaming = False
    taken = graph.until(lambda: abs(graph.speed()) < 0.01)
    # 100 ms of silence, then the ramp of 0.25 m/s at 2 m/s^2.
    assert taken < 2.0
    graph.pause(0.1)
    x, y, yaw = planar(graph.newest['odom'])
    true_x, true_y, true_yaw = planar(graph.newest['truth'])
    assert true_x > 0.15 and true_yaw > 0.15
    assert math.hypot(x - true_x, y - true_y) < 0.01
    assert abs(yaw - true_yaw) < math.radians(1.0)


def test_nan_from_the_twin_never_reaches_the_joint_state(graph: Graph) -> None:
    graph.ready()
    seen: list[JointState] = []
    graph.mux.create_subscription(JointState, 'joint_states', seen.append, qos.STATE)
    graph.until(lambda: bool(seen))
    assert graph.fault('nan', 'arm_left').success
    graph.until(lambda: graph.newest['health'].feedback_age_s > 0.2)
    count = len(seen)
    graph.pause(0.1)
    assert len(seen) == count
    assert all(map(math.isfinite, (q for m in seen for q in m.position)))
    graph.fault('none')
    graph.until(lambda: len(seen) > count)


def test_a_frozen_stream_grows_old(graph: Graph) -> None:
    graph.ready()
    graph.fault('freeze', 'torso')
    graph.until(lambda: graph.newest['health'].feedback_age_s > 0.3)


def test_faults_of_the_robot_reach_the_health(graph: Graph) -> None:
    graph.ready()
    graph.fault('motor_fault', 'torso')
    graph.fault('battery_low', amount=7.0)
    graph.fault('controller_mode', amount=2.0)

    def told() -> bool:
        health = graph.newest['health']
        return (
            health.faults == ['motor_fault: torso motor1: overcurrent (code 12): overcurrent']
            and health.battery_percent == pytest.approx(7.0)
            and 'brake' in health.base_reason
        )

    graph.until(told)
    answer = graph.fault('nonsense')
    assert not answer.success and 'valid:' in answer.message


def test_a_socket_that_is_cut_or_half_open_recovers_without_old_commands(make) -> None:
    graph = make('rosbridge')
    graph.ready()
    graph.set(base_vx=0.25)
    graph.until(lambda: graph.speed() > 0.2)
    assert graph.fault('half_open').success
    graph.until(lambda: not graph.newest['health'].base_ready)
    graph.pause(1.2)
    # The chassis goes on with its last target; the mux has stopped meanwhile.
    graph.set(base_vx=0.0)
    assert graph.speed() > 0.2
    graph.fault('none')
    graph.until(lambda: abs(graph.speed()) < 0.01, 5.0)
    graph.ready()
    connects = graph.r1._link._client.connects
    graph.fault('hang_up')
    graph.until(lambda: graph.r1._link._client.connects > connects)
    graph.ready()


def test_two_twins_live_under_two_namespaces(make) -> None:
    one = make('topics')
    two = make('topics')
    both = (one, two)

    def until(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 10.0
        while not condition():
            assert time.monotonic() < end
            for graph in both:
                graph.executor.spin_once(timeout_sec=0.002)

    until(lambda: all(graph.is_ready() for graph in both))
    one.set(base_vx=0.25)
    until(lambda: one.speed() > 0.2)
    assert abs(two.speed()) < 0.01
    assert not one.newest['health'].faults and not two.newest['health'].faults


@pytest.mark.parametrize('transport', ['topics'])
def test_the_twin_says_how_fast_life_goes(transport):
    graph = Graph(transport)
    try:
        said: list[DiagnosticStatus] = []
        name = f'{graph.twin.get_fully_qualified_name()}: real time'
        graph.mux.create_subscription(
            DiagnosticArray,
            '/diagnostics',
            lambda message: said.extend(s for s in message.status if s.name == name),
            qos.EVENTS,
        )
        graph.until(lambda: bool(said))
        assert said[0].values[0].key == 'real_time_factor'
        assert 0.0 < float(said[0].values[0].value) < 1.5
    finally:
        graph.close()
