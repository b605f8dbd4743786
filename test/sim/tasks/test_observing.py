# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What an episode shows of itself: the robot's own state, and where everything truly is."""

from dataclasses import replace

import numpy as np
import pytest

mujoco = pytest.importorskip('mujoco')

from hvd_ros.core.errors import ConfigError  # noqa: E402
from hvd_ros.core.policy.observation import Modality, modalities  # noqa: E402
from hvd_ros.core.robot.body import Kind  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.core.robot.state import StateLayout  # noqa: E402
from hvd_ros.core.vision.cloud import SceneConfig  # noqa: E402
from hvd_ros.sim import cameras  # noqa: E402
from hvd_ros.sim.cameras import CHEAP, Look  # noqa: E402
from hvd_ros.sim.rays import RayCloud  # noqa: E402
from hvd_ros.sim.robot_model import FLOOR_BELOW_BASE_M  # noqa: E402
from hvd_ros.sim.scene import TABLE_HEIGHT_M  # noqa: E402
from hvd_ros.sim.task_env import TaskEnv  # noqa: E402
from hvd_ros.sim.tasks import facts  # noqa: E402
from hvd_ros.sim.tasks.catalogue import TASKS  # noqa: E402
from hvd_ros.sim.views import VIEWS  # noqa: E402

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


SMALL = tuple(replace(view, width=80, height=60) for view in VIEWS)


@pytest.fixture(scope='module')
def pen_env():
    env = TaskEnv('pen_insert', BODY, look=Look(views=SMALL))
    env.reset(0)
    yield env
    env.close()
    env.close()


def test_only_what_is_asked_for_is_shown(pen_env):
    assert not pen_env.observe().images
    seen = pen_env.observe(modalities(['rgb']))
    assert set(seen.images) == {'head', 'left_wrist', 'right_wrist'}
    assert not seen.depth_mm
    assert {image.shape for image in seen.images.values()} == {(60, 80, 3)}
    seen = pen_env.observe(modalities(['depth']))
    assert not seen.images
    assert {(d.shape, str(d.dtype)) for d in seen.depth_mm.values()} == {((60, 80), 'uint16')}
    seen = pen_env.observe(modalities(['cloud']))
    assert not seen.images and not seen.depth_mm
    assert seen.cloud[0].shape == seen.cloud[1].shape == (4096, 3)


def test_pictures_that_were_kept_stay_as_they_were(pen_env):
    first = pen_env.observe(modalities(['rgb'])).images['head']
    kept = first.copy()
    action = pen_env.command
    action[BODY.parts['torso'][0]] += 0.4
    for _ in range(5):
        pen_env.step(action)
    second = pen_env.observe(modalities(['rgb'])).images['head']
    assert (second != kept).any()
    np.testing.assert_array_equal(first, kept)
    pen_env.reset(0)


def on_the_pen(env, xyz):
    """Return how far the points of a cloud that are not table or floor lie from pen and holder."""
    base, axes = facts.pose(env.data, 'base_link')
    world = base + xyz @ axes.T
    above = world[(world[:, 2] > 0.725) & (np.abs(world[:, 1]) < 0.7) & (world[:, 0] < 1.35)]
    nearest = np.inf
    for name in ('pen', 'holder'):
        away = np.linalg.norm(above[:, :2] - facts.pose(env.data, name)[0][:2], axis=1)
        nearest = np.minimum(nearest, away)
    return nearest


@pytest.mark.parametrize('look', [Look(), CHEAP], ids=['depth', 'rays'])
def test_the_cloud_lies_on_things_and_not_on_the_robot(look):
    env = TaskEnv('pen_insert', BODY, look=look)
    env.reset(0)
    xyz, rgb = env.observe(modalities(['cloud'])).cloud
    env.close()
    assert xyz.dtype == np.float32
    assert rgb.dtype == np.uint8
    assert len(xyz) == look.cloud.points
    away = on_the_pen(env, xyz)
    assert len(away) > 5, 'something of the pen or its holder is seen'
    # The tip of a finger may stick out of the spheres that are the robot.
    assert np.mean(away < 0.09) > 0.97, 'nothing else stands on the table, and no hand'
    blue = rgb[(rgb[:, 2] > 120) & (rgb[:, 0] < 60)]
    assert len(blue), 'the pen is blue'


def test_both_clouds_show_the_same_table():
    heights = []
    for look in (Look(), CHEAP):
        env = TaskEnv('pen_insert', BODY, look=look)
        env.reset(0)
        xyz, rgb = env.observe(modalities(['cloud'])).cloud
        wood = (rgb[:, 0] > rgb[:, 2] + 50) & (rgb[:, 0] > 100)
        heights.append(np.median(xyz[wood, 2]))
        env.close()
    assert heights[0] == pytest.approx(TABLE_HEIGHT_M - FLOOR_BELOW_BASE_M, abs=2e-3)
    assert heights[1] == pytest.approx(heights[0], abs=2e-3)


def test_rays_see_the_ink_until_it_is_wiped():
    env = TaskEnv('wipe_board', BODY, look=CHEAP)
    env.reset(0)
    red = []
    for _ in range(2):
        rgb = env.observe(modalities(['cloud'])).cloud[1].astype(int)
        red.append(np.count_nonzero((rgb[:, 0] > 150) & (rgb[:, 1] < 60)))
        env.data.userdata[:60] = 1
        env.step(env.command)
    assert red[0] > 0
    assert red[1] == 0


def test_rays_need_no_graphics(monkeypatch):
    monkeypatch.setattr(cameras, 'Renderer', None)
    env = TaskEnv('trash_dispose', BODY, look=CHEAP)
    env.reset(0)
    assert len(env.observe(modalities(['cloud'])).cloud[0]) == CHEAP.cloud.points


def test_a_ray_meets_what_the_depth_image_shows():
    """One view, every pixel: the far simpler ray caster against the rasteriser."""
    view = replace(VIEWS[0], width=64, height=48)
    config = SceneConfig(points=64 * 48, crop_low_m=[-9.0, -9, -9], crop_high_m=[9.0, 9, 9])
    env = TaskEnv('trash_dispose', BODY, look=Look(views=(view,), cloud=config))
    env.reset(0)
    depth_mm = env.observe(modalities(['depth'])).depth_mm['head']
    env.close()
    rays = RayCloud(env.model, (view,), 1, config.points)
    camera = env.data.camera('head')
    base, axes = facts.pose(env.data, 'base_link')
    low, high = np.array(config.crop_low_m), np.array(config.crop_high_m)
    world = base + rays.cloud(env.data, low, high)[0] @ axes.T
    local = (world - camera.xpos) @ camera.xmat.reshape(3, 3)
    k = view.intrinsics
    u = np.rint(k.cx + k.fx * local[:, 0] / -local[:, 2]).astype(int)
    v = np.rint(k.cy - k.fy * local[:, 1] / -local[:, 2]).astype(int)
    off_mm = np.abs(depth_mm[v, u].astype(float) + 1000 * local[:, 2])
    assert np.median(off_mm) < 2.0
    assert np.mean(off_mm < 20) > 0.95  # the rest are edges, which the two cut half a pixel apart


def test_the_head_sees_the_near_half_of_the_table():
    env = TaskEnv('pen_insert', BODY)
    env.reset(0)
    mujoco.mj_camlight(env.model, env.data)
    head, view = env.data.camera('head'), VIEWS[0]
    half_high = np.tan(np.radians(view.fovy_deg / 2))
    for x in (0.66, 0.75, 0.99):
        local = (np.array([x, 0.0, TABLE_HEIGHT_M]) - head.xpos) @ head.xmat.reshape(3, 3)
        assert local[2] < 0
        assert abs(local[1] / -local[2]) < half_high


def test_a_look_that_nobody_can_have_is_refused():
    with pytest.raises(ConfigError, match="did you mean 'rays'"):
        Look(cloud_from='ray')
    with pytest.raises(ConfigError, match='at least 1'):
        Look(ray_stride_px=0)
