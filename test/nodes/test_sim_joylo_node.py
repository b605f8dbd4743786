# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The leader's twin: what is not a hand is refused, and a hand that left lets go."""

import pytest

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]
pytest.importorskip('rclpy')

from sensor_msgs.msg import JointState, Joy  # noqa: E402

from hvd_ros.nodes.scripted_operator_node import JOINTS  # noqa: E402
from hvd_ros.nodes.shell import qos  # noqa: E402
from test.nodes.leader_bench import LeaderBench  # noqa: E402


@pytest.fixture(scope='module')
def bench():
    bench = LeaderBench('/sim_joylo_test')
    yield bench
    bench.close()
    assert not bench.errors


def test_one_joint_may_be_moved_alone(bench):
    hand = bench.node.create_publisher(JointState, 'sim_joylo/hand', qos.STATE)
    i = JOINTS.index('left_arm_joint4')

    def there() -> bool:
        hand.publish(JointState(name=['left_arm_joint4'], position=[0.3]))
        return bool(bench.leader) and abs(bench.leader[-1].position[i] - 0.3) < 0.01

    bench.until('moved', there)


@pytest.mark.parametrize(
    'message',
    [
        JointState(name=['elbow'], position=[0.3]),
        JointState(name=['left_arm_joint4'], position=[float('nan')]),
        JointState(name=['left_arm_joint4'], position=[]),
    ],
)
def test_what_is_no_hand_pose_moves_nothing(bench, message):
    before = bench.sim.arms.hand
    bench.sim._on_hand(message)
    assert (bench.sim.arms.hand == before).all()


def test_what_is_no_pad_presses_nothing(bench):
    bench.press('B')
    bench.sim._on_pads(Joy(axes=[0.0] * 6, buttons=[1] * 11))
    bench.sim._on_pads(Joy(axes=[float('nan')] * 4, buttons=[1] * 22))
    bench.press('B')
    bench.press()


def test_thumbs_let_go_when_their_owner_is_gone(bench):
    bench.press('L')
    act, bench.hands.push = bench.hands.push, lambda *_: None
    try:
        bench.until('released', lambda: sum(bench.joys[-1].buttons) == 0)
    finally:
        bench.hands.push = act
    bench.press()


@pytest.mark.parametrize(
    ('fault', 'target', 'says'),
    [
        ('frezze', 'left', "did you mean 'freeze'"),
        ('drop', 'middle', "no motor or joint 'middle'"),
        ('drop', '99', "no motor or joint '99'"),
    ],
)
def test_a_wrong_fault_is_refused_with_a_hint(bench, fault, target, says):
    assert says in bench.fault(fault, target)
