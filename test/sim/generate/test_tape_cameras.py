# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the robot's cameras saw of a task is what the files of an episode give back."""

from dataclasses import replace

import numpy as np
import pytest

from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.verify import verify
from hvd_ros.core.mux.command import Source
from hvd_ros.core.policy.observation import Modality
from hvd_ros.core.vision.codec import encode_color
from hvd_ros.sim.cameras import Look
from hvd_ros.sim.generate.players import play
from hvd_ros.sim.generate.tape import Credits, Shows, Tape
from hvd_ros.sim.task_env import TaskEnv
from hvd_ros.sim.views import VIEWS
from test.sim.generate.conftest import wandering

STEPS = 2


def seen_and_filmed(env, root, shows):
    env.reset(1)
    tape, seen = Tape(env, root, Credits('made', 'expert', 'x', Source.TELEOP), shows), []
    for asked in wandering(env, STEPS):
        seen.append(env.observe(shows.modalities))
        play(env, iter([asked]), _Once(tape))
    seen.append(env.observe(shows.modalities))
    tape.moment(None)
    return seen, tape.keep(env.result())


class _Once:
    """Lets play() take one step of a longer tape."""

    def __init__(self, tape):
        self.tape = tape

    def moment(self, asked):
        if asked is not None:
            self.tape.moment(asked)


def test_three_views_in_colour_and_depth_with_their_intrinsics(r1, tmp_path):
    shows, views = Shows(cameras=True), tuple(replace(v, width=64, height=48) for v in VIEWS)
    env = TaskEnv('pen_insert', r1, look=Look(views))
    seen, folder = seen_and_filmed(env, tmp_path, shows)
    env.close()
    assert verify(folder) == []
    with Episode.open(folder) as episode:
        assert {c: (i.width, i.height) for c, i in episode.meta.cameras.items()} == {
            view.camera: (64, 48) for view in views
        }
        for view in views:
            assert episode.meta.cameras[view.camera] == view.intrinsics
            for i, one in enumerate(seen):
                rgb = one.images[view.camera]
                assert episode.color(view.camera, i) == encode_color(rgb)
                depth = episode.depth(view.camera, i)
                np.testing.assert_array_equal(depth, one.depth_mm[view.camera])
            assert rgb.std() > 5  # it sees something


def test_a_cloud_alone_needs_no_picture(r1, tmp_path, monkeypatch):
    shows = Shows(cloud=True)
    assert shows.modalities == {Modality.SIM_STATE, Modality.CLOUD}
    env = TaskEnv('pen_insert', r1, look=shows.look)
    monkeypatch.setattr(env._cameras, 'pictures', lambda data: pytest.fail('it was drawn'))
    seen, folder = seen_and_filmed(env, tmp_path, shows)
    with Episode.open(folder) as episode:
        for i, one in enumerate(seen):
            xyz, rgb = episode.cloud(i)
            np.testing.assert_array_equal(xyz, one.cloud[0])
            np.testing.assert_array_equal(rgb, one.cloud[1])
