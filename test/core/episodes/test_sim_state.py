# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What only a simulation knows comes back by name, frame by frame."""

import numpy as np
import pytest

from hvd_ros.core.bag import cdr
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.streams import SIM_STATE
from hvd_ros.core.episodes.verify import verify
from hvd_ros.core.errors import EpisodeError
from test import episode_maker as maker

NAMES = ('pen.x', 'pen.height', 'left_hand.from_pen')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp('root')
    return maker.make_episode(root, frames=7, cameras=(), cloud=False, sim_state=NAMES)


def test_every_frame_has_its_numbers_by_name(folder):
    with Episode.open(folder) as episode:
        names, values = episode.sim_state()
    assert names == NAMES
    expected = [maker.sim_state_of(i, NAMES) for i in range(7)]
    np.testing.assert_array_equal(values, expected)


def test_it_lies_where_no_robot_listens_and_the_episode_is_whole(folder):
    assert SIM_STATE.recorded_topic.startswith('/recorded/')
    assert verify(folder) == []


def test_an_episode_without_a_simulation_has_none(tmp_path):
    folder = maker.make_episode(tmp_path, frames=3, cameras=(), cloud=False)
    with Episode.open(folder) as episode:
        assert episode.sim_state() is None


def test_frames_before_the_first_of_them_have_no_numbers(tmp_path, monkeypatch):
    real = maker.messages_of

    def late(index, *rest):
        found = real(index, *rest)
        return [m for m in found if index > 1 or m[0] != 'sim_state']

    monkeypatch.setattr(maker, 'messages_of', late)
    folder = maker.make_episode(tmp_path, frames=4, cameras=(), cloud=False, sim_state=NAMES)
    with Episode.open(folder) as episode:
        _, values = episode.sim_state()
    assert np.isnan(values[:2]).all()
    np.testing.assert_array_equal(values[2:], [maker.sim_state_of(i, NAMES) for i in (2, 3)])


def test_names_that_change_on_the_way_are_refused(tmp_path, monkeypatch):
    real = maker.named
    monkeypatch.setattr(
        maker, 'named', lambda ns, i, names: real(ns, i, names if i < 2 else names[::-1])
    )
    folder = maker.make_episode(tmp_path, frames=4, cameras=(), cloud=False, sim_state=NAMES)
    with Episode.open(folder) as episode, pytest.raises(EpisodeError, match='changes what it'):
        episode.sim_state()


def test_any_reader_of_ros_messages_finds_names_beside_numbers(folder):
    with Episode.open(folder) as episode:
        message = cdr.decode(SIM_STATE.kind, episode.sampled('sim_state', 3).cdr)
    assert tuple(message.name) == NAMES
    np.testing.assert_array_equal(message.position, maker.sim_state_of(3, NAMES))
