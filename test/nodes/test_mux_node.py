# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The mux over real DDS: messages in, messages out, services, and its last word."""

import time

import numpy as np
import pytest

from test.core.mux.mux_rig import BASE, BODY, HOME, JOINTS

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip('rclpy')

from hvd_msgs.msg import (  # noqa: E402
    ActionChunk,
    CommandTrace,
    Heartbeat,
    MuxStatus,
    RobotHealth,
    WholeBodyCommand,
)
from hvd_msgs.srv import SetMode  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from sensor_msgs.msg import JointState, Joy  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from hvd_ros.core.leader.buttons import to_levels  # noqa: E402
from hvd_ros.core.mux.command import Clip, Mode, Source  # noqa: E402
from hvd_ros.core.reasons import Reason  # noqa: E402
from hvd_ros.nodes.mux_node import MuxNode  # noqa: E402
from hvd_ros.nodes.shell import qos  # noqa: E402

GATES = [
    'estop', 'mode', 'feedback', 'source', 'leader', 'guardian', 'base', 'health', 'collision',
    'writers',
]  # fmt: skip
JOINT_NAMES = [BODY.dimensions[i].joint for i in JOINTS]
PER_UNIT = np.array([BODY.dimensions[i].joint_per_unit for i in JOINTS])
# Wider than on a robot: this tests the plumbing, on a busy machine.
PATIENT = {
    'teleop_timeout_s': 0.2,
    'stamp_age_s': 1.0,
    'guardian_timeout_s': 0.5,
    'feedback_timeout_s': 1.0,
    'buttons_timeout_s': 0.5,
    'health_timeout_s': 5.0,
}


class Bench:
    """A mux, and a peer that plays everybody else at about 100 Hz."""

    def __init__(self):
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.peer = peer = rclpy.create_node('peer', context=self.context)
        overrides = [Parameter(k, value=v) for k, v in PATIENT.items()]
        self.mux = MuxNode(context=self.context, parameter_overrides=overrides)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(peer)
        self.executor.add_node(self.mux)
        self.commands, self.traces, self.statuses, self.beats = [], [], [], []
        for kind, topic, profile, store in (
            (WholeBodyCommand, 'command', qos.COMMAND, self.commands),
            (CommandTrace, 'mux/trace', qos.EVENTS, self.traces),
            (MuxStatus, 'mux/status', qos.LATCHED, self.statuses),
            (Heartbeat, 'mux/heartbeat', qos.COMMAND, self.beats),
        ):
            peer.create_subscription(kind, topic, store.append, profile)
        self.teleop = peer.create_publisher(WholeBodyCommand, 'teleop/command', qos.COMMAND)
        self.chunks = peer.create_publisher(ActionChunk, 'policy/chunk', qos.COMMAND)
        self.joints = peer.create_publisher(JointState, 'joint_states', qos.STATE)
        self.health = peer.create_publisher(RobotHealth, 'robot_health', qos.STATE)
        self.guardian = peer.create_publisher(Heartbeat, 'guardian/heartbeat', qos.COMMAND)
        self.joy = peer.create_publisher(Joy, 'joylo/buttons', qos.STATE)
        self.set_mode = peer.create_client(SetMode, 'mux/set_mode')
        self.estop = peer.create_client(Trigger, 'mux/estop')
        self.seq = 0
        self.engaged, self.values, self.pressed = False, HOME.copy(), {'L'}
        self.beat = Heartbeat()
        self.noise = np.random.default_rng(0)
        self.wait(lambda: self.statuses and not self.gate('feedback').reason)

    def close(self):
        self.executor.shutdown()
        self.mux.close()
        self.mux.destroy_node()
        self.peer.destroy_node()
        self.context.shutdown()

    def stream(self, teleop=True):
        """Send one round of everything."""
        now = self.peer.get_clock().now().to_msg()
        self.seq += 1
        if teleop:
            frame = WholeBodyCommand(
                seq=self.seq, layout_id=BODY.layout_id, engaged=self.engaged,
                values=self.values.tolist(),
            )  # fmt: skip
            frame.header.stamp = now
            self.teleop.publish(frame)
        driven = self.commands[-1].engaged if self.commands else False
        here = np.array(self.commands[-1].values) if driven else HOME
        here = (here + self.noise.normal(0.0, 1e-4, BODY.size))[JOINTS] * PER_UNIT
        self.joints.publish(JointState(name=JOINT_NAMES, position=here.tolist()))
        self.health.publish(RobotHealth(battery_percent=80.0, base_ready=True))
        self.guardian.publish(self.beat)
        self.joy.publish(Joy(buttons=to_levels(self.pressed), axes=[0.0] * 4))

    def wait(self, condition, patience_s=20.0, **more):
        end, due = time.monotonic() + patience_s, 0.0
        while not condition():
            assert time.monotonic() < end, self.statuses[-1:] or 'no status'
            if time.monotonic() >= due:
                self.stream(**more)
                due = time.monotonic() + 0.01
            self.executor.spin_once(timeout_sec=0.005)

    def gate(self, name):
        return next(g for g in self.statuses[-1].gates if g.name == name)

    def mode(self):
        return Mode(self.statuses[-1].mode) if self.statuses else None

    def engage(self):
        self.wait(lambda: self.gate('leader').reason == Reason.DISENGAGED)
        self.engaged = True
        self.wait(lambda: self.mode() is Mode.TELEOP)

    def call(self, client, request):
        self.wait(client.service_is_ready)
        future = client.call_async(request)
        self.wait(future.done)
        return future.result()


@pytest.fixture
def bench():
    made = Bench()
    yield made
    made.close()


def test_an_engaged_leader_moves_base_and_joints_and_the_trace_says_how(bench):
    bench.engage()
    bench.values[BASE[0]] = 0.2
    bench.wait(lambda: bench.commands[-1].values[BASE[0]] == pytest.approx(0.2))
    command, trace = bench.commands[-1], bench.traces[-1]
    assert command.engaged and command.layout_id == BODY.layout_id
    assert (trace.mode, trace.source) == (Mode.TELEOP, Source.TELEOP)
    assert list(trace.asked) == pytest.approx(list(bench.values))
    assert len(trace.sent) == len(trace.clip) == BODY.size
    assert any(t.clip[BASE[0]] & Clip.ACCELERATION for t in bench.traces)
    assert bench.statuses[-1].moving and [g.name for g in bench.statuses[-1].gates] == GATES
    assert all(g.open for g in bench.statuses[-1].gates)


def test_idle_sends_a_zero_base_and_drives_no_joint(bench):
    bench.wait(lambda: len(bench.commands) > 20)
    assert not any(c.engaged for c in bench.commands)
    assert all(c.values[i] == 0.0 for c in bench.commands for i in BASE)
    assert not bench.traces[-1].sent
    seqs = [c.seq for c in bench.commands]
    assert all(b > a for a, b in zip(seqs, seqs[1:], strict=False))


def test_a_leader_that_goes_silent_ends_in_hold_with_the_reason(bench):
    bench.engage()
    bench.wait(lambda: bench.mode() is Mode.HOLD, teleop=False)
    assert bench.statuses[-1].reason == Reason.STALE_TELEOP
    assert bench.gate('leader').fix


def test_the_estop_button_stops_and_the_heartbeat_tells_the_guardian(bench):
    bench.beat.epoch = 6
    bench.engage()
    bench.pressed = {'L', 'Minus', 'Plus'}
    bench.wait(lambda: bench.mode() is Mode.ESTOP and bench.beats[-1].estop)
    assert bench.beats[-1].epoch == 6
    assert bench.beats[-1].reason == Reason.ESTOP_BUTTON
    bench.pressed = {'L'}
    bench.beat.epoch = 7
    bench.wait(lambda: bench.mode() is Mode.HOLD)


def test_the_estop_service_stops(bench):
    bench.engage()
    assert bench.call(bench.estop, Trigger.Request()).success
    bench.wait(lambda: bench.mode() is Mode.ESTOP)
    assert bench.statuses[-1].estop


def test_a_latched_guardian_stops_the_mux(bench):
    bench.beat.estop = True
    bench.wait(lambda: bench.mode() is Mode.ESTOP)
    answer = bench.call(bench.set_mode, SetMode.Request(mode='hold'))
    assert not answer.success and answer.reason.startswith('estop')


def test_a_second_publisher_is_refused(bench):
    bench.engage()
    second = bench.peer.create_publisher(WholeBodyCommand, 'teleop/command', qos.COMMAND)
    bench.wait(lambda: bench.gate('writers').reason == Reason.TWO_WRITERS)
    bench.wait(lambda: bench.mode() is Mode.HOLD)
    assert bench.peer.destroy_publisher(second)


def test_a_mode_is_asked_for_by_name(bench):
    answer = bench.call(bench.set_mode, SetMode.Request(mode='polcy'))
    assert not answer.success and 'policy' in answer.message
    answer = bench.call(bench.set_mode, SetMode.Request(mode='policy'))
    assert (answer.success, answer.reason) == (False, Reason.NEVER_HEARD)
    answer = bench.call(bench.set_mode, SetMode.Request(mode='home', pose='nowhere'))
    assert not answer.success and 'park' in answer.message
    answer = bench.call(bench.set_mode, SetMode.Request(mode='hold'))
    assert (answer.success, answer.mode) == (True, 'hold')


def test_a_chunk_reaches_the_guard(bench):
    bad = ActionChunk(seq=1, layout_id=BODY.layout_id, step_s=0.1, horizon=2, values=[0.0])
    bench.chunks.publish(bad)

    def refused():
        return any(s.name == 'policy' and s.refused for s in bench.statuses[-1].sources)

    bench.wait(lambda: refused() or bench.chunks.publish(bad))
    assert any(t.refusal == Reason.WRONG_LENGTH for t in bench.traces)


def test_the_last_word_is_a_stop(bench):
    bench.engage()
    bench.values[BASE[0]] = 0.2
    bench.wait(lambda: bench.commands[-1].values[BASE[0]] > 0.1)
    last = bench.commands[-1]
    bench.executor.remove_node(bench.mux)
    bench.mux.close()
    bench.wait(lambda: bench.commands[-1].seq > last.seq)
    final = bench.commands[-1]
    assert final.engaged and all(final.values[i] == 0.0 for i in BASE)
    count = len(bench.commands)
    bench.mux.close()
    for _ in range(10):
        bench.executor.spin_once(timeout_sec=0.01)
    assert len(bench.commands) == count, 'closing twice says nothing twice'
