# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The tasks as Gymnasium environments, judged by Gymnasium's own checker."""

import warnings

import numpy as np
import pytest

pytest.importorskip('mujoco')
gymnasium = pytest.importorskip('gymnasium')

from gymnasium.utils.env_checker import check_env  # noqa: E402

from hvd_ros.core.errors import CommandRejected, ConfigError  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.core.vision.cloud import SceneConfig  # noqa: E402
from hvd_ros.sim import gym_env  # noqa: E402
from hvd_ros.sim.cameras import Look  # noqa: E402
from hvd_ros.sim.task_env import TaskEnv  # noqa: E402
from hvd_ros.sim.tasks import facts  # noqa: E402
from hvd_ros.sim.tasks.catalogue import TASKS  # noqa: E402

BODY = load_body('r1')
PEN = 'hvd_ros/PenInsert-v0'
# Commands are radians, metres a second and openings; Gymnasium would like all to be in [-1, 1].
KNOWN = 'symmetric and normalized'


@pytest.mark.parametrize('task', TASKS)
def test_gymnasiums_checker_has_nothing_to_say(task):
    env = gymnasium.make(gym_env.gym_id(task), disable_env_checker=True).unwrapped
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        check_env(env, skip_render_check=True)
    assert [str(w.message) for w in said if KNOWN not in str(w.message)] == []
    env.close()


def test_the_checker_passes_every_modality_and_a_picture():
    cloud = SceneConfig(points=256)
    env = gymnasium.make(
        PEN,
        needs=('state', 'sim_state', 'rgb', 'depth', 'cloud'),
        look=Look(cloud_from='rays', cloud=cloud),
        render_mode='rgb_array',
    )
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        check_env(env.unwrapped)
    assert [str(w.message) for w in said if KNOWN not in str(w.message)] == []
    seen, _ = env.reset(seed=0)
    assert set(seen) == set(env.observation_space)
    assert env.render().shape == (240, 320, 3)
    env.close()


def test_a_seed_is_the_same_episode_as_without_gymnasium():
    env, plain = gymnasium.make(PEN), TaskEnv('pen_insert', BODY)
    seen, _ = env.reset(seed=11)
    plain.reset(11)
    action = plain.command + 0.02
    for _ in range(4):
        np.testing.assert_array_equal(seen['state'], plain.observe().state)
        seen, *_ = env.step(action)
        plain.step(action)


def test_without_a_seed_episodes_differ_and_follow_from_the_last_seed():
    env = gymnasium.make(PEN)
    rows = []
    for _ in range(2):
        env.reset(seed=5)
        rows.append([env.reset()[0]['state'].tobytes() for _ in range(2)])
    assert rows[0] == rows[1]
    assert rows[0][0] != rows[0][1]


def test_commands_are_bounded_by_the_limits_of_the_body():
    space = gymnasium.make(PEN).action_space
    np.testing.assert_array_equal(space.low, BODY.limits.low)
    np.testing.assert_array_equal(space.high, BODY.limits.high)


def grasped_and_dropped_in(env):
    """Hold the pen up for a moment, then let it fall into the holder."""
    env.reset(seed=0)
    inner = env.unwrapped._env
    step, holder = inner.step, facts.pose(inner.data, 'holder')[0]

    def held(action):
        truth = step(action)
        if len(inner.truths) == 4:
            inner.truths.append(truth)
            inner.truths._rows['held'][4] = True, False
            inner.truths._rows['high'][4] = 0.2
            facts.lay(inner.model, inner.data, 'pen', holder + [0, 0, 0.09])
        return truth

    inner.step = held
    rows = []
    for _ in range(60):
        rows.append(env.step(inner.command))
        if rows[-1][2] or rows[-1][3]:
            break
    return inner, rows


def test_success_terminates_and_pays_what_labels_would():
    env = gymnasium.make(PEN)
    inner, rows = grasped_and_dropped_in(env)
    _, _, terminated, truncated, info = rows[-1]
    assert terminated and not truncated
    assert info['success']
    paid = [row[1] for row in rows]
    assert sorted(set(paid)) == [-0.001, 0.5]
    assert sum(p for p in paid if p > 0) == 1.0
    labels = info['rewards']
    assert len(labels) == len(inner.truths)
    assert labels[info['stage_ends'][0]] == 1.0
    assert np.count_nonzero(labels == -0.001) == len(labels) - 1
    assert not any('rewards' in row[4] for row in rows[:-1])


def test_time_truncates_and_does_not_terminate():
    env = gymnasium.make(PEN)
    env.reset(seed=0)
    inner = env.unwrapped._env
    while len(inner.truths) * 0.1 < inner.task.limit_s - 0.15:
        inner.truths.append(inner.truths[0])
    *_, terminated, truncated, info = env.step(inner.command)
    assert (terminated, truncated) == (False, False)
    *_, terminated, truncated, info = env.step(inner.command)
    assert (terminated, truncated) == (False, True)
    assert info['rewards'][-1] == 0.0, 'a stage that was never reached pays its 0 at the end'


def test_what_does_not_fit_is_explained():
    with pytest.raises(gymnasium.error.NameNotFound, match='PenInsert'):
        gymnasium.make('hvd_ros/PenInsrt-v0')
    with pytest.raises(ConfigError, match="did you mean 'cloud'"):
        gymnasium.make(PEN, needs=('clouds',))
    with pytest.raises(ConfigError, match="did you mean 'region'"):
        gymnasium.make(PEN, setting='regio')
    env = gymnasium.make(PEN)
    with pytest.raises(gymnasium.error.Error):
        env.reset(seed=-1)
    with pytest.raises(ConfigError, match='gymnasium.make'):
        env.reset(seed=0, options={'setting': 'region'})
    env.reset(seed=0)
    with pytest.raises(CommandRejected, match='21 finite numbers'):
        env.step(np.full(BODY.size, np.nan))
