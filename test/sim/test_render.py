# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the twin's cameras see, against the pinhole formula and the robot's own kinematics."""

import math
import sys

import numpy as np
import pytest

mujoco = pytest.importorskip('mujoco')

from hvd_ros.core.errors import ContractMismatch, DeviceError  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.core.robot.kinematics import BodyKinematics, inverse  # noqa: E402
from hvd_ros.core.robot.urdf import rotation_from_rpy, transform  # noqa: E402
from hvd_ros.core.vision.mounts import OPTICAL_FRAMES, CameraMount, nominal_mounts  # noqa: E402
from hvd_ros.sim import render  # noqa: E402
from hvd_ros.sim.render import Renderer, quick  # noqa: E402
from hvd_ros.sim.robot import SimRobot  # noqa: E402
from hvd_ros.sim.studio import Studio  # noqa: E402
from hvd_ros.sim.views import View, add_cameras  # noqa: E402

BODY = load_body('r1')
VIEWS = (
    View('head', 320, 240, 70.0, 0.2, 5.0),
    View('left_wrist', 320, 240, 58.0, 0.1, 3.0),
    View('right_wrist', 320, 240, 58.0, 0.1, 3.0),
)
EYE = View('head', 160, 120, 60.0, 0.2, 5.0)
# A camera that looks nowhere in particular, on a link that stands nowhere in particular.
LINK = transform(np.array([0.3, -0.2, 1.1]), rotation_from_rpy(np.array([0.2, -0.4, 0.9])))
MOUNT = transform(np.array([0.1, 0.02, 0.05]), rotation_from_rpy(np.array([-1.7, 0.3, -1.2])))


def quaternion(rotation):
    quat = np.zeros(4)
    mujoco.mju_mat2Quat(quat, rotation.ravel())
    return quat


def shoot(view, **geom):
    """Draw one shape whose pose is given in the optical frame of a camera."""
    spec = mujoco.MjSpec()
    spec.stat.extent = 2.0
    spec.worldbody.add_light(pos=[0, 0, 3], castshadow=False)
    link = spec.worldbody.add_body(name='link', pos=LINK[:3, 3], quat=quaternion(LINK[:3, :3]))
    link.add_geom(size=[0.001] * 3, pos=[0, 0, -1], mass=1)
    pose = LINK @ MOUNT @ geom.pop('pose')
    spec.worldbody.add_geom(pos=pose[:3, 3], quat=quaternion(pose[:3, :3]), **geom)
    quick(spec)
    add_cameras(spec, [view], {'head': CameraMount('head', 'link', MOUNT)})
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    renderer = Renderer(model, [view])
    color = np.empty((view.height, view.width, 3), np.uint8)
    depth_mm = np.empty((view.height, view.width), np.uint16)
    renderer.draw(data, view, color, depth_mm)
    renderer.close()
    renderer.close()
    return color, depth_mm


@pytest.mark.parametrize(
    'place', [(0, 0, 1), (0.21, -0.13, 0.7), (-0.5, 0.43, 1.8), (0.9, 0.6, 4.9)]
)
def test_a_box_at_a_known_place_lands_where_the_pinhole_formula_says(place):
    half = 0.07
    color, depth_mm = shoot(
        EYE,
        pose=transform(np.array(place), np.eye(3)),
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[half] * 3,
        rgba=[1, 0, 0, 1],
    )
    eye, (x, y, z) = EYE.intrinsics, place
    front = z - half
    face = depth_mm == round(1000 * front)
    # A pixel shows the face if the ray through its centre meets it.
    columns = np.arange(eye.width)
    rows = np.arange(eye.height)[:, None]
    meets = (np.abs((columns - eye.cx) / eye.fx * front - x) < half) & (
        np.abs((rows - eye.cy) / eye.fy * front - y) < half
    )
    assert meets.sum() >= 9
    edge = np.abs(np.abs((columns - eye.cx) / eye.fx * front - x) - half) * eye.fx / front < 0.05
    edge = edge | (
        np.abs(np.abs((rows - eye.cy) / eye.fy * front - y) - half) * eye.fy / front < 0.05
    )
    np.testing.assert_array_equal(face[~edge], meets[~edge])
    red, green, blue = color[meets & ~edge].T.astype(int)
    assert (red > 60).all() and (red > 2 * green).all() and (red > 2 * blue).all()


def test_depth_of_a_tilted_plane_is_right_to_one_millimetre_in_every_pixel():
    """From 0.2 m to 5 m, and 0 outside of that."""
    tilt = rotation_from_rpy(np.array([math.pi + 0.9, 0.35, 0.0]))
    pose = transform(np.array([0.0, 0.0, 1.2]), tilt)
    _, depth_mm = shoot(
        EYE, pose=pose, type=mujoco.mjtGeom.mjGEOM_BOX, size=[40, 40, 1e-4], rgba=[1, 1, 1, 1]
    )
    eye, normal = EYE.intrinsics, tilt[:, 2]
    columns, rows = np.meshgrid(np.arange(eye.width), np.arange(eye.height))
    rays = np.stack(
        [(columns - eye.cx) / eye.fx, (rows - eye.cy) / eye.fy, np.ones(columns.shape)], axis=-1
    )
    z = normal @ (pose[:3, 3] + 1e-4 * normal) / (rays @ normal)
    inside = (z > 0.201) & (z < 4.999)
    assert inside.mean() > 0.5 and z[inside].min() < 0.9 and z[inside].max() > 4.9
    assert np.abs(depth_mm[inside] / 1000 - z[inside]).max() <= 0.001
    outside = (z < 0.199) | (z > 5.001)
    assert outside.sum() > 100 and (depth_mm[outside] == 0).all()


def test_what_is_nearer_than_a_camera_can_measure_has_no_depth_but_is_seen():
    color, depth_mm = shoot(
        EYE,
        pose=transform(np.array([0.0, 0.0, 0.15]), np.eye(3)),
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.3, 0.3, 0.01],
        rgba=[1, 0, 0, 1],
    )
    assert (depth_mm == 0).all() and (color[..., 0] > 60).all()


@pytest.fixture(scope='module')
def studio():
    studio = Studio(BODY, 'office', VIEWS)
    yield studio
    studio.close()


def stand(studio, pose, base=(0.0, 0.0, 0.0)):
    studio.place(SimRobot(BODY, pose, base, scene='office').data.qpos)


def frame(studio, camera):
    """Return world_from_optical as the model has it."""
    i = studio.model.camera(camera).id
    turn = studio.data.cam_xmat[i].reshape(3, 3) @ np.diag([1, -1, -1])
    return transform(studio.data.cam_xpos[i], turn)


def shot(studio, view):
    color = np.empty((view.height, view.width, 3), np.uint8)
    depth_mm = np.empty((view.height, view.width), np.uint16)
    studio.draw(view, color, depth_mm)
    return color, depth_mm


def seen(studio, view, points, within_m=0.03):
    """Return which points of the world lie in the picture and are what is seen there."""
    _, depth_mm = shot(studio, view)
    eye = view.intrinsics
    x, y, z = (inverse(frame(studio, view.camera)) @ np.c_[points, np.ones(len(points))].T)[:3]
    u, v = (
        np.rint(eye.fx * x / z + eye.cx).astype(int),
        np.rint(eye.fy * y / z + eye.cy).astype(int),
    )
    inside = (z > 0) & (u >= 0) & (v >= 0) & (u < eye.width) & (v < eye.height)
    found = np.zeros(len(points), bool)
    found[inside] = np.abs(depth_mm[v[inside], u[inside]] / 1000 - z[inside]) < within_m
    return found


@pytest.mark.parametrize('camera', OPTICAL_FRAMES)
@pytest.mark.parametrize('pose', ['home', 'park'])
def test_a_camera_sits_where_the_kinematics_say(studio, camera, pose):
    stand(studio, pose)
    kinematics = BodyKinematics(BODY)
    joints = dict(
        zip(kinematics.tree.joints, kinematics.joint_positions(BODY.pose(pose)), strict=True)
    )
    tree = kinematics.tree
    expected = tree.poses(joints)[tree.link(OPTICAL_FRAMES[camera])]
    base = transform(studio.data.body('base_link').xpos, np.eye(3))
    np.testing.assert_allclose(inverse(base) @ frame(studio, camera), expected, atol=1e-9)


def test_other_mounts_move_the_cameras(studio):
    """A calibration on the twin must have something to find."""
    bump = transform(np.array([0.01, -0.02, 0.005]), rotation_from_rpy(np.array([0, 0.05, 0])))
    drawn = nominal_mounts(BODY)['head']
    bumped = CameraMount('head', drawn.parent, drawn.parent_from_camera @ bump)
    other = Studio(BODY, 'office', VIEWS, nominal_mounts(BODY) | {'head': bumped})
    for each in (studio, other):
        stand(each, 'home')
    expected = frame(studio, 'head') @ bump
    np.testing.assert_allclose(frame(other, 'head'), expected, atol=1e-9)
    other.close()


def test_the_head_sees_the_whole_table_and_both_hands(studio):
    stand(studio, 'home')
    x, y = np.meshgrid(np.linspace(0.87, 1.53, 12), np.linspace(-0.5, 0.5, 12))
    table = np.c_[x.ravel(), y.ravel(), np.full(x.size, 0.72)]
    # The rest hides behind the things that lie there.
    assert seen(studio, VIEWS[0], table, within_m=0.01).mean() > 0.8
    hands = [studio.data.body(f'{s}_gripper_link').xpos.copy() for s in ('left', 'right')]
    # The frame lies inside the hand, whose skin is nearer.
    assert seen(studio, VIEWS[0], np.array(hands), within_m=0.08).all()


@pytest.mark.parametrize('pose', ['home', 'park'])
@pytest.mark.parametrize('view', VIEWS[1:], ids=lambda view: view.camera)
def test_a_wrist_camera_sees_past_its_fingers_open_and_closed(studio, pose, view):
    stand(studio, pose)
    _, depth_mm = shot(studio, view)
    near = depth_mm == 0
    assert near[: view.height // 2].mean() < 0.2 and near.mean() < 0.35
    # And what the fingers are about to close on, a hand's breadth before their tips.
    hand = studio.data.body(f'{view.camera[:-6]}_gripper_link')
    ahead = hand.xpos + hand.xmat.reshape(3, 3) @ np.array([0.2, 0.0, 0.0])
    x, y, z = (inverse(frame(studio, view.camera)) @ np.r_[ahead, 1])[:3]
    u, v = view.intrinsics.fx * x / z + view.intrinsics.cx, view.intrinsics.fy * y / z
    column, row = round(u), round(v + view.intrinsics.cy)
    assert 0 <= column < view.width and 0 <= row < view.height
    assert depth_mm[row, column] > 1000 * z - 50, 'a finger is in the way'


def test_what_is_left_out_of_a_picture_would_not_have_been_in_it(studio, monkeypatch):
    start, rng = SimRobot(BODY, 'home', scene='office').data.qpos.copy(), np.random.default_rng(0)
    groups, left_out = studio.model.geom_group.copy(), []
    nothing = np.zeros(groups.size, bool)
    for _ in range(6):
        qpos = start.copy()
        qpos[:2] += rng.uniform(-1, 1, 2)
        qpos[2] = rng.uniform(-math.pi, math.pi)
        qpos[3:21] += rng.normal(0, 0.4, 18)
        studio.place(qpos)
        for view in VIEWS:
            left_out.append(render.out_of_sight(studio.model, studio.data, view).mean())
            few = shot(studio, view)
            with monkeypatch.context() as all_of_them:
                all_of_them.setattr(render, 'out_of_sight', lambda *_: nothing)
                for one, other in zip(few, shot(studio, view), strict=True):
                    np.testing.assert_array_equal(one, other)
    assert np.mean(left_out) > 0.5
    np.testing.assert_array_equal(studio.model.geom_group, groups)


def test_a_state_of_another_scene_is_refused(studio):
    with pytest.raises(ContractMismatch, match='restart sim_robot and sim_cameras'):
        studio.place(np.zeros(23))


def test_a_machine_that_can_not_draw_says_what_to_install(monkeypatch):
    monkeypatch.setenv('MUJOCO_GL', 'egl')
    monkeypatch.setitem(sys.modules, 'mujoco.egl', None)
    with pytest.raises(DeviceError, match='libegl1.*MUJOCO_GL=osmesa'):
        Studio(BODY, 'floor', VIEWS)
