# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The leader's node against its real twin, with a robot and a mux that only publish."""

from collections.abc import Callable
import threading
import time
import zlib

from diagnostic_msgs.msg import DiagnosticArray
from hvd_msgs.msg import MuxStatus, WholeBodyCommand
from hvd_msgs.srv import InjectFault
import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState, Joy

from hvd_ros.core.robot.description import load_body
from hvd_ros.nodes.joylo_node import JoyloNode
from hvd_ros.nodes.scripted_operator_node import JOINTS, Hands
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.sim_joylo_node import SimJoyloNode

BODY = load_body('r1')
REST = (0.0, 0.0, 0.0, 0.0)


def namespace_of(test: str) -> str:
    """Return a namespace of its own for each test, so that none hears the one before."""
    return f'/leader_{zlib.crc32(test.encode())}'


class LeaderBench:
    """Runs joylo and sim_joylo in this process and remembers what they said."""

    def __init__(self, namespace: str, *, twin: bool = True, **parameters: object) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        options = {'context': self._context, 'namespace': namespace}
        self.errors: list[BaseException] = []
        self.node = rclpy.create_node('bench', **options)
        self.sim = SimJoyloNode(**options) if twin else None
        # Twin, node and bench share this process, and the machine is busy with other tests.
        parameters = {
            'reply_margin_s': 0.2,
            'arms_timeout_s': 0.1,
            'pad_timeout_s': 0.1,
        } | parameters
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        self.joylo = JoyloNode(**options, parameter_overrides=overrides)
        self.hands = Hands(self.node)
        self.pose = BODY.pose('home')
        self.pressed: frozenset[str] = frozenset()
        self.sticks = REST
        self.status = MuxStatus()
        self.feedback = True
        self.commands: list[tuple[int, WholeBodyCommand]] = []
        self.joys: list[Joy] = []
        self.leader: list[JointState] = []
        self.diagnostics: dict[str, object] = {}
        self._wire()
        self._executor = SingleThreadedExecutor(context=self._context)
        for node in filter(None, (self.node, self.sim, self.joylo)):
            self._executor.add_node(node)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _wire(self) -> None:
        def keep(kind: type, topic: str, profile: object, add: Callable[[object], None]) -> None:
            self.node.create_subscription(kind, topic, add, profile)

        keep(
            WholeBodyCommand,
            'teleop/command',
            qos.COMMAND,
            lambda m: self.commands.append((time.monotonic_ns(), m)),
        )
        keep(Joy, 'joylo/buttons', qos.STATE, self.joys.append)
        keep(JointState, 'joylo/joint_states', qos.STATE, self.leader.append)
        keep(DiagnosticArray, '/diagnostics', qos.EVENTS, self._on_diagnostics)
        self._robot = self.node.create_publisher(JointState, 'joint_states', qos.STATE)
        self._mux = self.node.create_publisher(MuxStatus, 'mux/status', qos.LATCHED)
        self.node.create_timer(0.02, self._act)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.diagnostics[status.name.split(': ')[1]] = status

    def _act(self) -> None:
        self.hands.push(self.pressed, self.sticks)
        self._mux.publish(self.status)
        if self.feedback:
            shown = [d for d in BODY.dimensions if d.joint]
            values = [self.pose[BODY.index(d.name)] * d.joint_per_unit for d in shown]
            self._robot.publish(JointState(name=[d.joint for d in shown], position=values))

    def _spin(self) -> None:
        while not self._stop.is_set():
            try:
                self._executor.spin_once(timeout_sec=0.05)
            except Exception as error:
                self.errors.append(error)

    def close(self) -> None:
        """End everything; safe after a failure."""
        self._stop.set()
        self._thread.join()
        for node in filter(None, (self.joylo, self.sim)):
            node.close()
            node.destroy_node()
        self.node.destroy_node()
        self._context.try_shutdown()

    # Acts and waits

    def until(self, what: str, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait for something to become true."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f'{what}: not within {seconds} s'
            time.sleep(0.005)

    def last(self) -> WholeBodyCommand:
        """Return the newest command."""
        return self.commands[-1][1]

    def value(self, name: str) -> float:
        """Return one dimension of the newest command."""
        return float(self.last().values[BODY.index(name)])

    def stand_with_the_robot(self) -> None:
        """Bring the leader to where the robot is."""
        goal = np.array([self.pose[BODY.index(name)] for name in JOINTS])
        self.until('the twin', lambda: bool(self.leader))
        self.hands.move(goal)

        def near() -> bool:
            self.hands.move(goal)  # the first one may be lost to discovery
            return float(np.abs(np.array(self.leader[-1].position) - goal).max()) < 0.01

        self.until('the leader at the robot', near)

    def engage(self) -> None:
        """Hold L and press Plus."""
        self.stand_with_the_robot()
        self.press('L')
        self.press('L', 'Plus')
        self.until('engaged', lambda: self.last().engaged)
        self.press('L')

    def press(self, *names: str) -> None:
        """Hold exactly these buttons, and wait until the leader says so."""
        self.pressed = frozenset(names)
        count = len(names)
        self.until(
            f'{names} down', lambda: bool(self.joys) and sum(self.joys[-1].buttons) == count
        )

    def fault(self, fault: str, target: str, amount: float = 0.0, seconds: float = 0.0) -> str:
        """Turn the twin's fault dial; return what it answered."""
        client = self.node.create_client(InjectFault, 'sim_joylo/fault')
        request = InjectFault.Request(fault=fault, target=target, amount=amount, seconds=seconds)
        assert client.wait_for_service(timeout_sec=10.0)
        future = client.call_async(request)
        self.until('the answer of the dial', future.done)
        answer = future.result()
        return '' if answer.success else answer.message
