# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Forward kinematics: published values of the robot, pinocchio on random postures, speed."""

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.kinematics import BodyKinematics, Kinematics, inverse, quaternion_xyzw
from hvd_ros.core.share import share_file

URDF = share_file('urdf', 'r1.urdf')
LINKS = ('torso_link4', 'left_gripper_link', 'right_gripper_link')
UNIT = (0, 0, 0, 1)
NEUTRAL = [1.56, 2.94, -2.54, 0, 0, 0]


def arms(left, right):
    names = [f'{side}_arm_joint{i}' for side in ('left', 'right') for i in range(1, 7)]
    return dict(zip(names, [*left, *right], strict=True))


def torso(*q):
    return {f'torso_joint{i}': value for i, value in enumerate(q, 1)}


# Positions and quaternions (xyzw) in base_link, worked out from the vendor's tree.
GOLDEN = {
    'zero': (
        {},
        [(-0.0328, 0, 1.1006), (0.0533, 0.3377, 1.4035), (0.0533, -0.3377, 1.4035)],
        [UNIT, UNIT, UNIT],
    ),
    'neutral arms': (
        arms(NEUTRAL, [-NEUTRAL[0], *NEUTRAL[1:]]),
        [(-0.0328, 0, 1.1006), (-0.0248, 0.1928, 0.6287), (-0.0248, -0.1928, 0.6287)],
        [UNIT, (-0.1397, 0.6893, -0.1412, 0.6967), (0.1397, 0.6893, 0.1412, 0.6967)],
    ),
    'level squat': (
        torso(1.74, -2.70, -0.96, 0),
        [(0.1157, 0, 0.5053), (0.2019, 0.3377, 0.8082), (0.2019, -0.3377, 0.8082)],
        [UNIT, UNIT, UNIT],
    ),
    'all joints': (
        torso(0.5, -0.8, -0.3, 0.4)
        | arms([0.3, 1.2, -1, 0.4, -0.5, 0.6], [-0.3, 1.2, -1, -0.4, 0.5, -0.6]),
        [(0.0703, 0, 1.0383), (0.1511, 0.6170, 1.3186), (0.5691, -0.3719, 1.3186)],
        [
            (0, 0, 0.1987, 0.9801),
            (0.4473, -0.0739, 0.0528, 0.8898),
            (-0.3832, -0.2422, 0.2979, 0.8401),
        ],
    ),
}


@pytest.fixture(scope='module')
def kinematics():
    return Kinematics(URDF)


@pytest.mark.parametrize('config', GOLDEN)
def test_published_poses_are_met_to_a_tenth_of_a_millimetre(kinematics, config):
    q, positions, quaternions = GOLDEN[config]
    poses = kinematics.poses(q)
    for name, position, quaternion in zip(LINKS, positions, quaternions, strict=True):
        pose = poses[kinematics.link(name)]
        np.testing.assert_allclose(pose[:3, 3], position, atol=1e-4)
        np.testing.assert_allclose(quaternion_xyzw(pose[:3, :3]), quaternion, atol=1e-4)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_every_link_agrees_with_pinocchio(seed):
    pin = pytest.importorskip('pinocchio')
    ours, model = Kinematics(URDF), pin.buildModelFromUrdf(str(URDF), mimic=True)
    rng = np.random.default_rng(seed)
    free = {name: rng.uniform(-3, 3) for name in ours.joints}
    q = pin.neutral(model)
    for name, value in free.items():
        joint = model.joints[model.getJointId(name)]
        # A continuous joint is a point of the unit circle there.
        q[joint.idx_q : joint.idx_q + joint.nq] = (
            value if joint.nq == 1 else (np.cos(value), np.sin(value))
        )
    data = model.createData()
    pin.framesForwardKinematics(model, data, q)
    poses = ours.poses(free)
    for row, name in enumerate(ours.links):
        expected = data.oMf[model.getFrameId(name)].homogeneous
        np.testing.assert_allclose(poses[row], expected, atol=1e-9, err_msg=name)


def test_body_values_become_joint_positions():
    body = load_body('r1')
    kinematics = BodyKinematics(body)
    values = np.arange(1.0, body.size + 1)
    free = dict(zip(kinematics.tree.joints, kinematics.joint_positions(values), strict=True))
    assert free['left_arm_joint3'] == values[body.index('left_arm_joint3')]
    assert free['torso_joint4'] == values[body.index('torso_joint4')]
    opening = values[body.index('left_gripper')]
    assert free['left_gripper_finger_joint1'] == pytest.approx(0.05 * opening)
    assert free['wheel_motor_joint1'] == 0


def test_an_open_gripper_is_ten_centimetres_wide():
    body = load_body('r1')
    kinematics = BodyKinematics(body)
    values = body.pose('park').copy()

    def width(side):
        poses = kinematics.poses(values)
        one, two = (f'{side}_gripper_finger_link{i}' for i in (1, 2))
        return abs(kinematics.tree.a_from_b(poses, one, two)[1, 3])

    for side in ('left', 'right'):
        closed = width(side)
        values[body.index(f'{side}_gripper')] = 1.0
        assert width(side) - closed == pytest.approx(0.1)


def test_a_from_b_and_its_inverse(kinematics):
    q = GOLDEN['all joints'][0]
    poses = kinematics.poses(q)
    a_from_b = kinematics.a_from_b(poses, 'torso_link4', 'left_gripper_link')
    b_from_a = kinematics.a_from_b(poses, 'left_gripper_link', 'torso_link4')
    np.testing.assert_allclose(a_from_b @ b_from_a, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(inverse(a_from_b), b_from_a, atol=1e-12)


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4))
@settings(max_examples=50, deadline=None)
def test_quaternions_turn_back_into_the_same_rotation(raw):
    pin = pytest.importorskip('pinocchio')
    q = np.array(raw) + (0, 0, 0, 1e-3)
    q /= np.linalg.norm(q)
    found = quaternion_xyzw(pin.Quaternion(q).toRotationMatrix())
    np.testing.assert_allclose(np.abs(found @ q), 1, atol=1e-12)


def test_unknown_names_are_corrected(kinematics):
    with pytest.raises(ConfigError, match="did you mean 'torso_link4'"):
        kinematics.link('torso_lnik4')
    with pytest.raises(ConfigError, match="did you mean 'left_arm_joint1'"):
        kinematics.poses({'left_arm_jiont1': 0.0})


def test_a_robot_without_a_urdf_says_so():
    body = dataclasses.replace(load_body('r1'), urdf=None)
    with pytest.raises(ConfigError, match='names no URDF'):
        BodyKinematics(body)


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('<robot', 'not readable as URDF'),
        ('<robot name="a"><link name="x"/><link name="y"/></robot>', 'root link, this one has'),
        (
            '<robot name="a"><link name="x"/><joint name="j" type="fixed"><parent link="x"/>'
            '<child link="z"/></joint></robot>',
            "'j' names an unknown link 'z'",
        ),
        (
            '<robot name="a"><link name="x"/><link name="y"/><joint name="j" type="revolute">'
            '<parent link="x"/><child link="y"/><mimic joint="k"/></joint></robot>',
            "copies an unknown 'k'",
        ),
        ('<robot name="a"><link name="x"><inertial/></link></robot>', 'lacks <inertia>'),
        (
            '<robot name="a"><link name="x"><visual><geometry><mesh/></geometry></visual></link>'
            '</robot>',
            'shapes are not supported',
        ),
    ],
)
def test_a_damaged_urdf_is_named(tmp_path, text, words):
    path = tmp_path / 'bad.urdf'
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as error:
        Kinematics(path)
    assert str(path) in str(error.value)


def test_links_in_a_loop_are_named(tmp_path):
    pair = '<joint name="{0}" type="fixed"><parent link="{1}"/><child link="{2}"/></joint>'
    joints = pair.format('a', 'y', 'z') + pair.format('b', 'z', 'y')
    path = tmp_path / 'loop.urdf'
    path.write_text(
        f'<robot name="r"><link name="x"/><link name="y"/><link name="z"/>{joints}</robot>'
    )
    with pytest.raises(ConfigError, match='hang in a loop'):
        Kinematics(path)
