# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pinned: the faults of the published mapping, each mended."""

from dataclasses import replace
import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.leader.buttons import BUTTONS, Action
from hvd_ros.core.leader.motors import LEADER_JOINTS
from hvd_ros.core.leader.teleop import Teleop, TeleopConfig, TeleopInput
from hvd_ros.core.robot.description import load_body

BODY = load_body('r1')
JOINTS = tuple(joint.name for joint in LEADER_JOINTS)
ARMS = np.array([BODY.index(name) for name in JOINTS])
HOME = BODY.pose('home')
PLAIN = TeleopConfig(arm_filter_s=0.0, stick_filter_s=0.0)
REST = TeleopInput(
    dt_s=0.01,
    engaged=True,
    arms=HOME[ARMS],
    pressed=frozenset(),
    events=frozenset(),
    left_stick=(0.0, 0.0),
    right_stick=(0.0, 0.0),
    measured=HOME,
)
IDLE = replace(REST, engaged=False)


def teleop(config=PLAIN, body=BODY):
    mapping = Teleop(body, JOINTS, config)
    mapping.step(replace(IDLE))
    return mapping


def base(values):
    return [values[BODY.index(name)] for name in ('base_vx', 'base_vy', 'base_wz')]


def test_a_leader_at_home_asks_for_home():
    np.testing.assert_allclose(teleop().step(REST), HOME, atol=1e-12)


def test_stick_directions_and_maxima():
    top = {name: BODY.limits.high[BODY.index(name)] for name in BODY.names}
    forward = teleop().step(replace(REST, left_stick=(0.0, 1.0)))
    assert base(forward) == [top['base_vx'], 0.0, 0.0]
    right = teleop().step(replace(REST, left_stick=(1.0, 0.0)))
    assert base(right) == [0.0, -top['base_vy'], 0.0]


def test_maxima_of_x_and_y_are_not_swapped():
    high = BODY.limits.high.copy()
    high[BODY.index('base_vx')], high[BODY.index('base_vy')] = 0.5, 0.2
    body = replace(BODY, limits=replace(BODY.limits, high=high))
    values = teleop(body=body).step(replace(REST, left_stick=(-1.0, 1.0)))
    assert base(values) == [0.5, 0.2, 0.0]


def test_a_pressed_stick_turns_and_does_not_drive():
    mapping = teleop(replace(PLAIN, stick_filter_s=0.1))
    for _ in range(20):
        driving = mapping.step(replace(REST, left_stick=(0.7, 0.7)))
    assert driving[BODY.index('base_vx')] > 0
    turning = mapping.step(replace(REST, left_stick=(0.7, 0.7), pressed=frozenset({'LStick'})))
    vx, vy, wz = base(turning)
    assert (vx, vy) == (0.0, 0.0)
    assert wz < 0


def test_a_base_that_is_let_go_comes_to_rest():
    mapping = teleop(replace(PLAIN, stick_filter_s=0.03))
    mapping.step(replace(REST, left_stick=(0.0, 1.0)))
    for _ in range(30):
        values = mapping.step(REST)
    assert base(values) == [0.0, 0.0, 0.0]


def test_an_unengaged_base_is_zero_in_the_same_tick():
    mapping = teleop(replace(PLAIN, stick_filter_s=0.5))
    for _ in range(100):
        mapping.step(replace(REST, left_stick=(0.0, 1.0)))
    assert base(mapping.step(replace(IDLE, left_stick=(0.0, 1.0)))) == [0.0, 0.0, 0.0]


@pytest.mark.parametrize('rate_hz', [50, 100, 400])
def test_the_stick_filter_is_the_closed_form_at_any_rate(rate_hz):
    mapping = teleop(replace(PLAIN, stick_filter_s=0.1))
    for _ in range(rate_hz // 5):
        values = mapping.step(replace(REST, dt_s=1 / rate_hz, left_stick=(0.0, 1.0)))
    expected = BODY.limits.high[BODY.index('base_vx')] * (1 - math.exp(-0.2 / 0.1))
    assert base(values)[0] == pytest.approx(expected, rel=1e-9)


def test_arms_start_where_the_leader_is_not_where_it_was():
    mapping = teleop(replace(PLAIN, arm_filter_s=1.0))
    mapping.step(REST)
    mapping.step(replace(IDLE, arms=None))
    moved = HOME[ARMS] + 0.2
    np.testing.assert_allclose(mapping.step(replace(IDLE, arms=moved))[ARMS], moved)


def test_an_unheard_leader_holds_the_last_pose():
    mapping = teleop()
    mapping.step(REST)
    np.testing.assert_array_equal(mapping.step(replace(IDLE, arms=None))[ARMS], HOME[ARMS])


@pytest.mark.parametrize('side', ['left', 'right'])
def test_a_trigger_toggles_once_per_press(side):
    button = {'left': 'ZL', 'right': 'ZR'}[side]
    action = {'left': Action.GRIP_LEFT, 'right': Action.GRIP_RIGHT}[side]
    mapping, i = teleop(), BODY.index(f'{side}_gripper')
    assert mapping.step(REST)[i] == 1.0
    press = replace(REST, pressed=frozenset({button}), events=frozenset({action}))
    assert mapping.step(press)[i] == 0.0
    for _ in range(200):
        assert mapping.step(replace(press, events=frozenset()))[i] == 0.0
    assert mapping.step(press)[i] == 1.0


def test_a_trigger_of_a_disengaged_operator_does_nothing():
    mapping = teleop()
    idle_press = replace(IDLE, pressed=frozenset({'ZL'}), events=frozenset({Action.GRIP_LEFT}))
    mapping.step(idle_press)
    assert mapping.step(REST)[BODY.index('left_gripper')] == 1.0


def test_the_ramp_moves_while_held_and_turns_around_with_each_press():
    mapping, i = teleop(replace(PLAIN, gripper='ramp')), BODY.index('left_gripper')
    press = replace(REST, pressed=frozenset({'ZL'}), events=frozenset({Action.GRIP_LEFT}))
    hold = replace(press, events=frozenset())
    values = [mapping.step(press)[i], *(mapping.step(hold)[i] for _ in range(49))]
    assert values[-1] == pytest.approx(0.5)
    assert mapping.step(REST)[i] == pytest.approx(0.5)
    assert mapping.step(press)[i] == pytest.approx(0.51)


def test_a_gripper_that_holds_something_stays_closed_at_takeover():
    holding = HOME.copy()
    holding[BODY.index('left_gripper')] = 0.3
    mapping = Teleop(BODY, JOINTS, PLAIN)
    mapping.step(replace(IDLE, measured=holding))
    assert mapping.step(replace(REST, measured=holding))[BODY.index('left_gripper')] == 0.0


def torso(values):
    return values[BODY.indices('torso')]


def test_the_clutch_does_not_ratchet_the_torso_down():
    mapping = teleop()
    sagged = HOME.copy()
    sagged[BODY.indices('torso')] += [0.04, -0.04, 0.02, 0.0]
    for _ in range(50):
        mapping.step(replace(REST, measured=sagged))
        mapping.step(replace(IDLE, measured=sagged))
    np.testing.assert_array_equal(torso(mapping.step(REST)), torso(HOME))


def test_a_torso_that_was_moved_by_another_is_taken_over_where_it_stands():
    mapping = teleop()
    mapping.step(REST)
    park = BODY.pose('park')
    mapping.step(replace(IDLE, measured=park))
    np.testing.assert_array_equal(torso(mapping.step(replace(REST, measured=park))), torso(park))


def test_forget_takes_over_even_a_small_move():
    mapping = teleop()
    mapping.step(REST)
    near = HOME + 0.01
    mapping.forget()
    mapping.step(replace(IDLE, measured=near))
    np.testing.assert_allclose(torso(mapping.step(replace(REST, measured=near))), torso(near))


def test_lean_and_turn_follow_the_right_stick():
    mapping = teleop()
    values = mapping.step(replace(REST, right_stick=(1.0, 1.0)))
    delta = torso(values) - torso(HOME)
    assert delta[2] < 0  # up leans forward
    assert delta[3] < 0  # right turns right
    assert list(delta[:2]) == [0.0, 0.0]


def test_a_stall_does_not_make_the_torso_jump():
    values = teleop().step(replace(REST, dt_s=30.0, right_stick=(0.0, 1.0)))
    assert np.abs(torso(values) - torso(HOME)).max() <= 0.4 * 0.05 + 1e-12


numbers = st.floats(-1e6, 1e6)


@settings(max_examples=100)
@given(
    st.lists(
        st.builds(
            TeleopInput,
            dt_s=st.floats(0, 10),
            engaged=st.booleans(),
            arms=st.none() | st.builds(lambda x: np.full(12, x), numbers),
            pressed=st.frozensets(st.sampled_from(BUTTONS)),
            events=st.frozensets(st.sampled_from(Action)),
            left_stick=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
            right_stick=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
            measured=st.builds(lambda x: HOME + x, st.just(math.nan) | numbers),
        ),
        max_size=8,
    ),
    st.sampled_from(['toggle', 'ramp']),
)
def test_the_target_is_always_finite_inside_the_limits_and_never_drives_and_turns(steps, grip):
    mapping = Teleop(BODY, JOINTS, TeleopConfig(gripper=grip))
    for seen in steps:
        values = mapping.step(seen)
        assert values.shape == (BODY.size,)
        assert np.isfinite(values).all()
        assert (values >= BODY.limits.low).all()
        assert (values <= BODY.limits.high).all()
        vx, vy, wz = base(values)
        assert wz == 0.0 or vx == vy == 0.0
        if not seen.engaged:
            assert [vx, vy, wz] == [0.0, 0.0, 0.0]


def shorter(names):
    keep = [i for i, d in enumerate(BODY.dimensions) if d.name not in names]
    pick = {f: getattr(BODY.limits, f)[keep] for f in ('low', 'high', 'velocity', 'acceleration')}
    return replace(
        BODY,
        name='other',
        dimensions=tuple(BODY.dimensions[i] for i in keep),
        limits=replace(BODY.limits, **pick),
    )


def test_a_body_without_a_needed_dimension_is_refused():
    with pytest.raises(ContractMismatch, match="other: the JoyLo commands 'torso_joint4'"):
        Teleop(shorter({'torso_joint4'}), JOINTS)


def test_a_body_with_a_dimension_nobody_commands_is_refused():
    with pytest.raises(ContractMismatch, match="nothing on a JoyLo commands 'left_arm_joint6'"):
        Teleop(BODY, tuple(name for name in JOINTS if name != 'left_arm_joint6'))


def test_values_of_joints_are_in_units_of_the_command():
    values = BODY.values_of({'left_gripper_finger_joint1': 0.025, 'torso_joint4': 0.5})
    assert values[BODY.index('left_gripper')] == pytest.approx(0.5)
    assert values[BODY.index('torso_joint4')] == 0.5
    assert math.isnan(values[BODY.index('base_vx')])
