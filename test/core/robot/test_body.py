# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The two robots that we describe, and the ids by which a body is recognised."""

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.body import Kind
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.kinematics import BodyKinematics

R1, PRO = load_body('r1'), load_body('r1pro')


def test_the_r1_has_the_order_of_the_hvd_data_sets():
    assert R1.size == 21
    assert R1.groups == ('base', 'torso', 'arm')
    assert R1.indices('base').tolist() == [7, 8, 9]
    assert R1.indices('torso').tolist() == [17, 18, 19, 20]
    assert R1.indices('arm').tolist() == [*range(7), *range(10, 17)]
    assert R1.index('left_gripper') == 6 and R1.index('right_gripper') == 16


def test_the_r1_pro_has_the_order_of_behavior_1k():
    assert PRO.size == 23
    assert PRO.indices('base').tolist() == [0, 1, 2]
    assert PRO.indices('torso').tolist() == [3, 4, 5, 6]
    assert PRO.indices('arm').tolist() == [*range(7, 23)]
    assert PRO.parts['left_arm'].tolist() == [*range(7, 14)]
    assert PRO.parts['right_arm'].tolist() == [*range(15, 22)]
    assert np.flatnonzero(PRO.mask(Kind.OPENING)).tolist() == [14, 22]


def test_the_r1_pro_has_no_kinematics_and_says_so():
    with pytest.raises(ConfigError, match='r1pro: the robot description names no URDF'):
        BodyKinematics(PRO)


def test_limits_of_the_r1_are_those_of_its_urdf_less_a_margin():
    i = R1.index('left_arm_joint2')
    assert (R1.limits.low[i], R1.limits.high[i]) == pytest.approx((0.02, 3.2289 - 0.02))
    i = R1.index('torso_joint3')
    assert (R1.limits.low[i], R1.limits.high[i]) == pytest.approx((-1.8126, 1.5508))
    i = R1.index('base_wz')
    assert (R1.limits.low[i], R1.limits.high[i]) == (-0.4, 0.4)
    assert R1.limits.velocity[i] == np.inf
    i = R1.index('right_gripper')
    assert (R1.limits.low[i], R1.limits.high[i]) == (0.0, 1.0)


def test_on_the_right_the_r1_pros_abduction_opens_the_other_way():
    one, two = PRO.index('left_arm_joint2'), PRO.index('right_arm_joint2')
    assert PRO.limits.low[two] == -PRO.limits.high[one]
    assert PRO.limits.high[two] == -PRO.limits.low[one]
    one, two = PRO.index('left_arm_joint1'), PRO.index('right_arm_joint1')
    assert PRO.limits.low[two] == PRO.limits.low[one]


def test_home_puts_the_hands_before_the_body():
    kinematics = BodyKinematics(R1)
    for side, y in (('left', 0.25), ('right', -0.25)):
        point = kinematics.pose(R1.pose('home'), f'{side}_gripping_point')[:3, 3]
        # base_link is 0.0415 m above the floor, the hands 0.95 m.
        np.testing.assert_allclose(point, (0.55, y, 0.95 - 0.0415), atol=0.01)
    room = np.minimum(R1.pose('home') - R1.limits.low, R1.limits.high - R1.pose('home'))
    assert room[R1.mask(Kind.POSITION)].min() > 0.7


def test_park_hangs_the_arms_beside_an_upright_body():
    kinematics = BodyKinematics(R1)
    for side in ('left', 'right'):
        hand = kinematics.pose(R1.pose('park'), f'{side}_gripper_link')
        shoulder = kinematics.pose(R1.pose('park'), f'{side}_arm_link1')
        assert hand[2, 3] < shoulder[2, 3] - 0.7
    np.testing.assert_array_equal(R1.pose('park')[R1.parts['torso']], 0)


def test_limits_and_poses_can_not_be_written_to():
    for values in (R1.limits.low, R1.limits.acceleration, R1.pose('home')):
        with pytest.raises(ValueError, match='read-only'):
            values[0] = 1.0


@pytest.mark.parametrize(
    ('ask', 'hint'),
    [
        (lambda: R1.index('left_arm_jiont1'), "did you mean 'left_arm_joint1'"),
        (lambda: R1.indices('arms'), "did you mean 'arm'"),
        (lambda: R1.pose('hoem'), "did you mean 'home'"),
    ],
)
def test_a_wrong_name_is_corrected(ask, hint):
    with pytest.raises(ConfigError, match=hint):
        ask()


def test_ids_are_what_they_were():
    # They stand in recorded data: if this fails, old recordings no longer match this robot.
    assert R1.layout_id == 0x3EF03579E13DA3C2
    assert PRO.layout_id == 0x8CF615BAD40FFF3A


def test_loading_twice_gives_the_same_ids():
    again = load_body('r1')
    assert (again.layout_id, again.limits_id) == (R1.layout_id, R1.limits_id)


def changed(i, **fields):
    dimensions = list(R1.dimensions)
    dimensions[i] = dataclasses.replace(dimensions[i], **fields)
    return dataclasses.replace(R1, dimensions=tuple(dimensions))


other = {
    'name': st.text(min_size=1, max_size=12),
    'group': st.sampled_from(R1.groups),
    'kind': st.sampled_from(list(Kind)),
    'unit': st.sampled_from(['rad', 'm', '1', 'm/s', 'rad/s']),
}


@given(st.integers(0, R1.size - 1), st.sampled_from(sorted(other)), st.data())
@settings(max_examples=60, deadline=None)
def test_any_change_of_name_kind_unit_or_group_changes_the_layout_alone(i, field, data):
    value = data.draw(other[field])
    body = changed(i, **{field: value})
    same = value == getattr(R1.dimensions[i], field)
    assert (body.layout_id == R1.layout_id) == same
    assert body.limits_id == R1.limits_id


@given(st.permutations(range(R1.size)))
@settings(max_examples=30, deadline=None)
def test_any_change_of_order_changes_the_layout(order):
    body = dataclasses.replace(R1, dimensions=tuple(R1.dimensions[i] for i in order))
    assert (body.layout_id == R1.layout_id) == (order == sorted(order))


def test_the_order_of_the_groups_and_a_missing_dimension_change_the_layout():
    turned = dataclasses.replace(R1, groups=R1.groups[::-1])
    shorter = dataclasses.replace(R1, dimensions=R1.dimensions[:-1])
    assert len({R1.layout_id, turned.layout_id, shorter.layout_id}) == 3


@given(
    st.sampled_from(['low', 'high', 'velocity', 'acceleration']),
    st.integers(0, R1.size - 1),
    st.floats(-10, 10),
)
@settings(max_examples=60, deadline=None)
def test_any_change_of_a_limit_changes_the_limits_alone(column, i, value):
    values = getattr(R1.limits, column).copy()
    same = values[i] == value
    values[i] = value
    body = dataclasses.replace(R1, limits=dataclasses.replace(R1.limits, **{column: values}))
    assert (body.limits_id == R1.limits_id) == same
    assert body.layout_id == R1.layout_id
