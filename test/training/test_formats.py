# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What LeRobot's loaders need of the files, without LeRobot.

lerobot_schemas.json describes datasets that LeRobot itself wrote; open_with_lerobot.py opens ours
with the real loaders, in an environment that has them.
"""

import json
from pathlib import Path

from describe_dataset import describe
from made_source import MadeSource, brightness, units_of
import numpy as np
import pyarrow.parquet as pq
import pytest

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.data.assemble import assemble
from hvd_training.data.dataset import Dataset
from hvd_training.data.lerobot import layout, v30, video
from hvd_training.data.lerobot.video import VideoConfig
from hvd_training.data.unit import UnitConfig

THEIRS = json.loads(Path(__file__).with_name('lerobot_schemas.json').read_text())
LENGTHS = (12, 12)


@pytest.fixture(scope='module')
def units(tmp_path_factory):
    sources = [MadeSource(i, length) for i, length in enumerate(LENGTHS)]
    return units_of(tmp_path_factory.mktemp('units'), *sources)


@pytest.fixture(scope='module', params=layout.FORMATS)
def made(request, units, tmp_path_factory):
    root = tmp_path_factory.mktemp('made')
    return assemble(units, root / 'set', request.param, root / 'work')


def test_files_columns_and_types_are_those_that_lerobot_writes(made):
    ours = describe(made)
    theirs = THEIRS[Dataset(made).format]
    assert set(theirs) == set(ours)
    for part in ('info', 'paths', 'features', 'data', 'files', 'tasks', 'stats'):
        assert ours[part] == theirs[part], part
    for part in ('episodes', 'episodes_stats'):
        assert theirs.get(part, {}).items() <= ours.get(part, {}).items(), part


def test_every_parquet_column_is_declared_and_every_declared_one_is_there(made):
    info = json.loads((made / 'meta/info.json').read_text())
    numbers = {name for name, f in info['features'].items() if f['dtype'] != 'video'}
    for path in made.glob('data/*/*.parquet'):
        assert set(pq.read_schema(path).names) == numbers
    assert not any('/' in name for name in info['features'])


def test_rows_count_up_and_times_are_exact(made):
    tables = [pq.read_table(p) for p in sorted(made.glob('data/*/*.parquet'))]
    index = np.concatenate([t['index'].to_numpy() for t in tables])
    np.testing.assert_array_equal(index, np.arange(sum(LENGTHS)))
    frame = np.concatenate([t['frame_index'].to_numpy() for t in tables])
    time = np.concatenate([t['timestamp'].to_numpy() for t in tables])
    np.testing.assert_array_equal(frame, np.concatenate([np.arange(n) for n in LENGTHS]))
    assert time.dtype == np.float32
    np.testing.assert_array_equal(time, (frame / 10).astype(np.float32))


def test_frame_k_of_an_episode_shows_what_was_seen_then(made):
    data = Dataset(made)
    for episode, length in enumerate(LENGTHS):
        clip = data.clip(episode, 'head')
        images = list(video.decode_all(clip.path))[clip.first : clip.first + length]
        wanted = [brightness(episode, frame) + 3 for frame in range(length)]
        np.testing.assert_allclose([image.mean() for image in images], wanted, atol=2)


def test_the_episodes_table_says_kind_outcome_and_id(made):
    for episode, facts in enumerate(Dataset(made).facts):
        assert facts == MadeSource(episode, LENGTHS[episode]).facts


def test_prompts_become_tasks_each_once(tmp_path):
    words = ['b', 'a', 'b']
    sources = [MadeSource(i, 4, prompt=word) for i, word in enumerate(words)]
    units = units_of(tmp_path / 'units', *sources)
    root = assemble(units, tmp_path / 'set', layout.V30, tmp_path / 'work')
    data = Dataset(root)
    assert pq.read_table(root / 'meta/tasks.parquet').to_pydict() == {
        'task_index': [0, 1],
        'task': ['b', 'a'],
    }
    assert [data.numbers(e)['task_index'][0] for e in range(3)] == [0, 1, 0]


def test_files_are_rolled_when_they_get_large_and_nothing_moves(tmp_path, monkeypatch):
    monkeypatch.setattr(layout, 'DATA_MB', 0.003)
    monkeypatch.setattr(layout, 'VIDEO_S', 2.5)
    monkeypatch.setattr(layout, 'CHUNK', 2)
    sources = [MadeSource(i, 10) for i in range(5)]
    units = units_of(tmp_path / 'units', *sources)
    root = assemble(units, tmp_path / 'set', layout.V30, tmp_path / 'work')
    assert sorted(str(p.relative_to(root)) for p in root.glob('data/*/*'))[-1].endswith(
        'chunk-002/file-000.parquet'
    )
    head = sorted(str(p.relative_to(root)) for p in root.glob('videos/*head/*/*'))
    assert [name.split('head/')[1] for name in head] == [
        'chunk-000/file-000.mp4', 'chunk-000/file-001.mp4', 'chunk-001/file-000.mp4'
    ]  # fmt: skip
    data = Dataset(root)
    for episode in range(5):
        assert data.numbers(episode)['action'][0, 0] == 100 * episode
        clip = data.clip(episode, 'head')
        images = list(video.decode_all(clip.path))[clip.first : clip.first + 10]
        assert images[4].mean() == pytest.approx(brightness(episode, 4) + 3, abs=2)


def test_videos_of_different_encoders_are_never_joined(tmp_path):
    plain = units_of(tmp_path / 'a', MadeSource(0, 6))
    other = UnitConfig(video=VideoConfig('av1', crf=5))
    units = [*plain, *units_of(tmp_path / 'b', MadeSource(1, 6), config=other)]
    groups = list(v30._groups(units, 'head', 10))
    assert [len(group) for group in groups] == [1, 1]


def test_statistics_of_the_whole_are_those_of_all_rows(units, tmp_path):
    made = assemble(units, tmp_path / 'set', layout.V30, tmp_path / 'work')
    data = Dataset(made)
    stats = json.loads((made / layout.STATS).read_text())
    rows = np.concatenate([c['action'] for c in data.each(['action'])]).astype(float)
    np.testing.assert_allclose(stats['action']['mean'], rows.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(stats['action']['std'], rows.std(axis=0), rtol=1e-6)
    np.testing.assert_allclose(
        stats['action']['q90'], np.quantile(rows, 0.9, axis=0), atol=np.ptp(rows) / 20
    )


# Units that can not stand in one dataset.


@pytest.mark.parametrize(
    ('other', 'words'),
    [
        ({'layout_id': '0x2'}, 'layout_id is 0x2, but that of made-0 is 0x1'),
        ({'size': (60, 80)}, r'cameras is .*80, 60'),
        ({'has_cloud': False}, 'cloud is None'),
    ],
)
def test_what_differs_is_named_with_both_values(tmp_path, other, words):
    units = units_of(tmp_path / 'units', MadeSource(0, 4), MadeSource(1, 4, **other))
    with pytest.raises(ContractMismatch, match=words):
        assemble(units, tmp_path / 'set', layout.V30, tmp_path / 'work')
    assert not (tmp_path / 'set').exists()


def test_one_episode_twice_is_refused(tmp_path):
    a = units_of(tmp_path / 'a', MadeSource(0, 4))
    b = units_of(tmp_path / 'b', MadeSource(0, 4))
    with pytest.raises(ContractMismatch, match=r"'made-0' occurs twice: .*/a/made-0.*/b/made-0"):
        assemble([*a, *b], tmp_path / 'set', layout.V30, tmp_path / 'work')


def test_fewer_images_than_rows_are_refused(tmp_path, monkeypatch):
    sights = MadeSource.sights
    monkeypatch.setattr(MadeSource, 'sights', lambda self: list(sights(self))[:-1])
    with pytest.raises(ContractMismatch, match='has 5 images and 5 in its video for 6 frames'):
        units_of(tmp_path, MadeSource(0, 6))


def test_a_dataset_of_somebody_else_is_not_taken_for_ours(tmp_path):
    (tmp_path / 'meta').mkdir()
    (tmp_path / 'meta/info.json').write_text('{"codebase_version": "v2.0"}')
    with pytest.raises(ConfigError, match="'v2.0' dataset; known: v3.0, v2.1"):
        Dataset(tmp_path)
    (tmp_path / 'meta/info.json').write_text('{"codebase_version": "v3.0"}')
    with pytest.raises(ConfigError, match=r'has no meta/hvd\.json'):
        Dataset(tmp_path)
