# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The tools that draw the pictures of the docs still draw."""

from pathlib import Path
import runpy

import numpy as np
import pytest

pytest.importorskip('mujoco')

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


def test_a_moment_of_an_episode_can_be_drawn_later():
    tool = runpy.run_path(str(TOOLS / 'task_pictures.py'))
    env = tool['Watched']('wipe_board')
    env.reset(0)
    action = env.command
    action[env.body.parts['torso'][0]] += 0.3
    for _ in range(8):
        env.step(action)
    end, start = env.column(8, 'then'), env.column(0, 'now')
    env.close()
    env.side.close()
    assert start.shape == end.shape == (22 + 240 + 120, 320, 3)
    assert (start[30:] != end[30:]).any()
    red = (start[..., 0] > 150) & (start[..., 1] < 60)
    assert np.count_nonzero(red) > 20, 'the ink is there'


def test_the_eyes_of_the_twin_are_drawn():
    picture = runpy.run_path(str(TOOLS / 'camera_picture.py'))['draw']()
    assert picture.shape == (450, 1500, 3)
    assert all(picture[:, left : left + 300].std() > 20 for left in range(0, 1500, 300))
