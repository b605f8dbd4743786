# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The twin's vendor has the habits of the real one, and its wheels tell where it went."""

import math

import numpy as np
import pytest

from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.odometry import Odometer
from hvd_ros.core.vendor.streams import STREAMS, Wiring
from hvd_ros.sim.vendor_side import VendorSide

BODY = load_body('r1')
HOME = BODY.pose('home')
STEP_S = 0.004


class World:
    """A vendor side, its clock, and somebody who counts the wheels."""

    def __init__(self, *, gates: bool = True) -> None:
        self.side = VendorSide(BODY)
        self.now_ns = 1_000_000_000
        self.odometer = Odometer()
        if gates:
            self.side.speed_listeners = 1
            self.side.on_acceleration((2.0, 1.0, 1.0), self.now_ns)

    def run(self, seconds: float, **streams) -> None:
        """Let time pass, streaming targets at every step."""
        for _ in range(round(seconds / STEP_S)):
            for stream, values in streams.items():
                self.side.on_target(stream, values, self.now_ns)
            self.side.step(STEP_S, self.now_ns)
            self.now_ns += int(STEP_S * 1e9)
            for sample in self.side.feedback('chassis', self.now_ns, self.now_ns):
                steer, speed = np.array(sample.position), np.array(sample.velocity[:3])
                self.odometer.update(sample.stamp_ns, steer, speed)

    def position(self, stream: str) -> np.ndarray:
        return np.array(self.side.feedback(stream, self.now_ns, self.now_ns)[0].position)

    def fault(self, kind: str, target: str = '', amount: float = 0.0, seconds: float = 0.0) -> str:
        return self.side.dial.set(kind, target, amount, seconds, self.now_ns)


@pytest.fixture
def world() -> World:
    return World()


def test_its_feedback_is_what_our_wiring_reads(world: World) -> None:
    wiring = Wiring(BODY)
    for stream in STREAMS:
        (sample,) = world.side.feedback(stream, 7, world.now_ns)
        reading = wiring.read(stream, sample.position, sample.velocity, sample.effort)
        assert np.isfinite(reading.position).all()
        assert sample.stamp_ns == 7
    assert len(world.position('arm_left')) == 7


def test_a_streamed_arm_arrives_and_one_message_moves_nothing(world: World) -> None:
    start = world.position('arm_left')[:6]
    world.side.on_target('arm_left', HOME[:6], world.now_ns)
    world.run(0.5)
    assert world.position('arm_left')[:6] == pytest.approx(start, abs=0.01)
    world.run(2.0, arm_left=HOME[:6])
    assert world.position('arm_left')[:6] == pytest.approx(HOME[:6], abs=0.02)


def test_an_arm_stops_with_its_stream(world: World) -> None:
    world.run(0.2, arm_left=HOME[:6])
    world.run(0.5)
    held = world.position('arm_left')[:6]
    world.run(1.0)
    assert world.position('arm_left')[:6] == pytest.approx(held, abs=0.01)
    assert np.abs(held - HOME[:6]).max() > 0.1


def test_grippers_count_millimetres(world: World) -> None:
    world.run(1.0, gripper_left=[60.0])
    assert world.position('gripper_left')[0] == pytest.approx(60.0, abs=2.0)
    assert world.position('arm_left')[6] == world.position('gripper_left')[0]


def test_the_chassis_repeats_its_last_target_for_ever(world: World) -> None:
    world.side.on_target('chassis', (0.2, 0.0, 0.0), world.now_ns)
    world.run(2.0)
    assert world.side.robot.base_twist[0] == pytest.approx(0.2, abs=0.01)
    world.side.on_target('chassis', (0.0, 0.0, 0.0), world.now_ns)
    world.run(0.5)
    assert world.side.robot.base_twist == pytest.approx((0.0, 0.0, 0.0), abs=0.005)


@pytest.mark.parametrize('gate', ['limit', 'listener', 'mode'])
def test_every_gate_alone_keeps_the_chassis_still(gate: str) -> None:
    world = World(gates=False)
    if gate != 'limit':
        world.side.on_acceleration((2.0, 1.0, 1.0), world.now_ns)
    if gate != 'listener':
        world.side.speed_listeners = 1
    if gate == 'mode':
        world.fault('controller_mode', amount=2.0)
    world.run(1.0, chassis=(0.3, 0.0, 0.0))
    assert world.side.robot.base_pose == pytest.approx((0.0, 0.0, 0.0), abs=0.002)


@pytest.mark.parametrize('bad', [[math.nan] * 6, [0.1] * 5, []])
def test_what_does_not_fit_is_dropped(world: World, bad: list[float]) -> None:
    start = world.position('arm_left')
    world.run(0.2, arm_left=bad, gripper_left=[], torso=bad)
    assert world.position('arm_left') == pytest.approx(start, abs=0.01)


def test_the_battery_drains_by_the_hour(world: World) -> None:
    percent, volts = world.side.battery(world.now_ns)
    world.run(1.0)
    used = percent - world.side.battery(world.now_ns)[0]
    assert used == pytest.approx(100 * 120 / 1680 / 3600, rel=0.01)
    assert 42 < volts < 54


def test_odometry_of_a_driven_square_closes_against_the_truth(world: World) -> None:
    legs = [(0.3, 0.0, 0.0), (0.0, 0.3, 0.0), (-0.3, 0.0, 0.0), (0.0, -0.3, 0.0)]
    for leg in legs:
        world.run(1.0, chassis=leg)
        world.run(0.5, chassis=(0.0, 0.0, 0.0))  # a wheel that turns while it rolls skids
        world.run(0.8, chassis=(0.0, 0.0, 0.4))  # turns about base_link, not the wheels' centroid
        world.run(0.5, chassis=(0.0, 0.0, 0.0))
    x, y, yaw = world.odometer.pose
    true_x, true_y, true_yaw = world.side.robot.base_pose
    assert abs(math.remainder(true_yaw, math.tau)) > 1.0
    assert math.hypot(x - true_x, y - true_y) < 0.003
    assert abs(math.remainder(yaw - true_yaw, math.tau)) < math.radians(0.3)


# The fault dial on the streams of this robot


def test_nan_and_jump_hit_the_first_value_of_their_stream(world: World) -> None:
    true = world.position('torso')
    world.fault('jump', 'torso', 0.5)
    assert world.position('torso') == pytest.approx(true + [0.5, 0, 0, 0])
    world.fault('nan', 'torso')
    assert math.isnan(world.position('torso')[0])
    assert np.isfinite(world.position('arm_left')).all()


def test_freeze_repeats_stamp_and_values(world: World) -> None:
    world.fault('freeze', 'torso')
    first = world.side.feedback('torso', 1, world.now_ns)
    world.run(0.1, torso=HOME[17:])
    assert world.side.feedback('torso', 2, world.now_ns) == first
    world.fault('none', 'torso')
    assert world.side.feedback('torso', 3, world.now_ns)[0].stamp_ns == 3


def test_delay_keeps_order_and_stamps(world: World) -> None:
    world.fault('delay', 'torso', 0.1)
    arrived = []
    for i in range(50):
        now_ns = world.now_ns + i * 10_000_000
        arrived += [(i, s.stamp_ns) for s in world.side.feedback('torso', i, now_ns)]
    assert arrived[0] == (10, 0)
    assert [stamp for _, stamp in arrived] == list(range(40))


def test_drop_has_a_probability(world: World) -> None:
    world.fault('drop', 'torso', 0.3)
    kept = sum(len(world.side.feedback('torso', i, world.now_ns)) for i in range(1000))
    assert 640 < kept < 760


def test_disconnect_cuts_both_directions(world: World) -> None:
    world.fault('disconnect')
    assert world.side.feedback('torso', 1, world.now_ns) == []
    world.run(0.5, chassis=(0.3, 0.0, 0.0))
    assert world.side.robot.base_pose[0] == pytest.approx(0.0, abs=0.002)


def test_a_fault_ends_after_its_seconds(world: World) -> None:
    world.fault('disconnect', 'torso', seconds=0.1)
    assert not world.side.feedback('torso', 1, world.now_ns)
    assert world.side.feedback('torso', 1, world.now_ns + 100_000_000)


def test_motors_and_battery_complain_through_the_status(world: World) -> None:
    world.fault('motor_fault', 'arm_left')
    assert world.side.errors('arm_left', world.now_ns) == [('motor1', 12, 'overcurrent')]
    assert world.side.errors('arm_right', world.now_ns) == []
    world.fault('over_temperature', 'torso')
    assert world.side.errors('torso', world.now_ns)[0][1] == 14
    world.fault('battery_low')
    assert world.side.battery(world.now_ns)[0] == 5.0


@pytest.mark.parametrize(
    ('kind', 'target', 'amount', 'words'),
    [
        ('freez', '', 0.0, "did you mean 'freeze'"),
        ('drop', 'arm_lef', 0.0, "did you mean 'arm_left'"),
        ('nan', 'bms', 0.0, 'valid there: drop, disconnect'),
        ('delay', '', math.nan, 'must not be negative'),
        ('delay', '', -1.0, 'must not be negative'),
    ],
)
def test_a_wrong_turn_of_the_dial_is_explained(
    world: World, kind: str, target: str, amount: float, words: str
) -> None:
    with pytest.raises(Exception, match=words):
        world.fault(kind, target, amount)
