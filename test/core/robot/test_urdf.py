# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The R1's URDF: generated, accepted by foreign parsers, physically possible, mirrored."""

import importlib
import shutil
import subprocess

import numpy as np
import pytest

from hvd_ros.core.robot.kinematics import Kinematics
from hvd_ros.core.robot.urdf import read_urdf
from hvd_ros.core.share import share_file

URDF = share_file('urdf', 'r1.urdf')
ROBOT = read_urdf(URDF)
LEFT = [name for name in ROBOT.links if name.startswith('left_')]


@pytest.fixture
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(URDF.parent))
    return importlib.import_module


def test_the_committed_urdf_is_what_the_script_writes(scripts):
    assert URDF.read_text(encoding='utf-8') == scripts('generate_r1').generate()


def test_the_committed_spheres_are_what_the_script_writes(scripts):
    committed = share_file('config', 'robots', 'r1_spheres.yaml').read_text(encoding='utf-8')
    assert committed == scripts('generate_spheres').generate()


def test_check_urdf_finds_nothing():
    tool = shutil.which('check_urdf')
    if tool is None:
        pytest.skip('check_urdf (liburdfdom-tools) is not installed')
    done = subprocess.run([tool, URDF], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 'Successfully Parsed' in done.stdout
    said = (done.stdout + done.stderr).lower()
    assert 'error' not in said and 'warn' not in said


def test_mujoco_loads_the_file_itself():
    mujoco = pytest.importorskip('mujoco')
    model = mujoco.MjModel.from_xml_path(str(URDF))
    # 6 wheel and steering joints, 4 torso, 12 arm, 4 fingers.
    assert model.nq == 26
    moving = sum(link.inertial.mass for link in ROBOT.links.values() if link.inertial)
    # MuJoCo welds the root link to the world and drops its mass.
    assert model.body_mass.sum() == pytest.approx(
        moving - ROBOT.links['base_link'].inertial.mass, abs=1e-6
    )


def test_the_robot_weighs_what_the_vendor_says():
    total = sum(link.inertial.mass for link in ROBOT.links.values() if link.inertial)
    assert total == pytest.approx(102.1, abs=0.5)


@pytest.mark.parametrize('name', [n for n, link in ROBOT.links.items() if link.inertial])
def test_an_inertia_is_that_of_a_real_solid(name):
    inertial = ROBOT.links[name].inertial
    principal = np.linalg.eigvalsh(inertial.inertia)
    assert inertial.mass > 0 and np.all(principal > 0)
    # No axis can have more inertia than the two others together.
    assert principal[2] <= principal[0] + principal[1]


@pytest.mark.parametrize('name', LEFT)
def test_the_right_side_is_the_left_one_in_a_mirror(name):
    left, right = ROBOT.links[name], ROBOT.links[name.replace('left', 'right')]
    flip = np.diag([1.0, -1.0, 1.0])
    if left.inertial:
        np.testing.assert_allclose(right.inertial.com, flip @ left.inertial.com, atol=1e-9)
        mirrored = flip @ left.inertial.inertia @ flip
        np.testing.assert_allclose(right.inertial.inertia, mirrored, atol=1e-12)
    assert [s.size for s in left.collisions] == [s.size for s in right.collisions]
    for one, two in zip(left.visuals, right.visuals, strict=True):
        mirrored = flip @ one.link_from_shape[:3, 3]
        np.testing.assert_allclose(two.link_from_shape[:3, 3], mirrored, atol=1e-9)


# Edges of the vendor's meshes along x, y, z of our link axes.
MESHES = {
    'torso_link1': (0.125, 0.177, 0.525),
    'torso_link2': (0.125, 0.183, 0.425),
    'torso_link3': (0.126, 0.127, 0.187),
    'left_arm_link2': (0.432, 0.106, 0.088),
    'left_arm_link3': (0.275, 0.137, 0.094),
    'left_arm_link4': (0.070, 0.063, 0.062),
    'left_arm_link5': (0.103, 0.060, 0.067),
    'left_gripper_link': (0.060, 0.108, 0.077),
    'left_gripper_finger_link1': (0.092, 0.037, 0.070),
}


@pytest.mark.parametrize('name', MESHES)
def test_primitives_fill_the_boxes_of_the_vendors_meshes(name):
    corners = np.vstack([bounds(shape) for shape in ROBOT.links[name].collisions])
    edges = corners.max(axis=0) - corners.min(axis=0)
    np.testing.assert_allclose(edges, MESHES[name], atol=0.025)


def bounds(shape):
    if shape.kind == 'cylinder':
        half = np.array([shape.size[0], shape.size[0], shape.size[1] / 2])
    else:
        half = np.array(shape.size) / 2
    reach = np.abs(shape.link_from_shape[:3, :3]) @ half
    return shape.link_from_shape[:3, 3] + [-reach, reach]


def test_fingers_mirror_each_other():
    joints = {j.name: j for j in ROBOT.joints}
    for side in ('left', 'right'):
        assert joints[f'{side}_gripper_finger_joint2'].mimic == f'{side}_gripper_finger_joint1'


@pytest.mark.parametrize(
    ('frame', 'down_degrees'),
    [
        ('zed_left_camera_optical_frame', 20),
        ('left_realsense_color_optical_frame', 25),
        ('right_realsense_color_optical_frame', 25),
    ],
)
def test_an_optical_frame_looks_ahead_along_z_with_x_to_the_right(frame, down_degrees):
    kinematics = Kinematics(URDF)
    axes = kinematics.poses({})[kinematics.link(frame)][:3, :3]
    down = np.deg2rad(down_degrees)
    np.testing.assert_allclose(axes[:, 2], [np.cos(down), 0, -np.sin(down)], atol=0.01)
    np.testing.assert_allclose(axes[:, 0], [0, -1, 0], atol=0.01)


def test_the_camera_frame_and_its_optical_frame_differ_by_the_standard_turn():
    kinematics = Kinematics(URDF)
    camera_from_optical = kinematics.a_from_b(
        kinematics.poses({}), 'zed_left_camera_frame', 'zed_left_camera_optical_frame'
    )
    standard = [[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]]
    np.testing.assert_allclose(camera_from_optical, standard, atol=1e-5)
