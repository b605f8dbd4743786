# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Files with the keys that the BEHAVIOR Robot Suite's recorder writes, made here."""

import h5py
import numpy as np
import pytest

from hvd_ros.core.episodes.actions import action_at
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.verify import verify
from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.robot.description import load_body
from hvd_training.data.brs.importing import Said, import_file
from hvd_training.data.convert import Choice, Plan, convert
from hvd_training.data.dataset import Dataset
from hvd_training.data.unit import UnitConfig

T, N, POINTS = 12, 40, 16
BODY = load_body('r1')
SAID = Said('pen_insert', 'put it in', points=POINTS)


def fill(group, seed=0, arm=6, camera='head'):
    rng = np.random.default_rng(seed)
    for part, size in (('left_arm', arm), ('right_arm', arm), ('torso', 4)):
        state = group.create_group(f'obs/joint_state/{part}')
        state['joint_position'] = rng.normal(size=(T, size))
        state['joint_velocity'] = rng.normal(size=(T, size))
        state['stamp'] = 1.7e9 + np.arange(T) / 10
        group[f'action/{part}'] = rng.normal(size=(T, 6 if arm > 4 and part != 'torso' else size))
    for side in ('left', 'right'):
        state = group.create_group(f'obs/gripper_state/{side}_gripper')
        state['gripper_position'] = rng.uniform(0, 100, T)
        group[f'action/{side}_gripper'] = rng.uniform(0, 100, T)
    group['action/mobile_base'] = rng.normal(size=(T, 3))
    group['obs/odom/linear_velocity'] = rng.normal(size=(T, 3))
    group['obs/odom/angular_velocity'] = rng.normal(size=(T, 3))
    fused = group.create_group('obs/point_cloud/fused')
    fused['xyz'] = rng.normal(size=(T, N, 3)).astype('f4')
    fused['rgb'] = rng.integers(0, 255, (T, N, 3), dtype=np.uint8)
    fused['padding_mask'] = np.arange(N)[None] < np.arange(T)[:, None] + 10
    group[f'obs/rgb/{camera}/img'] = np.full((T, 48, 64, 3), 90, np.uint8)
    group[f'obs/depth/{camera}/depth'] = np.full((T, 48, 64), 1.234, 'f4')


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'collected_data-2024.h5'
    with h5py.File(path, 'w') as group:
        group.attrs['recording_freq'] = 10.0
        fill(group, arm=7)
    return path


def test_every_number_arrives_in_the_order_of_the_body(file, tmp_path):
    (folder,) = import_file(file, tmp_path / 'root', BODY, SAID)
    episode = Episode.open(folder)
    table, action = episode.table(), action_at(episode.table())
    assert table.frames == T
    with h5py.File(file) as raw:
        for side, first in (('left', 0), ('right', 10)):
            state = raw[f'obs/joint_state/{side}_arm']
            at = slice(first, first + 6)
            np.testing.assert_allclose(table.position[:, at], state['joint_position'][:, :6])
            np.testing.assert_allclose(table.velocity[:, at], state['joint_velocity'][:, :6])
            np.testing.assert_allclose(action[:, at], raw[f'action/{side}_arm'])
            stroke = raw[f'obs/gripper_state/{side}_gripper/gripper_position'][()]
            np.testing.assert_allclose(table.position[:, first + 6], stroke / 100)
            closed = raw[f'action/{side}_gripper'][()] / 100
            np.testing.assert_allclose(action[:, first + 6], closed)
        np.testing.assert_allclose(table.position[:, 7:9], raw['obs/odom/linear_velocity'][:, :2])
        np.testing.assert_allclose(table.position[:, 9], raw['obs/odom/angular_velocity'][:, 2])
        np.testing.assert_allclose(action[:, 7:10], raw['action/mobile_base'])
        np.testing.assert_allclose(action[:, 17:], raw['action/torso'])
    assert np.isnan(table.asked).all()


def test_pictures_depth_and_clouds_without_padding_arrive(file, tmp_path):
    (folder,) = import_file(file, tmp_path / 'root', BODY, SAID)
    episode = Episode.open(folder)
    assert set(np.unique(episode.depth('head', 3))) == {1234}
    assert episode.color('head', 3)[:2] == b'\xff\xd8'
    with h5py.File(file) as raw:
        wanted = raw['obs/point_cloud/fused/xyz'][3][:13]
    xyz, _ = episode.cloud(3)
    assert xyz.shape == (POINTS, 3)
    assert {tuple(p) for p in xyz} == {tuple(p) for p in wanted}  # 13 there, so some twice
    assert episode.meta.prompt == 'put it in'
    assert 'intrinsics are nominal' in episode.meta.notes


def test_an_import_becomes_a_dataset_like_any_other(file, tmp_path):
    import_file(file, tmp_path / 'root', BODY, SAID)
    out = tmp_path / 'set'
    convert(Choice((tmp_path / 'root',)), Plan(out, 'v2.1', UnitConfig()), tell=print)
    assert Dataset(out).frames == T


def test_a_second_import_adds_nothing(file, tmp_path):
    told = []
    assert len(import_file(file, tmp_path / 'root', BODY, SAID, told.append)) == 1
    assert import_file(file, tmp_path / 'root', BODY, SAID, told.append) == []
    assert 'exists already' in told[-1]


def test_a_merged_file_gives_every_demonstration(tmp_path):
    path = tmp_path / 'merged.h5'
    with h5py.File(path, 'w') as group:
        for i in (0, 1, 10):
            fill(group.create_group(f'demo_{i}'), seed=i)
    made = import_file(path, tmp_path / 'root', BODY, SAID)
    assert [folder.name.rsplit('-', 1)[0] for folder in made] == [
        'brs-merged-demo_0', 'brs-merged-demo_1', 'brs-merged-demo_10'
    ]  # fmt: skip


def test_a_missing_key_and_torn_rows_are_named_and_nothing_is_left(file, tmp_path):
    with h5py.File(file, 'a') as group:
        kept = group['action/torso'][()]
        del group['action/torso']
    with pytest.raises(ContractMismatch, match='no action/torso; it has .*action/left_arm'):
        import_file(file, tmp_path / 'root', BODY, SAID)
    with h5py.File(file, 'a') as group:
        group['action/torso'] = kept[:5]
    with pytest.raises(ContractMismatch, match='action/torso has 5 rows, the actions 12'):
        import_file(file, tmp_path / 'root', BODY, SAID)
    assert not list((tmp_path / 'root').glob('*/*'))


def test_no_hdf5_file_is_said_to_be_none(tmp_path):
    (tmp_path / 'a.h5').write_text('hello')
    with pytest.raises(ContractMismatch, match='no whole HDF5 file'):
        import_file(tmp_path / 'a.h5', tmp_path, BODY, SAID)


def test_an_import_passes_our_own_verification(file, tmp_path):
    (folder,) = import_file(file, tmp_path / 'root', BODY, SAID)
    assert not [str(p) for p in verify(folder) if 'missing' in str(p)]
