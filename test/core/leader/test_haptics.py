# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.errors import CommandRejected
from hvd_ros.core.leader.haptics import TORQUE_NM_PER_A, Haptics, HapticsConfig

LOW, HIGH = np.full(1, -2.0), np.full(1, 2.0)
NONE = np.zeros(1)
QUIET = HapticsConfig(
    stiffness_ma_per_rad=0.0, damping_ma_s_per_rad=0.0, gravity_gain=0.0, wall_ma_per_rad=0.0
)
INERTIA, MASS_G_L = 0.01, 0.15  # [kg m^2], [N m]: a pendulum about as heavy as a leader arm


def law(**changes):
    return Haptics(LOW, HIGH, dataclasses.replace(QUIET, **changes))


def swing(haptics, q, seconds=3.0, weight=0.0, step=1e-4):
    """Integrate a pendulum (weight: gravity torque at q = 0) and return energies and angles."""
    dq, energies, angles = 0.0, [], []
    k = haptics.config.stiffness_ma_per_rad * TORQUE_NM_PER_A / 1000.0
    for _ in range(int(seconds / step)):
        hold = np.array([weight * np.cos(q)])
        ma = haptics.current_ma(np.array([q]), np.array([dq]), NONE, hold)[0]
        torque = ma * TORQUE_NM_PER_A / 1000.0 - weight * np.cos(q)
        dq += torque / INERTIA * step
        q += dq * step
        energies.append(0.5 * INERTIA * dq**2 + 0.5 * k * q**2)
        angles.append(q)
    return np.array(energies), np.array(angles)


def test_damping_takes_energy_out_at_every_moment():
    energy, angle = swing(law(stiffness_ma_per_rad=300.0, damping_ma_s_per_rad=30.0), q=0.3)
    assert np.diff(energy).max() < 1e-7
    # Closed form: amplitude falls as exp(-d t / 2 I).
    d = 30.0 * TORQUE_NM_PER_A / 1000.0
    k = 300.0 * TORQUE_NM_PER_A / 1000.0
    omega = np.sqrt(k / INERTIA - (d / (2 * INERTIA)) ** 2)
    decay = d / (2 * INERTIA)
    t = np.arange(1, len(angle) + 1) * 1e-4
    exact = 0.3 * np.exp(-decay * t) * (np.cos(omega * t) + decay / omega * np.sin(omega * t))
    assert np.abs(angle - exact).max() < 2e-3


def test_without_damping_the_energy_stays():
    energy, _ = swing(law(stiffness_ma_per_rad=300.0), q=0.3)
    assert energy[-5000:].max() > 0.95 * energy[0]


def test_full_gravity_help_lets_a_pendulum_float():
    _, helped = swing(law(gravity_gain=1.0, limit_ma=1000.0), 0.4, 1.0, weight=MASS_G_L)
    _, alone = swing(law(), 0.4, 1.0, weight=MASS_G_L)
    assert np.abs(helped - 0.4).max() < 1e-9
    assert alone.min() < -1.0


def test_spring_pulls_towards_the_robot_but_never_harder_than_allowed():
    spring = law(stiffness_ma_per_rad=250.0, spring_limit_ma=100.0)
    for robot, want in ((0.1, 25.0), (-0.1, -25.0), (1.5, 100.0), (-1.5, -100.0)):
        got = spring.current_ma(NONE, NONE, np.array([robot]), NONE)[0]
        assert got == pytest.approx(want)


def test_wall_pushes_back_before_either_end():
    wall = law(wall_ma_per_rad=2000.0, wall_margin_rad=0.1)
    for q, want in ((1.85, 0.0), (1.95, -100.0), (2.05, -300.0), (-1.95, 100.0)):
        assert wall.current_ma(np.array([q]), NONE, NONE, NONE)[0] == pytest.approx(want)


@settings(max_examples=200, deadline=None)
@given(values=st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4))
def test_no_state_asks_for_more_than_the_limit(values):
    q, dq, robot, weight = (np.array([v]) for v in values)
    config = HapticsConfig()
    got = Haptics(LOW, HIGH, config).current_ma(q, dq, robot, weight)
    assert np.abs(got).max() <= config.limit_ma


@pytest.mark.parametrize('place', range(4))
@pytest.mark.parametrize('bad', [np.nan, np.inf])
def test_what_is_not_finite_is_refused(place, bad):
    inputs = [np.zeros(1) for _ in range(4)]
    inputs[place] = np.array([bad])
    config = HapticsConfig(spring_limit_ma=500.0)
    with pytest.raises(CommandRejected, match='go limp'):
        Haptics(LOW, HIGH, config).current_ma(*inputs)
