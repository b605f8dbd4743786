# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A task at full speed: the same seed, bounded commands, errors that say what to do."""

from dataclasses import fields, replace

import numpy as np
import pytest

mujoco = pytest.importorskip('mujoco')

from hvd_ros.core.errors import CommandRejected, ConfigError  # noqa: E402
from hvd_ros.core.labels.labels import Mark  # noqa: E402
from hvd_ros.core.robot.body import Kind  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.sim.robot import SimulationBroken  # noqa: E402
from hvd_ros.sim.task_env import STEP_S, TaskEnv  # noqa: E402
from hvd_ros.sim.tasks import facts  # noqa: E402
from hvd_ros.sim.tasks.catalogue import TASKS, load_sim_task  # noqa: E402
from hvd_ros.sim.tasks.history import History  # noqa: E402
from hvd_ros.sim.tasks.setting import SETTINGS, draw, draw_apart, load_setting  # noqa: E402
from hvd_ros.sim.tasks.sim_task import stack  # noqa: E402

BODY = load_body('r1')


def state(env):
    data = env.data
    parts = (data.qpos, data.qvel, data.userdata, data.eq_active, env.model.site_pos.ravel())
    return np.concatenate(parts).tobytes()


def wander(env, steps=6):
    rng = np.random.default_rng(5)
    for _ in range(steps):
        env.step(env.command + rng.normal(0, 0.05, BODY.size))


@pytest.mark.parametrize('name', TASKS)
def test_the_same_seed_gives_the_same_bits_whatever_came_before(name):
    one, two = TaskEnv(name, BODY), TaskEnv(name, BODY)
    one.reset(3)
    wander(one)
    two.reset(9)
    wander(two, 3)
    two.reset(3)
    wander(two)
    assert state(one) == state(two)


@pytest.mark.parametrize('name', TASKS)
def test_seeds_differ(name):
    env = TaskEnv(name, BODY)
    env.reset(0)
    first = state(env)
    env.reset(1)
    assert state(env) != first


@pytest.mark.parametrize('name', TASKS)
@pytest.mark.parametrize('setting', SETTINGS)
def test_doing_nothing_is_worth_nothing(name, setting):
    env = TaskEnv(name, BODY, setting)
    for seed in range(3):
        env.reset(seed)
        for _ in range(5):
            env.step(env.command)
        assert set(env.scores) == {0.0}


@pytest.mark.parametrize('name', TASKS)
def test_flailing_is_worth_nothing(name):
    env = TaskEnv(name, BODY)
    env.reset(0)
    rng = np.random.default_rng(0)
    for _ in range(30):
        env.step(rng.uniform(BODY.limits.low, BODY.limits.high))
    assert not env.result().success


def test_a_pen_that_was_thrown_into_the_holder_is_worth_nothing():
    env = TaskEnv('pen_insert', BODY)
    env.reset(0)
    holder, _ = facts.pose(env.data, 'holder')
    facts.lay(env.model, env.data, 'pen', holder + [0, 0, 0.12])
    for _ in range(20):
        env.step(env.command)
    assert env.truths[-1].pen[2] < 0.09, 'it fell in'
    assert env.scores == (0.0,)


def test_a_lid_that_is_forced_against_its_latch_does_not_count_as_open():
    env = TaskEnv('trash_dispose', BODY)
    env.reset(0)
    lid = env.model.joint('lid')
    env.data.qpos[lid.qposadr[0]] = 1.2
    env.truths.append(env.task.truth(env.model, env.data))
    assert env.truths[-1].lid > 1.1
    assert env.scores[0] == 0.0


def test_the_latch_toggles_once_a_press():
    env = TaskEnv('trash_dispose', BODY)
    env.reset(0)
    body = env.model.body('lid').id
    for latched in (False, True):
        # Until it is down; held there for a while it must not toggle again.
        for push in (-20.0, -20.0, -20.0, 0.0, 0.0):
            env.data.xfrc_applied[body, 2] = push
            env.step(env.command)
        assert bool(env.truths[-1].latched) is latched
        if not latched:
            for _ in range(10):
                env.step(env.command)
            assert env.truths[-1].lid > 0.9, 'its spring opens it'
            env.data.qpos[env.model.joint('lid').qposadr[0]] = 0.0
            env.data.qvel[env.model.joint('lid').dofadr[0]] = 0.0


def test_ink_goes_only_under_a_pressed_eraser():
    env = TaskEnv('wipe_board', BODY)
    env.reset(0)
    marks = np.array([env.data.site(f'mark{i}').xpos for i in range(60)])
    before = [env.model.body('whiteboard').pos[0] + 0.001 - 0.025, *marks.mean(axis=0)[1:]]
    eraser = env.model.body('eraser').id
    wiped = []
    for push in (0.0, 6.0):
        facts.lay(env.model, env.data, 'eraser', np.array(before) - [0.003, 0, 0])
        env.data.xfrc_applied[eraser, 0] = push
        env.step(env.command)
        wiped.append(float(env.truths[-1].wiped))
    assert wiped[0] == 0.0
    assert 0.0 < wiped[1] < 1.0


def test_a_command_is_held_within_limits_and_speeds():
    env = TaskEnv('pen_insert', BODY)
    env.reset(0)
    start, limits = env.command, BODY.limits
    env.step(np.full(BODY.size, 50.0))
    moved = env.command - start
    torso, base = BODY.parts['torso'], BODY.mask(Kind.VELOCITY)
    assert moved[torso].max() <= limits.velocity[torso].max() * STEP_S + 1e-12
    np.testing.assert_allclose(moved[base], limits.acceleration[base] * STEP_S)
    for _ in range(60):
        env.step(np.full(BODY.size, 50.0))
    assert (env.command <= limits.high).all()


def test_the_base_drives_in_its_own_axes():
    env = TaskEnv('pen_insert', BODY)
    env.reset(0)
    x, y, yaw = env.data.qpos[:3]
    action, vx = env.command, BODY.index('base_vx')
    action[vx] = -0.2
    for _ in range(20):
        env.step(action)
    way = env.data.qpos[:2] - [x, y]
    assert np.linalg.norm(way) == pytest.approx(0.2 * 2.0, abs=0.04)
    assert np.arctan2(-way[1], -way[0]) == pytest.approx(yaw, abs=0.02)
    assert env.position[vx] == pytest.approx(-0.2, abs=0.01)


def test_what_does_not_fit_is_explained():
    with pytest.raises(ConfigError, match="did you mean 'pen_insert'"):
        load_sim_task('pen_inset')
    with pytest.raises(ConfigError, match="did you mean 'region'"):
        load_setting('regions')
    env = TaskEnv('pen_insert', BODY)
    with pytest.raises(ConfigError, match='before reset'):
        env.step(np.zeros(BODY.size))
    for seed in (-1, 1.5, 'one', True, None):
        with pytest.raises(ConfigError, match='whole number'):
            env.reset(seed)
    env.reset(0)
    for action in (np.zeros(3), np.full(BODY.size, np.nan), 'go', None):
        with pytest.raises(CommandRejected, match='21 finite numbers'):
            env.step(action)


def test_done_in_passing_is_not_done():
    env = TaskEnv('pen_insert', BODY)
    env.reset(0)
    holder, _ = facts.pose(env.data, 'holder')
    for _ in range(18):
        env.step(env.command)
    held = replace(env.truths[0], held=np.array([True, False]), high=np.array(0.2))
    env.truths = History([env.truths[0], held, *env.truths])
    facts.lay(env.model, env.data, 'pen', holder + [0, 0, 0.09])
    looks = []
    for _ in range(30):
        env.step(env.command)
        if len(env.truths) % 5 == 0:
            looks.append((env.scores, env.over))
        if env.over:
            break
    done = [over for scores, over in looks if scores == (1.0,)]
    assert done == [False, True], 'the first look that finds it done waits for another'
    assert env.truths[-1].pen[2] < 0.09
    assert env.result().success


def test_time_ends_an_episode():
    env = TaskEnv('pen_insert', BODY)
    env.reset(0)
    for _ in range(round(env.task.limit_s / STEP_S) - 1):
        env.truths.append(env.truths[0])
    assert not env.over
    env.truths.append(env.truths[0])
    assert env.over
    assert not env.result().success


def test_broken_physics_has_no_score():
    env = TaskEnv('pen_insert', BODY)
    env.reset(0)
    env.data.qvel[:] = 1e12
    with pytest.raises(SimulationBroken, match='no score'):
        env.step(env.command)
    with pytest.raises(ConfigError, match='before reset'):
        env.step(env.command)
    env.reset(0)
    env.step(env.command)


def test_a_thing_in_mid_air_is_no_start():
    env = TaskEnv('pen_insert', BODY)
    randomise = env.task.randomise

    class Thrown(type(env.task)):
        def randomise(self, model, data, rng, setting):
            randomise(model, data, rng, setting)
            facts.lay(model, data, 'pen', np.array([0.8, 0, 5.0]))

    env.task = Thrown()
    with pytest.raises(SimulationBroken, match="'pen' does not come to rest"):
        env.reset(0)


def test_a_perturbed_place_is_never_a_usual_one():
    rng = np.random.default_rng(0)
    low, high = np.array([0.0, 5.0, -1.0]), np.array([1.0, 6.0, 1.0])
    for _ in range(200):
        inside = draw(rng, low, high)
        assert ((inside >= low) & (inside <= high)).all()
        outside = draw(rng, low, high, beyond=True)
        assert ((outside < low) | (outside > high)).sum() == 1


def test_places_keep_apart_or_say_that_they_can_not():
    rng, other = np.random.default_rng(0), np.array([0.4, 0.4])
    for _ in range(50):
        at = draw_apart(rng, (0.0, 0.0), (1.0, 1.0), other, 0.5)
        assert np.linalg.norm(at - other) >= 0.5
    with pytest.raises(ConfigError, match='widen the box'):
        draw_apart(rng, (0.0, 0.0), (1.0, 1.0), other, 5.0)


def test_a_background_changes_what_is_seen_and_nothing_else():
    usual, other = TaskEnv('pen_insert', BODY), TaskEnv('pen_insert', BODY, 'background')
    names = ('wall_front', 'table_top')
    colours = [[tuple(e.model.geom(n).rgba) for n in names] for e in (usual, other)]
    assert all(a != b for a, b in zip(*colours, strict=True))
    for env in (usual, other):
        env.reset(4)
        wander(env)
    np.testing.assert_array_equal(usual.data.qpos, other.data.qpos)


def test_a_thing_that_is_shot_away_has_no_score():
    """Faster than anything is thrown: the physics pushed two things out of each other."""
    env = TaskEnv('pen_insert', BODY)
    env.reset(0)
    env.data.qvel[env.model.jnt_dofadr[env.model.body('pen').jntadr[0]] + 2] = 60.0
    with pytest.raises(SimulationBroken, match="'pen' at .* m/s"):
        env.step(env.command)
    with pytest.raises(ConfigError, match='before reset'):
        env.step(env.command)


def test_an_episode_is_paid_as_its_labels_would_be():
    env = TaskEnv('pen_insert', BODY)
    env.reset(0)
    held = replace(env.truths[0], held=np.array([True, False]), high=np.array(0.2))
    env.truths = History([env.truths[0]] * 3 + [held] * 4)
    result = env.result()
    assert result.marks == (Mark(3, 0, 0.5, 'simulator'),)
    np.testing.assert_array_equal(result.rewards, [-1e-3] * 3 + [0.5] + [-1e-3] * 3)


def test_a_stage_that_was_not_reached_pays_its_nothing_at_the_end():
    env = TaskEnv('basket_carry', BODY)
    env.reset(0)
    env.step(env.command)
    np.testing.assert_array_equal(env.result().rewards, [-1e-3, 0.0])


def test_a_history_is_the_stack_of_its_truths_however_long():
    env = TaskEnv('trash_dispose', BODY)
    env.reset(0)
    truths = []
    for i in range(600):
        truths.append(replace(env.truths[0], time_s=np.array(float(i))))
    history, stacked = History(truths), stack(truths)
    for field in fields(stacked):
        seen, known = getattr(history.view(), field.name), getattr(stacked, field.name)
        assert seen.dtype == known.dtype
        np.testing.assert_array_equal(seen, known)
    assert history[-1].time_s == 599.0
    assert len(history.view(7).time_s) == 7
    with pytest.raises(ConfigError, match='no state to score'):
        History().view()
    with pytest.raises(IndexError):
        history[600]
