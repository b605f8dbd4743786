# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

import pickle

from made_source import MadeSource, brightness, units_of
import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError
from hvd_training.data import reader
from hvd_training.data.assemble import assemble
from hvd_training.data.dataset import Dataset
from hvd_training.data.lerobot import layout
from hvd_training.data.reader import DatasetReader

LENGTHS = (12, 9, 15)


class Paused(MadeSource):
    """Stops for ten seconds after its fifth frame."""

    def raw(self):
        raw = super().raw()
        raw.stamp_ns[5:] += 10**10
        return raw


@pytest.fixture(scope='module', params=layout.FORMATS)
def made(request, tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    sources = [MadeSource(0, 12), MadeSource(1, 9), Paused(2, 15)]
    return assemble(units_of(root / 'units', *sources), root / 'set', request.param, root / 'work')


@pytest.fixture
def read(made):
    return DatasetReader(made)


def test_rows_are_those_of_the_files(read, made):
    wanted = np.concatenate([c['action'] for c in Dataset(made).each(['action'])])
    np.testing.assert_array_equal(read.rows(range(36), ['action'])['action'], wanted)
    assert len(read) == 36
    assert read.episode_of(np.array([0, 11, 12, 20, 21, 35])).tolist() == [0, 0, 1, 1, 2, 2]


def test_a_chunk_never_leaves_its_episode_and_says_what_is_padding(read):
    action, is_pad = read.chunk([0, 8, 11, 12, 19], 'action', 5)
    assert action.shape == (5, 5, 3)
    assert is_pad.sum(axis=1).tolist() == [0, 1, 4, 0, 3]
    assert action[1, :, 0].tolist() == [8, 9, 10, 11, 11]
    assert action[3, :, 0].tolist() == [100, 101, 102, 103, 104]
    assert action[4, :, 0].tolist() == [107, 108, 108, 108, 108]


def test_a_chunk_never_crosses_a_pause(read):
    action, is_pad = read.chunk([21 + 3], 'action', 5)
    assert action[0, :, 0].tolist() == [203, 204, 204, 204, 204]
    assert is_pad[0].tolist() == [False, False, True, True, True]


def test_rewards_under_the_mask_are_the_chunk_returns(read):
    rows = np.arange(36)
    reward, is_pad = read.chunk(rows, 'reward', 20)
    wanted = read.rows(rows, ['chunk.return'])['chunk.return']
    np.testing.assert_allclose((reward * ~is_pad).sum(axis=1), wanted, rtol=1e-5)


def test_images_in_any_order_are_the_right_ones(read):
    order = np.random.default_rng(0).permutation(36)
    for row in [*order, 3, 4, 5, 4]:
        episode = int(read.episode_of(int(row)))
        frame = int(row - read.starts[episode])
        for camera, more in (('head', 3), ('left_wrist', 0)):
            image = read.image(int(row), camera)
            assert image.shape == (48, 64, 3)
            assert image.mean() == pytest.approx(brightness(episode, frame) + more, abs=2)


def test_frames_that_follow_each_other_are_decoded_without_seeking(read, monkeypatch):
    seeks = []
    real = reader._Video.frame

    def counted(self, index):
        seeks.append(index != self._next)
        return real(self, index)

    monkeypatch.setattr(reader._Video, 'frame', counted)
    for row in range(12):
        read.image(row, 'head')
    assert sum(seeks) == 1


def test_open_videos_are_bounded(made):
    read = DatasetReader(made, open_videos=2)
    for row in (0, 15, 30, 1, 16, 31):
        for camera in ('head', 'left_wrist'):
            read.image(row, camera)
    assert read._videos.cache_info().currsize <= 2
    read.close()
    assert read._videos.cache_info().currsize == 0


def test_clouds_stand_at_their_rows(read):
    xyz, rgb = read.cloud(12 + 4)
    np.testing.assert_array_equal(xyz, np.full((5, 3), 0.25, np.float32))
    assert xyz.dtype == np.float32
    np.testing.assert_array_equal(rgb, np.full((5, 3), 4, np.uint8))


def test_numbers_are_mapped_not_loaded_and_unpacked_once(made):
    first = DatasetReader(made)
    assert all(isinstance(column, np.memmap) for column in first.columns.values())
    folder = made / 'cache'
    before = {p: p.stat().st_mtime_ns for p in folder.rglob('*.npy')}
    DatasetReader(made)
    assert {p: p.stat().st_mtime_ns for p in folder.rglob('*.npy')} == before
    assert len(list(folder.iterdir())) == 1


def test_a_reader_travels_to_a_worker_as_a_path(read):
    text = pickle.dumps(read)
    assert len(text) < 500
    np.testing.assert_array_equal(pickle.loads(text).image(7, 'head'), read.image(7, 'head'))


def test_the_cache_may_lie_elsewhere_and_a_place_that_can_not_be_written_is_named(
    made, tmp_path, monkeypatch
):
    DatasetReader(made, cache=tmp_path / 'elsewhere')
    assert list((tmp_path / 'elsewhere').glob('*/action.npy'))
    (tmp_path / 'file').write_text('')
    with pytest.raises(ConfigError, match=r'can not be written .*cache='):
        DatasetReader(made, cache=tmp_path / 'file')


def test_unknown_names_and_rows_are_refused(read):
    with pytest.raises(ConfigError, match="no column 'actions'; did you mean 'action'"):
        read.rows([0], ['actions'])
    with pytest.raises(ConfigError, match="no camera 'heat'; did you mean 'head'"):
        read.image(0, 'heat')
    for rows in ([36], [-1]):
        with pytest.raises(ConfigError, match='rows go from 0 to 35'):
            read.chunk(rows, 'action', 3)
