# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The fault matrix: one fault each, and what the twin's side of the wire received afterwards.

Bounds are those of the design plus SLACK_S for a loaded two-core machine.
"""

import signal

import numpy as np
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.launch]
pytest.importorskip('rclpy')

from hvd_ros.core.mux.command import Mode  # noqa: E402
from test.launch.wire import arm_pose  # noqa: E402

SLACK_S = 0.1
DECELERATION_S = 0.3 / 1.0  # [m/s] over [m/s^2] of config/robots/r1.yaml
STALE_S = 0.2  # upper bound of the matrix for a silent leader
GUARDIAN_S = 0.2


def assert_joints_hold(wire, since_ns):
    """Every joint target after an instant equals the first one: hold, not drift."""
    for part, records in wire.joints.items():
        after = [q for t, q in records if t >= since_ns]
        assert after, f'{part}: the hold was not streamed'
        spread = np.ptp(np.array(after), axis=0).max()
        assert spread <= 1e-9, f'{part}: the target moved by {spread} rad'


def reasons_since(wire, since_ns):
    return {m.reason for t, m in wire.status if t >= since_ns}


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGSTOP], ids=['killed', 'frozen'])
def test_teleop_node_killed_or_frozen(driving, number):
    graph, wire = driving
    at_ns = graph.signal('joylo', number)
    stop_s = wire.stopped_after(at_ns)
    assert stop_s <= STALE_S + DECELERATION_S + SLACK_S
    assert_joints_hold(wire, at_ns + int(0.5e9))
    assert wire.mode() == Mode.HOLD
    assert 'stale:teleop' in reasons_since(wire, at_ns)


@pytest.mark.parametrize('fault', ['freeze', 'drop', 'disconnect'])
def test_joycon_drops_or_repeats_its_last_report(driving, fault):
    graph, wire = driving
    at_ns = wire.fault('sim_joylo', fault, 'left', 1.0)
    stop_s = wire.stopped_after(at_ns)
    # 100 ms until the stick counts as stale, then the limited deceleration.
    assert stop_s <= 0.1 + DECELERATION_S + SLACK_S
    assert not wire.teleop[-1][1].engaged


@pytest.mark.parametrize(
    ('fault', 'target'),
    [('drop', 'bus'), ('crc', 'bus'), ('missing', '4'), ('disconnect', 'bus')],
)
def test_leader_bus_fault_gives_no_command_from_partial_reads(driving, fault, target):
    graph, wire = driving
    at_ns = wire.fault('sim_joylo', fault, target, 1.0)
    assert wire.stopped_after(at_ns) <= STALE_S + DECELERATION_S + SLACK_S
    assert_joints_hold(wire, at_ns + int(0.5e9))
    # Two read periods after the fault no message may claim an engaged operator.
    later = [m for t, m in wire.teleop if t > at_ns + int(0.15e9)]
    assert later, 'the leader must go on saying why it is silent'
    assert not any(m.engaged for m in later)


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGSTOP], ids=['killed', 'frozen'])
@pytest.mark.parametrize('node', ['mux', 'r1'])
def test_the_base_stops_when_mux_or_r1_is_killed_or_frozen(driving, node, number):
    graph, wire = driving
    at_ns = graph.signal(node, number)
    assert wire.stopped_after(at_ns) <= GUARDIAN_S + SLACK_S
    arms = [t for part in wire.joints.values() for t, _ in part if t > at_ns + int(0.3e9)]
    assert not arms, 'the arms must stop with the stream'
    assert abs(wire.truth[-1][1][0]) < 0.01


def test_mux_and_r1_frozen_together(driving):
    graph, wire = driving
    at_ns = graph.signal('mux', signal.SIGSTOP)
    graph.signal('r1', signal.SIGSTOP)
    assert wire.stopped_after(at_ns) <= GUARDIAN_S + SLACK_S


def test_guardian_killed_refuses_base_motion(driving):
    graph, wire = driving
    at_ns = graph.signal('guardian', signal.SIGKILL)
    assert wire.stopped_after(at_ns) <= 0.15 + DECELERATION_S + SLACK_S
    guardian = next(g for g in wire.status[-1][1].gates if g.name == 'guardian')
    assert (guardian.open, guardian.reason) == (False, 'no_guardian')


def test_a_second_writer_of_the_operators_topic_is_refused(driving):
    graph, wire = driving
    from hvd_msgs.msg import WholeBodyCommand

    from hvd_ros.nodes.shell import qos

    at_ns = wire.truth[-1][0]
    intruder = wire.node.create_publisher(WholeBodyCommand, 'teleop/command', qos.COMMAND)
    wire.wait('two_writers', lambda: 'two_writers' in reasons_since(wire, at_ns))
    seen_ns = wire.status[-1][0]
    assert wire.stopped_after(seen_ns) <= DECELERATION_S + SLACK_S
    wire.node.destroy_publisher(intruder)


@pytest.mark.parametrize('topic', ['teleop/command', 'command'])
def test_a_bag_played_beside_a_live_robot_moves_nothing(graph, wire, topic):
    from hvd_msgs.msg import WholeBodyCommand

    from hvd_ros.core.mux.command import Source
    from hvd_ros.nodes.shell import qos

    graph.start_all()
    wire.ready()
    body = wire.body
    values = np.array(body.pose('home'))
    values[body.index('base_vx')] = 0.3
    bag = wire.node.create_publisher(WholeBodyCommand, topic, qos.COMMAND)
    wire.wait('discovery', lambda: bag.get_subscription_count() > 0)
    start_ns = wire.truth[-1][0]
    for seq in range(200):
        message = WholeBodyCommand(source=Source.TELEOP, seq=seq, layout_id=body.layout_id)
        message.header.stamp = wire.node.get_clock().now().to_msg()
        message.engaged = True
        message.values = [float(v) for v in values]
        bag.publish(message)
        wire.watch(0.01)
    moved = [v for t, v in wire.chassis if t >= start_ns and any(v)]
    assert not moved
    for part, records in wire.joints.items():
        assert not [q for t, q in records if t >= start_ns], part
    assert max(abs(v[0]) for t, v in wire.truth if t >= start_ns) < 1e-3


def test_estop_stops_and_stays_through_every_restart_until_a_person_resets(driving):
    graph, wire = driving
    at_ns = wire.status[-1][0]
    wire.pressed = {'L', 'Minus', 'Plus'}
    wire.wait('e-stop', lambda: wire.mode() == Mode.ESTOP)
    assert wire.stopped_after(at_ns) <= DECELERATION_S + SLACK_S
    wire.pressed = set()
    wire.sticks = [0.0] * 4
    for nodes in (('mux',), ('guardian',), ('mux', 'guardian')):
        for node in nodes:
            graph.signal(node, signal.SIGKILL)
        before = len(wire.status)
        for node in nodes:
            graph.start(node)
        wire.wait(f'{nodes} again', lambda n=before: len(wire.status) > n + 5)
        wire.wait('the latch', lambda: wire.mode() == Mode.ESTOP)
        wire.watch(0.5)
        assert wire.mode() == Mode.ESTOP, f'{nodes} restarted out of the e-stop'
    wire.sticks = [0.0, 1.0, 0.0, 0.0]
    wire.pressed = {'L'}
    wire.watch(0.3)
    wire.pressed = {'L', 'Plus'}
    start_ns = wire.truth[-1][0]
    wire.watch(0.7)
    assert not [v for t, v in wire.chassis if t >= start_ns and any(v)]
    wire.pressed = set()
    wire.sticks = [0.0] * 4
    assert wire.trigger('estop/reset').success
    wire.wait('release', lambda: wire.mode() != Mode.ESTOP)
    wire.engage()
    wire.drive()


def test_takeover_with_the_leader_half_a_radian_away_never_steps(graph, wire):
    graph.start_all()
    wire.ready()
    wire.hand = wire.hand + np.tile([0.5, -0.5, 0.5, 0.3, 0.3, 0.3], 2)
    wire.watch(2.0)
    wire.engage()
    # Towards the home pose, which is away from the body.
    wire.hand = wire.hand + 0.25 * (arm_pose(wire.body, 'home') - arm_pose(wire.body, 'park'))
    wire.watch(2.0)
    body = wire.body
    for part, side in (('arm_left', 'left'), ('arm_right', 'right')):
        ids = [body.index(f'{side}_arm_joint{i}') for i in range(1, 7)]
        # Half a tick of slack: the stamps are those of a machine that is not real-time.
        assert (wire.speeds(part) <= 1.5 * body.limits.velocity[ids]).all()
        moved = np.ptp(np.array([q for _, q in wire.joints[part]]), axis=0).max()
        assert moved > 0.1, 'nothing moved'
