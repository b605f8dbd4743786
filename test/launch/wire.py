# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the robot's side of the wire carried, with steady receive times, and a hand on the leader.

The assertions of the fault matrix are about these records, not about what our nodes say of
themselves.
"""

from collections.abc import Callable
from contextlib import suppress
import itertools
import threading
import time

from geometry_msgs.msg import TwistStamped
from hvd_msgs.msg import CommandTrace, Heartbeat, MuxStatus, WholeBodyCommand
from hvd_msgs.srv import InjectFault, SetMode
from nav_msgs.msg import Odometry
import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from sensor_msgs.msg import JointState, Joy
from std_srvs.srv import Trigger

from hvd_ros.core.leader.buttons import BUTTONS
from hvd_ros.core.mux.command import Mode
from hvd_ros.core.robot.description import load_body
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest

ARMS = ('arm_left', 'arm_right')
LEADER_JOINTS = [f'{side}_arm_joint{i}' for side in ('left', 'right') for i in range(1, 7)]

POLL_NS, STEER_NS = 10_000_000, 20_000_000


class Wire:
    """Records of every message that the twin receives, and the operator's hands and thumbs."""

    def __init__(self, *, steer: bool = True, robot: str = 'sim_robot') -> None:
        self._robot = robot
        self.body = load_body('r1')
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self.node = rclpy.create_node('wire', context=self._context)
        self.chassis: list[tuple[int, tuple[float, float, float]]] = []
        self.joints: dict[str, list[tuple[int, np.ndarray]]] = {
            name: [] for name in (*ARMS, 'torso')
        }
        self.stamps: dict[str, list[float]] = {name: [] for name in self.joints}
        self.truth: list[tuple[int, tuple[float, float, float]]] = []
        self.traces: list[tuple[int, CommandTrace]] = []
        self.status: list[tuple[int, MuxStatus]] = []
        self.teleop: list[tuple[int, WholeBodyCommand]] = []
        self.guardian: list[tuple[int, Heartbeat]] = []
        self._taps: list[tuple[Latest, Callable[[int, object], None]]] = []
        self._subscribe()
        self._hand = self.node.create_publisher(JointState, 'sim_joylo/hand', qos.STATE)
        self._pads = self.node.create_publisher(Joy, 'sim_joylo/pads', qos.STATE)
        self.hand = arm_pose(self.body, 'park')
        self.pressed: set[str] = set()
        self.sticks = [0.0, 0.0, 0.0, 0.0]
        self._steers = steer
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        """Poll: a wake-up for each of 800 messages a second costs half a core beside the graph."""
        polled_ns = steered_ns = 0
        with suppress(ExternalShutdownException):
            while not self._closed.is_set():
                left_s = (polled_ns + POLL_NS - time.monotonic_ns()) / 1e9
                if left_s > 0:
                    self._executor.spin_once(timeout_sec=left_s)
                    continue
                polled_ns = time.monotonic_ns()
                for tap, keep in self._taps:
                    for message, arrived_ns in tap.drain_arrived():
                        keep(arrived_ns, message)
                if self._steers and polled_ns - steered_ns >= STEER_NS:
                    steered_ns = polled_ns
                    self._steer()

    def close(self) -> None:
        """Let go of everything; an executor that is shut down while it spins trips over itself."""
        self._closed.set()
        self._thread.join(timeout=5)
        self._executor.shutdown()
        self.node.destroy_node()
        self._context.shutdown()

    def _subscribe(self) -> None:
        def listen(kind: type, topic: str, profile: object, keep: Callable[[int, object], None]):
            self._taps.append((Latest(self.node, kind, topic, profile), keep))

        listen(
            TwistStamped,
            'motion_target/target_speed_chassis',
            qos.RECORD,
            lambda t, m: self.chassis.append((t, _twist(m.twist))),
        )
        for part in self.joints:
            listen(
                JointState,
                f'motion_target/target_joint_state_{part}',
                qos.RECORD,
                lambda t, m, part=part: self._keep_joints(part, t, m),
            )
        listen(
            Odometry,
            f'{self._robot}/ground_truth',
            qos.RECORD,
            lambda t, m: self.truth.append((t, _twist(m.twist.twist))),
        )
        listen(
            CommandTrace, 'mux/trace', qos.RECORD_EVENTS, lambda t, m: self.traces.append((t, m))
        )
        listen(MuxStatus, 'mux/status', qos.LATCHED, lambda t, m: self.status.append((t, m)))
        listen(
            WholeBodyCommand,
            'teleop/command',
            qos.RECORD,
            lambda t, m: self.teleop.append((t, m)),
        )
        listen(
            Heartbeat, 'guardian/heartbeat', qos.RECORD, lambda t, m: self.guardian.append((t, m))
        )

    def _keep_joints(self, part: str, t: int, message: JointState) -> None:
        stamp = message.header.stamp
        self.stamps[part].append(stamp.sec + stamp.nanosec * 1e-9)
        self.joints[part].append((t, np.array(message.position)))

    def _steer(self) -> None:
        stamp = self.node.get_clock().now().to_msg()
        hand = JointState(name=LEADER_JOINTS, position=[float(q) for q in self.hand])
        hand.header.stamp = stamp
        self._hand.publish(hand)
        pads = Joy(axes=list(self.sticks), buttons=[int(b in self.pressed) for b in BUTTONS])
        pads.header.stamp = stamp
        self._pads.publish(pads)

    def wait(self, what: str, condition: Callable[[], bool], seconds: float = 15.0) -> int:
        """Wait until a condition holds; return the steady time at which it was seen."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return time.monotonic_ns()
            time.sleep(0.005)
        raise AssertionError(f'{what}: not within {seconds} s; {self.why()}')

    def why(self) -> str:
        """Say what the mux reported: every change of its mode, and what is closed now."""
        modes = [(t, Mode(m.mode).name, m.reason) for t, m in self.status]
        changes = [b for a, b in itertools.pairwise(modes) if a[1:] != b[1:]]
        told = [f'{name} ({reason}) at {t / 1e9:.2f} s' for t, name, reason in changes]
        last = self.status[-1][1] if self.status else None
        gates = [(g.name, g.reason, g.detail) for g in last.gates if not g.open] if last else []
        return f'now {time.monotonic():.2f} s; {", ".join(told)}; closed: {gates}'

    def watch(self, seconds: float) -> None:
        """Let the records grow for a while: some rules say what must happen within a time."""
        threading.Event().wait(seconds)

    def mode(self) -> int:
        """Return the mode that the mux last reported, -1 before the first report."""
        return self.status[-1][1].mode if self.status else -1

    def trigger(self, service: str) -> Trigger.Response:
        """Call a std_srvs/Trigger service."""
        return self._call(Trigger, service, Trigger.Request())

    def set_mode(self, mode: str, pose: str = '') -> SetMode.Response:
        """Ask the mux for a mode."""
        return self._call(SetMode, 'mux/set_mode', SetMode.Request(mode=mode, pose=pose))

    def fault(self, device: str, fault: str, target: str = '', amount: float = 0.0) -> int:
        """Turn a twin's fault dial; return the steady time at which the twin had turned it."""
        request = InjectFault.Request(fault=fault, target=target, amount=amount, seconds=0.0)
        answer = self._call(InjectFault, f'{device}/fault', request)
        assert answer.success, answer.message
        return time.monotonic_ns()

    def _call(self, kind: type, name: str, request: object) -> object:
        client = self.node.create_client(kind, name)
        assert client.wait_for_service(timeout_sec=10.0), f'{name} is not there'
        future = client.call_async(request)
        self.wait(f'answer of {name}', future.done)
        self.node.destroy_client(client)
        return future.result()

    # The operator's acts

    def ready(self) -> None:
        """Wait until mux, robot and leader are up and nothing but the operator is missing."""
        self.wait('mux status', lambda: bool(self.status), 30.0)
        self.wait('leader', lambda: bool(self.teleop), 30.0)
        self.wait('twin', lambda: bool(self.truth), 30.0)
        self.wait('open gates', lambda: self.closed() <= {'source', 'mode', 'leader'}, 30.0)

    def closed(self) -> set[str]:
        """Return the names of the gates that are closed."""
        return {gate.name for gate in self.status[-1][1].gates if not gate.open}

    def engage(self) -> None:
        """Hold the dead-man and press Plus; again if a busy machine dropped the leader."""
        for _ in range(4):
            for pressed in (set(), {'L'}, {'L', 'Plus'}):
                self.pressed = pressed
                self.watch(0.2)
            self.pressed = {'L'}
            self.watch(0.5)
            if self.mode() == Mode.TELEOP:
                return
        self.wait('teleop mode', lambda: self.mode() == Mode.TELEOP, 0.1)

    def drive(self, speed: float = 0.29) -> None:
        """Push the left stick forward until the twin has been told to drive."""
        self.sticks = [0.0, 1.0, 0.0, 0.0]
        self.wait('driving', lambda: bool(self.chassis) and self.chassis[-1][1][0] >= speed)
        self.wait('moving', lambda: bool(self.truth) and self.truth[-1][1][0] >= 0.8 * speed)

    # What the records say

    def speeds(self, part: str) -> np.ndarray:
        """Return how fast the targets of one part moved [rad/s], by the stamps of the mux."""
        ticks = np.maximum(1.0, np.round(np.diff(self.stamps[part]) / 0.01))
        targets = np.array([q for _, q in self.joints[part]])
        return np.abs(np.diff(targets, axis=0)) / (ticks[:, None] * 0.01)

    def stopped_after(self, since_ns: int, watch_s: float = 1.5) -> float:
        """Return how many seconds after an event the chassis was told zero for good."""
        self.watch(watch_s)
        after = [(t, v) for t, v in self.chassis if t >= since_ns]
        moving = [t for t, v in after if any(v)]
        zeros = [t for t, v in after if not any(v)]
        assert zeros, 'the chassis, which repeats its last target for ever, was never told zero'
        if not moving:
            return max(0.0, (zeros[0] - since_ns) / 1e9)
        assert zeros[-1] > moving[-1], f'the last word to the chassis was {after[-1]}'
        first_zero = next(t for t in zeros if t > moving[-1])
        stop_s = (first_zero - since_ns) / 1e9
        if stop_s > 0.6:
            # Longer than any bound: show what arrived when.
            print([(round((t - since_ns) / 1e6), round(v[0], 2)) for t, v in after])
        return stop_s


def arm_pose(body, name: str) -> np.ndarray:
    """Return the leader's twelve joint angles of a named pose."""
    pose = body.pose(name)
    return np.array([pose[body.index(joint)] for joint in LEADER_JOINTS])


def _twist(twist) -> tuple[float, float, float]:
    return (twist.linear.x, twist.linear.y, twist.angular.z)
