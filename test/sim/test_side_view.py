# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What reports show of a task: the work is in the picture, and looking changes nothing."""

import mujoco
import numpy as np
import pytest

from hvd_ros.core.robot.description import load_body
from hvd_ros.sim.side_view import SideView
from hvd_ros.sim.task_env import TaskEnv
from hvd_ros.sim.tasks.catalogue import TASKS


@pytest.mark.parametrize('task', TASKS)
def test_the_things_of_a_task_and_a_hand_are_in_the_picture(task):
    view = SideView(task)
    env = TaskEnv(task, load_body('r1'), extend=view.extend())
    env.reset(2_000_000)
    before = view.draw(env.model, env.data)
    assert before.shape == (240, 320, 3)

    def pixels(body: str) -> int:
        ours = env.model.geom_bodyid == env.model.body(body).id
        kept = env.model.geom_rgba.copy()
        env.model.geom_rgba[ours] = (1, 0, 1, 1)
        env.model.geom_matid[ours] = -1
        changed = int((view.draw(env.model, env.data) != before).any(axis=2).sum())
        env.model.geom_rgba[:] = kept
        return changed

    for thing in TASKS[task].things:
        assert pixels(thing) >= 2, thing  # a slot in a tray is not much
    assert max(pixels(f'{side}_gripper_link') for side in ('left', 'right')) >= 10
    view.close()


def test_looking_changes_nothing():
    view, body = SideView('wipe_board'), load_body('r1')
    seen = TaskEnv('wipe_board', body, extend=view.extend())
    unseen = TaskEnv('wipe_board', body)
    for env in (seen, unseen):
        env.reset(2_000_001)
        for _ in range(3):
            env.step(env.command)
            if env is seen:
                view.draw(env.model, env.data)
    assert np.array_equal(seen.data.qpos, unseen.data.qpos)
    assert np.array_equal(seen.data.qvel, unseen.data.qvel)
    view.close()


def test_two_views_of_two_scenes_do_not_disturb_each_other():
    one, two = SideView('pen_insert'), SideView('trash_dispose', 160, 120)
    body = load_body('r1')
    first = TaskEnv('pen_insert', body, extend=one.extend())
    second = TaskEnv('trash_dispose', body, extend=two.extend())
    first.reset(1)
    second.reset(1)
    alone = one.draw(first.model, first.data)
    two.draw(second.model, second.data)
    assert np.array_equal(one.draw(first.model, first.data), alone)
    for view in (one, two):
        view.close()
        view.close()


def test_a_task_of_a_lab_is_seen_from_somewhere():
    spec = mujoco.MjSpec()
    view = SideView('fold_towel')
    view.extend(lambda s: s.worldbody.add_geom(name='table', size=[0.1, 0.1, 0.1]))(spec)
    model = spec.compile()
    assert model.camera('side_view').id == 0
    assert model.geom('table').id == 0
