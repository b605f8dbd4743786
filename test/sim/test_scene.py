# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The places where the simulated robot stands, before anybody moves."""

import numpy as np
import pytest

mujoco = pytest.importorskip('mujoco')

from hvd_ros.core.errors import ConfigError  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.sim import scene  # noqa: E402
from hvd_ros.sim.robot import SimRobot  # noqa: E402

BODY = load_body('r1')


def test_an_unknown_scene_is_explained():
    with pytest.raises(ConfigError, match="did you mean 'office'"):
        scene.build(BODY, 'ofice')


@pytest.mark.parametrize('name', scene.SCENES)
def test_a_scene_comes_after_the_robot_whose_joints_keep_their_places(name):
    bare = SimRobot(BODY).model
    model = scene.build(BODY, name).compile()
    for i in range(bare.njnt):
        joint = bare.joint(i).name
        assert model.joint(joint).qposadr[0] == bare.joint(joint).qposadr[0]


@pytest.mark.parametrize('name', scene.SCENES)
def test_in_a_scene_everything_rests(name):
    robot = SimRobot(BODY, scene=name)
    before = robot.data.xpos.copy()
    robot.step(1.0)
    assert np.abs(robot.data.xpos - before).max() < 0.002


def test_a_thing_can_be_pushed_and_a_table_can_not():
    robot = SimRobot(BODY, scene='office')
    cube, table = robot.data.body('red_cube'), robot.data.body('table')
    robot.data.xfrc_applied[cube.id, 0] = 2.0
    robot.data.xfrc_applied[table.id, 0] = 2.0
    before = cube.xpos.copy(), table.xpos.copy()
    robot.step(0.2)
    assert cube.xpos[0] > before[0][0] + 0.02
    np.testing.assert_array_equal(table.xpos, before[1])


def test_the_robot_of_a_scene_without_things_is_the_robot_alone():
    one, two = SimRobot(BODY), SimRobot(BODY, scene='floor')
    for robot in (one, two):
        robot.set_arm_target('left', np.zeros(6))
        robot.step(0.5)
    np.testing.assert_array_equal(one.data.qpos, two.data.qpos)


def test_only_the_floor_is_held_against_every_link():
    model = scene.build(BODY, 'office').compile()
    assert [model.geom(i).name for i in np.flatnonzero(model.geom_bodyid == 0)] == ['floor']


@pytest.mark.parametrize('way', [(1, 0), (-1, 0), (0, 1), (0, -1)])
def test_a_wall_stops_what_flies_at_it(way):
    spec = scene.build(BODY)
    scene.room(spec, width_m=6.0, depth_m=7.0)
    middle = np.array([3.3, 2.8]) * way
    scene.thing(spec, 'cube', scene.box(0.1, 0.1, 0.1), scene.RED, at=tuple(middle), mass_kg=0.1)
    model = spec.compile()
    data = mujoco.MjData(model)
    at = model.jnt_dofadr[model.body('cube').jntadr[0]]
    data.qvel[at : at + 2] = 3.0 * np.array(way)
    mujoco.mj_step(model, data, 100)
    assert np.abs(data.body('cube').xpos[:2] / [3.5, 3.0]).max() < 1.0
