# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The fault matrix, rows of bad commands: the test itself is the leader and says impossible things.

joylo is not running; a thread of the test publishes `teleop/command` at 100 Hz.
"""

import math

import numpy as np
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.launch]
pytest.importorskip('rclpy')

from hvd_msgs.msg import WholeBodyCommand  # noqa: E402

from hvd_ros.core.mux.command import Mode, Source  # noqa: E402
from hvd_ros.nodes.shell import qos  # noqa: E402

DECELERATION_S = 0.3 / 1.0
SLACK_S = 0.1


class Sender:
    """A leader that sends what it is told."""

    def __init__(self, wire):
        self.wire = wire
        self.body = wire.body
        self.values = np.array(self.body.pose('park'))
        self.layout_id = self.body.layout_id
        self.spoil = None  # function of the message, applied last
        self.seq = 0
        self.engaged = False
        self._publisher = wire.node.create_publisher(
            WholeBodyCommand, 'teleop/command', qos.COMMAND
        )
        wire.node.create_timer(0.01, self._send)

    def _send(self):
        self.seq += 1
        message = WholeBodyCommand(
            source=Source.TELEOP, seq=self.seq, layout_id=self.layout_id, engaged=self.engaged
        )
        message.header.stamp = self.wire.node.get_clock().now().to_msg()
        message.values = [float(v) for v in self.values]
        if self.spoil is not None:
            self.spoil(message)
        self._publisher.publish(message)

    def set(self, name, value):
        self.values[self.body.index(name)] = value


@pytest.fixture
def sender(graph, wire):
    """Bring up a graph whose operator is the test: engaged, at the robot's own pose."""
    graph.start_all(('sim_robot', 'guardian', 'r1', 'mux'))
    wire.wait('mux status', lambda: bool(wire.status), 30.0)
    wire.wait('twin', lambda: bool(wire.truth), 30.0)
    sender = Sender(wire)
    wire.wait('open gates', lambda: wire.closed() <= {'source', 'mode', 'leader'}, 30.0)
    for _ in range(4):
        sender.engaged = False
        wire.watch(0.3)
        sender.engaged = True
        wire.watch(0.5)
        if wire.mode() == Mode.TELEOP:
            break
    wire.wait('teleop mode', lambda: wire.mode() == Mode.TELEOP)
    return sender


def targets(wire, part, since_ns=0):
    return np.array([q for t, q in wire.joints[part] if t >= since_ns])


def test_a_jump_of_one_radian_is_rate_limited(sender, wire):
    wire.watch(0.3)
    joint = sender.body.index('left_arm_joint1')
    sender.set('left_arm_joint1', sender.values[joint] - 1.0)
    wire.watch(1.5)
    # Half a tick of slack: the stamps are those of a machine that is not real-time.
    assert wire.speeds('arm_left')[:, 0].max() <= 1.5 * sender.body.limits.velocity[joint]
    assert np.ptp(targets(wire, 'arm_left')[:, 0]) > 0.8
    clip = [m.clip[joint] for _, m in wire.traces if len(m.clip)]
    assert any(flags & 2 for flags in clip), 'the trace must say that the velocity was limited'


def test_ten_metres_per_second_never_reaches_the_wire(sender, wire):
    sender.set('base_vx', 0.3)
    wire.drive()
    sender.set('base_vx', 10.0)
    wire.watch(1.0)
    assert max(abs(v[0]) for _, v in wire.chassis) <= 0.3 + 1e-9
    reasons = {m.refusal for _, m in wire.traces}
    assert 'out_of_range' in reasons
    assert not any(wire.chassis[-1][1])


def test_a_limit_violation_is_held_at_the_limit_and_flagged(sender, wire):
    joint = sender.body.index('right_arm_joint5')
    high = sender.body.limits.high[joint]
    sender.set('right_arm_joint5', high + 0.05)
    wire.wait('the limit', lambda: targets(wire, 'arm_right')[-1, 4] >= high - 1e-3)
    assert targets(wire, 'arm_right')[:, 4].max() <= high + 1e-9
    assert any(m.clip[joint] & 1 for _, m in wire.traces if len(m.clip))


def spoil_nan(message):
    message.values[3] = math.nan


def spoil_inf(message):
    message.values[7] = math.inf


def spoil_length(message):
    message.values = message.values[:-1]


def spoil_layout(message):
    message.layout_id ^= 1


def spoil_sequence(message):
    message.seq = 5


@pytest.mark.parametrize(
    ('spoil', 'reason'),
    [
        (spoil_nan, 'non_finite'),
        (spoil_inf, 'non_finite'),
        (spoil_length, 'wrong_length'),
        (spoil_layout, 'wrong_layout'),
        (spoil_sequence, 'old_sequence'),
    ],
)
def test_a_bad_frame_is_refused_whole_and_does_not_feed_the_watchdog(sender, wire, spoil, reason):
    sender.set('base_vx', 0.3)
    wire.drive()
    at_ns = wire.truth[-1][0]
    sender.set('left_arm_joint1', 0.0)
    sender.spoil = spoil
    stop_s = wire.stopped_after(at_ns)
    assert stop_s <= 0.2 + DECELERATION_S + SLACK_S
    moved = targets(wire, 'arm_left', at_ns)[:, 0]
    assert np.ptp(moved) < 0.1, 'a part of a refused frame was used'
    assert np.isfinite(targets(wire, 'arm_left')).all()
    assert reason in {m.refusal for t, m in wire.traces if t >= at_ns}
    assert wire.mode() == Mode.HOLD
