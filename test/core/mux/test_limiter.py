# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The limiter against closed forms and against hostile targets."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.mux.command import Clip
from hvd_ros.core.mux.limiter import Limiter, Motion
from hvd_ros.core.robot.body import Kind
from test.core.mux.mux_rig import BASE, BODY, HOME, JOINTS, at

DT = 0.01
LIMITER = Limiter(BODY, DT)
GO = np.zeros(BODY.size, dtype=bool)
STOP = ~GO
LIMITS = BODY.limits


def still(values=HOME):
    values = np.array(values, dtype=float)
    values[BASE] = 0.0
    return Motion(values, np.zeros(BODY.size))


def run(target, count, motion=None, stop=GO, scale=1.0, pace=None):
    motions, clips = [motion or still()], []
    for _ in range(count):
        motion, clip = LIMITER.step(motions[-1], target, stop, scale, pace)
        motions.append(motion)
        clips.append(clip)
    return motions, clips


def assert_bounded(motions):
    values = np.array([m.values for m in motions])
    assert np.isfinite(values).all()
    assert (values >= LIMITS.low).all() and (values <= LIMITS.high).all()
    rates = np.diff(values, axis=0) / DT
    assert (np.abs(rates[:, JOINTS]) <= LIMITS.velocity[JOINTS] * (1 + 1e-9)).all()
    assert (np.abs(rates[:, BASE]) <= LIMITS.acceleration[BASE] * (1 + 1e-9)).all()
    rates = np.vstack([motions[0].rate, rates])
    jolts = np.abs(np.diff(rates[:, JOINTS], axis=0)) / DT
    assert (jolts <= LIMITS.acceleration[JOINTS] * (1 + 1e-6)).all()


def test_a_long_way_takes_the_time_of_a_trapezoid_and_does_not_overshoot():
    i = BODY.index('left_arm_joint1')
    way = 2.0
    target = at(left_arm_joint1=HOME[i] - way)
    motions, _ = run(target, 200)
    assert_bounded(motions)
    track = np.array([m.values[i] for m in motions])
    assert (np.diff(track) <= 1e-12).all(), 'never turns back'
    assert track[-1] == pytest.approx(target[i], abs=1e-12)
    speed, acceleration = LIMITS.velocity[i], LIMITS.acceleration[i]
    closed_form_s = way / speed + speed / acceleration
    arrived_s = DT * np.argmax(np.abs(track - target[i]) < 1e-6)
    assert arrived_s == pytest.approx(closed_form_s, abs=3 * DT)


@pytest.mark.parametrize('way', [1e-9, 1e-4, 1.5e-3, 0.0123, 0.1])
def test_a_short_way_ends_exactly_and_without_overshoot(way):
    i = BODY.index('right_arm_joint6')
    motions, _ = run(at(right_arm_joint6=HOME[i] + way), 60)
    assert_bounded(motions)
    track = np.array([m.values[i] for m in motions])
    assert (np.diff(track) >= -1e-15).all()
    assert track[-1] == pytest.approx(HOME[i] + way, abs=1e-12)
    assert abs(motions[-1].rate[i]) < 1e-9


def test_joints_of_an_arm_are_scaled_together_and_keep_the_direction():
    start = still()
    target = at(left_arm_joint1=HOME[0] - 1.0, left_arm_joint4=HOME[3] + 0.25)
    motions, _ = run(target, 80, start)
    moved = np.array([m.values - HOME for m in motions[1:]])
    assert np.allclose(moved[:, 3], -0.25 * moved[:, 0], atol=1e-9)


def test_one_arm_does_not_slow_the_other():
    alone, _ = run(at(right_arm_joint4=0.0), 30)
    both, _ = run(at(right_arm_joint4=0.0, left_arm_joint1=-2.5), 30)
    i = BODY.index('right_arm_joint4')
    assert [m.values[i] for m in alone] == [m.values[i] for m in both]


def test_base_xy_keeps_its_direction_at_the_speed_limit_and_while_speeding_up():
    motions, clips = run(at(base_vx=0.6, base_vy=0.3), 40)
    assert_bounded(motions)
    speeds = np.array([m.values[BASE] for m in motions[1:]])
    assert np.allclose(speeds[:, 1], 0.5 * speeds[:, 0])
    assert speeds[-1] == pytest.approx([0.3, 0.15, 0.0])
    assert clips[0][BASE[0]] & Clip.ACCELERATION and clips[-1][BASE[0]] & Clip.VELOCITY


def test_base_xy_brakes_in_a_straight_line_at_its_limit():
    rolling = Motion(at(base_vx=0.3, base_vy=0.1), np.zeros(BODY.size))
    motions, _ = run(HOME, 31, rolling, STOP)
    speeds = np.array([m.values[BASE] for m in motions])
    assert np.allclose(speeds[:, 1] * 3.0, speeds[:, 0])
    assert speeds[29, 0] > 1e-9 and (speeds[30] == 0.0).all(), '0.3 m/s at 1 m/s^2: 300 ms'


def test_yaw_is_not_slowed_by_braking_in_x():
    rolling = Motion(at(base_vx=0.3), np.zeros(BODY.size))
    alone, _ = run(at(base_wz=0.4), 10)
    both, _ = run(at(base_wz=0.4), 10, rolling)
    assert [m.values[BASE[2]] for m in alone] == [m.values[BASE[2]] for m in both]


def test_braking_is_not_scaled_by_a_joint_that_speeds_up():
    i, j = BODY.index('left_arm_joint1'), BODY.index('left_arm_joint4')
    moving, _ = run(at(left_arm_joint1=-2.0), 5)
    here = moving[-1]
    assert here.rate[i] == pytest.approx(-0.5)
    target = here.values.copy()
    target[j] += 1.5
    after, _ = LIMITER.step(here, target, GO)
    # Joint 4 may take a twentieth of the change that it wants; joint 1 brakes as hard as it can.
    assert after.rate[i] == pytest.approx(-0.5 + LIMITS.acceleration[i] * DT)


def test_stop_brakes_every_joint_at_its_own_limit_and_rest_foretells_where():
    moving, _ = run(at(left_arm_joint1=-2.0, torso_joint4=1.0), 25)
    foretold = LIMITER.rest(moving[-1])
    stopped, _ = run(HOME, 60, moving[-1], STOP)
    assert_bounded(stopped)
    assert np.allclose(stopped[-1].values[JOINTS], foretold[JOINTS], atol=1e-9)
    assert np.allclose(stopped[-1].rate, 0.0)


def test_a_target_beyond_a_limit_ends_at_the_limit_with_a_flag():
    i = BODY.index('left_arm_joint5')
    motions, clips = run(at(left_arm_joint5=LIMITS.high[i] + 0.3), 100)
    assert motions[-1].values[i] == LIMITS.high[i]
    assert clips[-1][i] == Clip.POSITION
    assert not clips[-1][BODY.index('left_arm_joint1')]


def test_flags_name_the_limit_in_force():
    i = BODY.index('left_arm_joint1')
    _, clips = run(at(left_arm_joint1=HOME[i] - 2.0), 60)
    assert clips[0][i] == Clip.VELOCITY | Clip.ACCELERATION, 'starting: both are in the way'
    assert clips[40][i] == Clip.VELOCITY, 'cruising'
    assert not run(HOME, 1)[1][0].any(), 'nothing asked beyond a limit, nothing flagged'


def test_a_scale_lowers_the_speed_of_joints_only():
    motions, _ = run(at(left_arm_joint1=-2.0, base_vx=0.3), 60, scale=0.5)
    assert min(m.rate[0] for m in motions) == pytest.approx(-1.0)
    assert motions[-1].values[BASE[0]] == pytest.approx(0.3)


targets = st.lists(
    st.floats(-1e6, 1e6) | st.floats(-4.0, 4.0) | st.sampled_from([0.0, 5e-324, -0.0]),
    min_size=BODY.size,
    max_size=BODY.size,
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(targets, st.integers(1, 12), st.floats(0.0, 1.0)), max_size=8),
    st.integers(0, 2**32 - 1),
    st.sampled_from([None, 0.1, 1.0, 1e3]),
)
def test_no_sequence_of_finite_targets_leaves_the_limits(plan, seed, fast):
    random = np.random.default_rng(seed)
    motions = [still()]
    for target, count, scale in plan:
        stop = random.random(BODY.size) < 0.2
        pace = None if fast is None else fast * random.normal(size=BODY.size)
        more, _ = run(np.array(target), count, motions[-1], stop, scale, pace)
        motions += more[1:]
    assert_bounded(motions)


def test_a_joint_that_goes_along_with_its_target_still_stops_before_its_limit():
    i = BODY.index('left_arm_joint1')
    low, fast = LIMITS.low[i], LIMITS.velocity[i]
    motions, _ = run(at(left_arm_joint1=low), 400, pace=at(left_arm_joint1=-10.0 * fast))
    assert_bounded(motions)
    assert motions[-1].values[i] == pytest.approx(low, abs=1e-3)
    assert motions[-1].rate[i] == pytest.approx(0.0, abs=1e-3)


def test_the_body_has_every_sort_that_is_tested_here():
    assert {d.kind for d in BODY.dimensions} == set(Kind)
