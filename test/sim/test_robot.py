# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated robot against closed forms, its own kinematics and the vendor's habits."""

import math

import numpy as np
import pytest

mujoco = pytest.importorskip('mujoco')

from hvd_ros.core.errors import CommandRejected, ConfigError  # noqa: E402
from hvd_ros.core.robot import swerve  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.core.robot.kinematics import BodyKinematics  # noqa: E402
from hvd_ros.sim.robot import SimRobot, SimulationBroken  # noqa: E402
from hvd_ros.sim.robot_model import FLOOR_BELOW_BASE_M, WORLD_BITS, build  # noqa: E402

BODY = load_body('r1')
TICK_S = 0.01


@pytest.fixture
def robot():
    return SimRobot(BODY)


def part(pose, name):
    return BODY.pose(pose)[BODY.parts[name]]


def drive(robot, twist, seconds, accelerations=(1.0, 1.0, 1.5)):
    robot.set_base_acceleration_limit(*accelerations)
    robot.set_base_target(*twist)
    for _ in range(round(seconds / TICK_S)):
        robot.step(TICK_S)


def test_the_chassis_covers_speed_times_time_between_two_rests(robot):
    drive(robot, (0.3, 0.0, 0.0), 2.0)
    assert robot.base_twist == pytest.approx((0.3, 0, 0), abs=1e-3)
    drive(robot, (0.0, 0.0, 0.0), 1.0)
    # Ramps up and down at 1 m/s^2 are alike, so the area is 0.3 m/s for 2 s.
    x, y, yaw = robot.base_pose
    assert (x, y, yaw) == pytest.approx((0.6, 0, 0), abs=1e-3)
    assert robot.base_twist == pytest.approx((0, 0, 0), abs=1e-6)


def test_sideways_and_turning_follow_the_body_axes(robot):
    drive(robot, (0.0, 0.0, 0.4), 2.0)
    drive(robot, (0.0, 0.0, 0.0), 1.0)
    assert robot.base_pose[2] == pytest.approx(0.8, abs=2e-3)
    start, yaw = np.array(robot.base_pose[:2]), robot.base_pose[2]
    drive(robot, (0.0, 0.2, 0.0), 1.0)
    drive(robot, (0.0, 0.0, 0.0), 1.0)
    moved = np.array(robot.base_pose[:2]) - start
    np.testing.assert_allclose(moved, 0.2 * np.array([-math.sin(yaw), math.cos(yaw)]), atol=2e-3)


def test_the_chassis_repeats_its_last_target_for_ever(robot):
    drive(robot, (0.3, 0.0, 0.0), 5.0)
    assert robot.base_twist[0] == pytest.approx(0.3, abs=1e-3)
    assert robot.base_pose[0] == pytest.approx(0.3 * 5 - 0.3**2 / 2, abs=0.01)


def test_the_chassis_stands_until_it_was_given_an_acceleration_limit(robot):
    robot.set_base_target(0.3, 0.0, 0.4)
    for _ in range(50):
        robot.step(TICK_S)
    assert robot.base_pose == pytest.approx((0, 0, 0), abs=1e-9)


def test_the_chassis_respects_its_acceleration_limit(robot):
    drive(robot, (0.3, 0.0, 0.0), 0.1, accelerations=(1.0, 1.0, 1.0))
    assert 0.05 < robot.base_twist[0] <= 0.1


def test_wheel_odometry_finds_the_true_path_of_a_curve(robot):
    pose = (0.0, 0.0, 0.0)
    robot.set_base_acceleration_limit(1.0, 1.0, 1.5)
    for i in range(400):
        robot.set_base_target(0.3, 0.1, 0.3 if i < 200 else -0.2)
        robot.step(TICK_S)
        pose = swerve.integrate(*pose, swerve.forward(*robot.wheels()), TICK_S)
    np.testing.assert_allclose(pose[:2], robot.base_pose[:2], atol=0.02)
    assert pose[2] == pytest.approx(robot.base_pose[2], abs=0.02)


def test_a_wheel_at_rest_keeps_its_steering_angle(robot):
    drive(robot, (0.0, 0.2, 0.0), 1.0)
    turned = robot.wheels()[0]
    drive(robot, (0.0, 0.0, 0.0), 1.0)
    np.testing.assert_array_equal(robot.wheels()[0], turned)
    np.testing.assert_allclose(np.abs(turned), math.pi / 2)


def test_a_streamed_target_is_reached(robot):
    for _ in range(300):
        robot.set_arm_target('left', part('home', 'left_arm'))
        robot.set_arm_target('right', part('home', 'right_arm'))
        robot.set_torso_target(part('home', 'torso'))
        robot.step(TICK_S)
    for side in ('left', 'right'):
        reached = robot.arm(side).position[:6]
        np.testing.assert_allclose(reached, part('home', f'{side}_arm'), atol=2e-3)
    np.testing.assert_allclose(robot.torso().position, part('home', 'torso'), atol=2e-3)


def test_a_joint_runs_no_faster_than_the_vendors_tracker(robot):
    start = robot.arm('left').position[:6]
    goal = start - [1.5, 0, 0, 0, 0, 0]
    for _ in range(25):
        robot.set_arm_target('left', goal)
        robot.step(TICK_S)
    # 3 rad/s for 0.25 s, less the servo's lag.
    assert 0.6 < start[0] - robot.arm('left').position[0] <= 0.75 + 1e-6


def test_arms_and_torso_stop_where_they_are_when_the_stream_stops(robot):
    for _ in range(10):
        robot.set_arm_target('left', part('park', 'left_arm') - [2.5, 0, 0, 0, 0, 0])
        robot.set_torso_target([0.9, 0.0, 0.0, 0.0])
        robot.step(TICK_S)
    for _ in range(100):
        robot.step(TICK_S)
    arm, torso = robot.arm('left').position[0], robot.torso().position[0]
    # The last target came at 0.09 s, and 0.2 s later patience ended: far from 2.5 and 0.9 rad.
    assert part('park', 'left_arm')[0] - arm == pytest.approx(3.0 * 0.29, abs=0.005)
    assert torso == pytest.approx(1.5 * 0.29, abs=0.005)
    assert np.abs(robot.arm('left').velocity).max() < 1e-2


@pytest.mark.parametrize('stroke_mm', [0.0, 37.5, 100.0])
def test_a_gripper_opens_to_its_stroke(robot, stroke_mm):
    for _ in range(100):
        robot.set_gripper_stroke('right', stroke_mm)
        robot.step(TICK_S)
    assert robot.gripper('right').position == pytest.approx([stroke_mm], abs=0.2)
    assert robot.arm('right').position[6] == robot.gripper('right').position[0]
    assert robot.gripper('left').position == pytest.approx([0.0], abs=0.2)


def test_an_impossible_stroke_ends_at_the_stop(robot):
    for _ in range(100):
        robot.set_gripper_stroke('left', 500.0)
        robot.step(TICK_S)
    assert robot.gripper('left').position == pytest.approx([100.0], abs=0.2)
    for _ in range(10):
        robot.set_gripper_stroke('left', 0.0)
        robot.step(TICK_S)
    # It comes back at once: the set point did not run on behind the stop. 500 mm/s for 0.1 s.
    assert robot.gripper('left').position == pytest.approx([50.0], abs=15.0)


def test_the_start_is_the_pose_that_was_asked_for():
    robot = SimRobot(BODY, start='home', base_pose=(1.0, -2.0, 0.5))
    assert robot.base_pose == (1.0, -2.0, 0.5)
    np.testing.assert_allclose(robot.arm('left').position[:6], part('home', 'left_arm'))
    assert robot.gripper('left').position == pytest.approx([100.0])
    for _ in range(200):
        robot.step(TICK_S)
    # Nothing sags and nothing drifts without a target.
    assert robot.base_pose == pytest.approx((1.0, -2.0, 0.5), abs=1e-6)
    np.testing.assert_allclose(robot.torso().position, part('home', 'torso'), atol=1e-4)


def test_a_raised_arm_reports_the_torque_that_holds_it():
    robot = SimRobot(BODY)
    values = BODY.pose('park').copy()
    torque = {}
    for angle in (1.56, 0.0):
        values[BODY.index('left_arm_joint1')] = angle
        for _ in range(200):
            robot.set_arm_target('left', values[BODY.parts['left_arm']])
            robot.step(TICK_S)
        torque[angle] = abs(robot.arm('left').effort[0])
    assert torque[1.56] < 2.0  # hanging
    assert 5.0 < torque[0.0] < 40.0  # horizontal: kilograms at a lever, within the motor's reach


def test_every_link_is_where_our_kinematics_says():
    robot = SimRobot(BODY, start='home')
    kinematics = BodyKinematics(BODY)
    poses = kinematics.poses(BODY.pose('home'))
    for name, pose in zip(kinematics.tree.links, poses, strict=True):
        found = robot.data.body(name)
        expected = pose[:3, 3] + [0, 0, FLOOR_BELOW_BASE_M]
        np.testing.assert_allclose(found.xpos, expected, atol=1e-9, err_msg=name)
        np.testing.assert_allclose(found.xmat.reshape(3, 3), pose[:3, :3], atol=1e-9)


def test_joint_states_name_free_joints_of_the_urdf(robot):
    names, position, velocity = robot.joint_state()
    tree = BodyKinematics(BODY).tree
    assert set(names) < set(tree.joints) and len(names) == len(position) == len(velocity) == 18
    at = dict(zip(names, position, strict=True))
    assert at['left_arm_joint2'] == part('park', 'left_arm')[1]


def test_the_same_calls_give_the_same_bits():
    states = []
    for _ in range(2):
        robot = SimRobot(BODY)
        drive(robot, (0.2, 0.1, 0.3), 0.2)
        for i in range(30):
            robot.set_arm_target('left', part('park', 'left_arm') - 0.01 * i)
            robot.set_gripper_stroke('left', 3.0 * i)
            robot.step(0.0075)
        states.append(np.concatenate((robot.data.qpos, robot.data.qvel)).tobytes())
    assert states[0] == states[1]


def test_odd_steps_lose_no_time(robot):
    for _ in range(300):
        robot.step(0.0033)
    assert robot.data.time == pytest.approx(0.99, abs=robot.timestep_s)


@pytest.mark.parametrize('bad', [[math.nan] * 6, [0.0] * 5, [[0.0] * 6]])
def test_a_target_that_is_no_target_is_refused(robot, bad):
    with pytest.raises(CommandRejected, match='left arm: a target needs 6 finite numbers'):
        robot.set_arm_target('left', bad)
    with pytest.raises(CommandRejected, match='base'):
        robot.set_base_target(math.inf, 0, 0)


def test_a_blow_up_is_an_error_and_not_a_reset(robot, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    robot.data.qvel[5] = 1e12
    with pytest.raises(SimulationBroken, match='broke'):
        robot.step(TICK_S)
    assert list(tmp_path.iterdir()) == []  # no log file wherever we happen to run


def test_a_robot_without_a_urdf_is_refused():
    with pytest.raises(ConfigError, match='names no URDF'):
        build(load_body('r1pro'))


def test_a_scene_adds_its_things_before_compiling():
    spec = build(BODY)
    table = spec.worldbody.add_body(name='table', pos=[0.6, 0, 0.4])
    table.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.3, 0.4, 0.02], **WORLD_BITS)
    cube = spec.worldbody.add_body(name='cube', pos=[0.6, 0, 0.5])
    cube.add_freejoint()
    cube.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.02] * 3, mass=0.1, **WORLD_BITS)
    model = spec.compile()
    data = mujoco.MjData(model)
    for _ in range(500):
        mujoco.mj_step(model, data)
    assert data.body('cube').xpos[2] == pytest.approx(0.44, abs=2e-3)


def test_no_shape_of_a_link_is_there_twice():
    model = SimRobot(BODY).model
    shapes = np.column_stack(
        [model.geom_bodyid, model.geom_type, model.geom_size, model.geom_pos, model.geom_quat]
    )
    assert len(np.unique(shapes, axis=0)) == model.ngeom
    touched = model.geom_contype != 0
    assert (touched & (model.geom_group == 2)).any(), 'what is seen and touched alike is one'
