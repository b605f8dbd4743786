# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What an episode shows of itself: the robot's own state, and where everything truly is."""

import numpy as np
import pytest

mujoco = pytest.importorskip('mujoco')

from hvd_ros.core.errors import ConfigError  # noqa: E402
from hvd_ros.core.policy.observation import Modality  # noqa: E402
from hvd_ros.core.robot.body import Kind  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.core.robot.state import StateLayout  # noqa: E402
from hvd_ros.sim.task_env import TaskEnv  # noqa: E402
from hvd_ros.sim.tasks import facts  # noqa: E402
from hvd_ros.sim.tasks.catalogue import TASKS  # noqa: E402

BODY = load_body('r1')
SIM_STATE = frozenset({Modality.STATE, Modality.SIM_STATE})


def told(env):
    return dict(zip(env.sim_state_names, env.observe(SIM_STATE).sim_state, strict=True))


def shown(env):
    return dict(zip(env.state_names, env.observe().state, strict=True))


def test_the_state_is_what_a_frame_would_hold():
    env = TaskEnv('pen_insert', BODY)
    env.reset(1)
    action = env.command
    action[BODY.index('base_vx')] = 0.2
    for _ in range(10):
        env.step(action)
    layout, seen = StateLayout(BODY), env.observe()
    assert env.state_names == layout.names
    assert np.isfinite(seen.state).all()
    np.testing.assert_array_equal(seen.state, layout.state(env.position, env.velocity))
    assert shown(env)['base_vx.position'] == pytest.approx(0.2, abs=0.01)
    assert seen.stamp_ns == 1_000_000_000
    assert seen.prompt == 'pick the pen and put it into the holder'
    assert seen.sim_state is None


def test_hands_are_told_where_physics_has_them():
    env = TaskEnv('pen_insert', BODY, 'pose')
    env.reset(2)
    action = env.command + np.where(BODY.mask(Kind.POSITION), 0.05, 0.0)
    for _ in range(4):
        env.step(action)
    base, axes = facts.pose(env.data, 'base_link')
    for side in facts.SIDES:
        hand, _ = facts.pose(env.data, f'{side}_gripping_point')
        seen = [shown(env)[f'{side}_gripping_point.{axis}'] for axis in 'xyz']
        np.testing.assert_allclose(seen, axes.T @ (hand - base), atol=1e-9)


def test_rates_are_the_slopes_of_positions():
    env = TaskEnv('pen_insert', BODY)
    env.reset(3)
    joint = BODY.index('torso_joint1')
    action = env.command
    action[joint] += 0.3
    for _ in range(3):
        env.step(action)
    dt = 1e-6
    before = env.position[joint]
    rate = env.velocity[joint]
    mujoco.mj_integratePos(env.model, env.data.qpos, env.data.qvel, dt)
    assert abs(rate) > 0.01
    assert (env.position[joint] - before) / dt == pytest.approx(rate, rel=1e-4)


@pytest.mark.parametrize('name', TASKS)
def test_every_number_of_the_privileged_state_has_a_name_of_its_own(name):
    env = TaskEnv(name, BODY)
    env.reset(0)
    seen = env.observe(SIM_STATE).sim_state
    assert seen.shape == (len(env.sim_state_names),)
    assert len(set(env.sim_state_names)) == len(env.sim_state_names)
    assert np.isfinite(seen).all()
    assert not [n for n in env.sim_state_names if 'time' in n or 'step' in n or 'stage' in n]


@pytest.mark.parametrize('name', TASKS)
def test_waiting_is_not_told(name):
    """Time passes and nothing moves: the privileged state must stay what it was."""
    env = TaskEnv(name, BODY)
    env.reset(0)
    for _ in range(10):
        env.step(env.command)
    before = env.observe(SIM_STATE).sim_state
    for _ in range(20):
        env.step(env.command)
    np.testing.assert_allclose(env.observe(SIM_STATE).sim_state, before, atol=3e-3)


def test_things_are_told_as_the_base_and_the_hands_stand_to_them():
    env = TaskEnv('pen_insert', BODY)
    env.reset(0)
    turned, place = facts.about_z(0.5), np.array([0.3, -0.2, 0.0])
    facts.lay(env.model, env.data, 'pen', place + turned @ [0.6, 0.1, 0.8], turned)
    env.data.qpos[:3] = [*place[:2], 0.5]
    mujoco.mj_kinematics(env.model, env.data)
    seen = told(env)
    base, _ = facts.pose(env.data, 'base_link')
    pen = [seen[f'pen.base.{axis}'] for axis in 'xyz']
    np.testing.assert_allclose(pen, [0.6, 0.1, 0.8 - base[2]], atol=1e-9)
    np.testing.assert_allclose([seen[f'pen.base.x{a}'] for a in 'xyz'], [1, 0, 0], atol=1e-9)
    np.testing.assert_allclose([seen[f'pen.base.z{a}'] for a in 'xyz'], [0, 0, 1], atol=1e-9)
    hand, axes = facts.pose(env.data, 'left_gripping_point')
    away = axes @ [seen[f'pen.left.{axis}'] for axis in 'xyz']
    np.testing.assert_allclose(hand + away, facts.pose(env.data, 'pen')[0], atol=1e-9)
    # Where the room is: its origin, and where its x axis points.
    room = np.array([seen['room.base.x'], seen['room.base.y']])
    np.testing.assert_allclose(place[:2] + turned[:2, :2] @ room, [0, 0], atol=1e-9)
    x_axis = turned[:2, :2] @ [seen['room.base.cos'], seen['room.base.sin']]
    np.testing.assert_allclose(x_axis, [1, 0], atol=1e-9)


def test_the_ink_that_is_left_is_told_from_the_base():
    env = TaskEnv('wipe_board', BODY)
    env.reset(0)
    env.step(env.command)
    before = told(env)
    marks = np.array([env.data.site(f'mark{i}').xpos for i in range(60)])
    env.data.userdata[:30] = 1
    env.step(env.command)
    seen = told(env)
    base, axes = facts.pose(env.data, 'base_link')
    ink = base + axes @ [seen[f'ink.base.{axis}'] for axis in 'xyz']
    np.testing.assert_allclose(ink, marks[30:].mean(axis=0), atol=2e-3)
    assert (before['ink.wiped'], seen['ink.wiped']) == (0.0, 0.5)


def test_looking_changes_nothing():
    envs = [TaskEnv('basket_carry', BODY) for _ in range(2)]
    for env in envs:
        env.reset(4)
    for _ in range(5):
        envs[1].observe(SIM_STATE)
        for env in envs:
            env.step(env.command + 0.01)
    np.testing.assert_array_equal(envs[0].data.qpos, envs[1].data.qpos)


def test_there_is_nothing_to_see_before_an_episode():
    with pytest.raises(ConfigError, match=r'observe\(\) before reset'):
        TaskEnv('pen_insert', BODY).observe()
