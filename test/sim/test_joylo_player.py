# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Hands and thumbs: what the leader makes of them is what was wanted."""

from collections import deque
import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.leader.motors import LEADER_JOINTS
from hvd_ros.core.leader.tick import Leader, LeaderInput, Pad
from hvd_ros.core.leader.torso import SQUAT, STAND, trunk_pitch
from hvd_ros.core.robot.description import load_body
from hvd_ros.drivers.joycon.report import deadzone
from hvd_ros.sim.joylo_player import JoyloPlayer, through_deadzone
from hvd_ros.sim.operator_script import HOLD

BODY = load_body('r1')
JOINTS = tuple(joint.name for joint in LEADER_JOINTS)
HOME = BODY.pose('home').copy()
TORSO, BASE = BODY.parts['torso'], BODY.indices('base')
TICK_S, MS = 0.02, 1_000_000


@given(
    st.floats(0.0, 1.0),
    st.floats(-math.pi, math.pi),
    st.floats(0.0, 0.3),
    st.floats(0.0, 0.3),
)
def test_a_stick_is_held_so_that_its_deadzones_leave_what_is_wanted(far, way, radial, axial):
    wanted = far * math.cos(way), far * math.sin(way)
    if max(abs(v) for v in wanted) < 1e-9:
        return
    held = through_deadzone(wanted, radial, axial)
    # A corner of its square is all that a stick can reach.
    if max(abs(v) for v in held) < 1.0:
        assert deadzone(held, radial, axial) == pytest.approx(wanted, abs=1e-9)


class Bench:
    """A leader whose devices report late and seldom, as the real ones do."""

    def __init__(self, late_s=0.035):
        self.leader, self.player = Leader(BODY, JOINTS), JoyloPlayer(BODY, JOINTS)
        self.now_ns, self.measured = 10**9, HOME.copy()
        self.pads = frozenset(), (0.0, 0.0, 0.0, 0.0)
        self.reported = self.pads
        self.hand = HOME[[BODY.index(name) for name in JOINTS]]
        self.seen = deque([HOME.copy()], maxlen=max(1, round(late_s / 0.005)))
        for pressed in (frozenset(), HOLD, HOLD | {'Plus'}, HOLD):
            self.pads = pressed, (0.0, 0.0, 0.0, 0.0)
            self.wait()
        assert self.out.engagement.engaged
        self.player.begin(self.out.values)

    def wait(self):
        for _ in range(4):
            self.now_ns += 5 * MS
            if self.now_ns // (5 * MS) % 3 == 0:
                self.reported = self.pads
            if self.now_ns // (5 * MS) % 2 == 0:
                self._tick()
            self.seen.append(self.out.values if hasattr(self, 'out') else HOME)

    def _tick(self):
        pressed, sticks = self.reported
        pads = [Pad(pressed, deadzone(s, 0.1, 0.08)) for s in (sticks[:2], sticks[2:])]
        self.out = self.leader.step(LeaderInput(self.now_ns, self.hand, *pads, self.measured))
        if self.out.engagement.engaged:
            self.measured = self.out.values.copy()

    def want(self, values, dt_s=TICK_S):
        act = self.player.act(values, self.seen[0], dt_s)
        self.pads, self.hand = (act.pressed, act.sticks), act.hand
        self.wait()
        return act


def ramp(bench, goal, seconds):
    """Go on a straight line; return how far the leader was off at each tick (N, D)."""
    start = bench.out.values.copy()
    ticks = round(seconds / TICK_S)
    errors = []
    for i in range(1, ticks + 26):
        wanted = start + min(1.0, i / ticks) * (goal - start)
        bench.want(wanted)
        errors.append(bench.out.values - wanted)
    return np.array(errors)


def test_lean_and_turn_are_followed_and_reached():
    bench, goal = Bench(), HOME.copy()
    goal[TORSO[2]] += 0.25
    goal[TORSO[3]] -= 0.4
    off = np.abs(ramp(bench, goal, 1.6))[:, TORSO]
    assert off[5:].max() < 0.03
    assert off[-1].max() < 0.003


@pytest.mark.parametrize('down', [0.3, -0.3, 0.02])
def test_a_squat_is_reached_by_taps_with_a_level_trunk(down):
    bench, goal = Bench(), HOME.copy()
    way = (SQUAT - STAND) / np.abs(SQUAT - STAND).max()
    goal[TORSO[:2]] += down * way
    goal[TORSO[2]] += down * way.sum()
    errors = ramp(bench, goal, 2.0)[:, TORSO]
    assert np.abs(errors[5:]).max() < 0.03
    assert np.abs(errors[-1]).max() < 0.011
    assert trunk_pitch(bench.out.values[TORSO]) == pytest.approx(
        trunk_pitch(goal[TORSO]), abs=0.01
    )


def test_a_torso_that_somebody_else_moved_is_seen():
    bench = Bench()
    for _ in range(10):
        bench.want(HOME)
    bench.player.begin(HOME - 0.4)  # a wrong picture
    for _ in range(20):
        bench.want(HOME)
    assert np.abs(bench.out.values - HOME)[TORSO].max() < 0.01


def test_rates_that_are_not_those_of_the_leader_do_not_add_up():
    bench, goal = Bench(), HOME.copy()
    goal[TORSO[3]] += 0.8
    start = bench.out.values.copy()
    for i in range(1, 181):
        wanted = start + min(1.0, i / 120) * (goal - start)
        bench.want(wanted, dt_s=0.018)  # its clock is 10 % slow
    assert abs(bench.out.values - goal)[TORSO[3]] < 0.01


def test_driving_turning_and_arms_are_what_was_wanted():
    bench, wanted = Bench(), HOME.copy()
    for twist in ((0.3, 0.0, 0.0), (0.05, -0.12, 0.0), (0.0, 0.0, 0.38), (0.0, 0.0, -0.02)):
        wanted[BASE] = twist
        wanted[0] += 0.01
        for _ in range(15):
            bench.want(wanted)
        assert bench.out.values[BASE] == pytest.approx(twist, abs=2e-3)
        assert bench.out.values[0] == pytest.approx(wanted[0], abs=1e-4)
    wanted[BASE] = 0.0
    for _ in range(15):
        bench.want(wanted)
    assert not bench.out.values[BASE].any()


def test_one_stick_does_what_is_wanted_more():
    bench, wanted = Bench(), HOME.copy()
    wanted[BASE] = 0.02, 0.0, 0.3
    for _ in range(15):
        bench.want(wanted)
    assert bench.out.values[BASE] == pytest.approx((0.0, 0.0, 0.3), abs=2e-3)


@pytest.mark.parametrize('name', ['left_gripper', 'right_gripper'])
def test_a_trigger_is_pressed_once_for_each_wish(name):
    bench, wanted, i = Bench(), HOME.copy(), BODY.index(name)
    pulls = 0
    for opening in (0.0, 1.0, 0.3):
        wanted[i] = opening
        down = False
        for _ in range(40):
            now = bool(bench.want(wanted).pressed & {'ZL', 'ZR'})
            pulls += now and not down
            down = now
        assert bench.out.values[i] == float(opening > 0.5)
    assert pulls == 3


def test_a_press_that_was_lost_is_made_again():
    bench, wanted, i = Bench(), HOME.copy(), BODY.index('left_gripper')
    wanted[i] = 0.0
    for _ in range(8):  # the first press comes to nothing
        bench.player.act(wanted, bench.seen[0], TICK_S)
        bench.wait()
    assert bench.out.values[i] == 1.0
    for _ in range(30):
        bench.want(wanted)
    assert bench.out.values[i] == 0.0
