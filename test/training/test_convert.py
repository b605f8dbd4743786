# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

import json
import os
import shutil

import numpy as np
import pytest

from hvd_ros.core.episodes.actions import action_at, chunk
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.errors import ConfigError, ContractMismatch, EpisodeError
from hvd_ros.core.robot.state import StateLayout
from hvd_training.data import convert as convert_module
from hvd_training.data.columns import ColumnsConfig
from hvd_training.data.convert import Choice, Plan, choose, convert
from hvd_training.data.dataset import Dataset
from hvd_training.data.lerobot.video import VideoConfig
from hvd_training.data.reader import DatasetReader
from hvd_training.data.unit import UnitConfig
from test.episode_maker import body, cloud_of, color_of, make_episode

CONFIG = UnitConfig(ColumnsConfig(horizon=8, next_step=8), VideoConfig(crf=5), 'float32')
MARKS = [(19, 0, 0.5)]


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    """Return a root with three episodes: an expert, a rollout and another task."""
    root = tmp_path_factory.mktemp('episodes')
    make_episode(root, frames=20, seed=0, marks=[(19, 0, 1.0)])
    make_episode(root, frames=22, seed=1, kind='rollout', marks=MARKS, outcome='')
    make_episode(root, frames=18, seed=2, task='wipe_board', prompt='wipe', outcome='failure')
    return root


@pytest.fixture(scope='module')
def made(recorded, tmp_path_factory):
    out = tmp_path_factory.mktemp('out') / 'set'
    convert(Choice((recorded,)), Plan(out, 'v3.0', CONFIG), tell=print)
    return out


@pytest.fixture
def copied(recorded, tmp_path):
    return shutil.copytree(recorded, tmp_path / 'episodes')


def episodes_of(root):
    return sorted(path.parent for path in root.glob('*/*/episode.json'))


def test_actions_states_rewards_and_prompts_are_those_of_the_recording(recorded, made):
    data = Dataset(made)
    layout = StateLayout(body())
    for index, folder in enumerate(episodes_of(recorded)):
        episode = Episode.open(folder)
        table, columns = episode.table(), data.numbers(index)
        np.testing.assert_array_equal(columns['action'], action_at(table).astype(np.float32))
        state = [layout.state(p, v) for p, v in zip(table.position, table.velocity, strict=True)]
        np.testing.assert_array_equal(columns['observation.state'], np.float32(state))
        assert data.facts[index].prompt == episode.meta.prompt
        assert data.facts[index].kind == episode.meta.kind
        assert data.facts[index].episode_id == folder.name
    assert data.numbers(1)['reward'][19] == 0.5
    assert data.numbers(1)['reward'][18] == np.float32(-0.001)


def test_a_chunk_of_the_reader_is_the_chunk_that_core_builds_from_the_traces(recorded, made):
    reader = DatasetReader(made)
    table = Episode.open(episodes_of(recorded)[0]).table()
    for frame in (0, 7, 15, 19):
        wanted, valid = chunk(table, frame, 8)
        seen, is_pad = reader.chunk([frame], 'action', 8)
        np.testing.assert_array_equal(is_pad[0], ~valid)
        np.testing.assert_array_equal(seen[0], wanted.astype(np.float32))


def test_images_and_clouds_stand_at_their_rows(recorded, made):
    reader = DatasetReader(made)
    for row in (0, 11, 41, 45):
        frame = row - int(reader.starts[reader.episode_of(row)])
        for number, camera in enumerate(('head', 'left_wrist', 'right_wrist')):
            wanted = color_of(frame, number).reshape(-1, 3).mean(axis=0)
            seen = reader.image(row, camera).reshape(-1, 3).mean(axis=0)
            np.testing.assert_allclose(seen, wanted, atol=4)
        xyz, rgb = reader.cloud(row)
        np.testing.assert_array_equal(xyz, cloud_of(frame)[0])
        np.testing.assert_array_equal(rgb, cloud_of(frame)[1])


def test_an_intervention_and_its_source_stay_known(made):
    columns = Dataset(made).numbers(1)
    assert columns['kind'].tolist() == [2] * 22
    assert not columns['intervention'][:10].any()
    assert columns['intervention'][12:].all()
    assert set(columns['source']) == {1, 2}


@pytest.mark.parametrize(
    ('filters', 'count'),
    [
        ({}, 3),
        ({'success_only': True}, 1),
        ({'kinds': ('rollout', 'suboptimal')}, 1),
        ({'tasks': ('wipe_board',)}, 1),
        ({'per_source': 2}, 2),
        ({'tasks': ('pen_insert',), 'kinds': ('expert',)}, 1),
    ],
)
def test_filters_choose_what_they_say(recorded, filters, count):
    assert len(choose(Choice((recorded,), **filters))) == count


def test_every_folder_has_its_prompt(recorded):
    folders = (recorded / 'wipe_board', recorded / 'pen_insert')
    chosen = choose(Choice(folders, prompts=('one', 'two')))
    assert [facts.prompt for _, facts in chosen] == ['one', 'two', 'two']
    with pytest.raises(ConfigError, match='2 prompts for 3 folders'):
        Choice((*folders, recorded), prompts=('one', 'two'))


def test_workers_make_the_same_dataset(recorded, made, tmp_path):
    convert(Choice((recorded,)), Plan(tmp_path / 'b', 'v3.0', CONFIG, workers=2), tell=print)
    assert Dataset(tmp_path / 'b').content_sha256 == Dataset(made).content_sha256


def test_nothing_is_written_over(recorded, made):
    with pytest.raises(ConfigError, match='exists'):
        convert(Choice((recorded,)), Plan(made, 'v3.0', CONFIG), tell=print)


def test_an_interrupted_conversion_goes_on_and_redoes_nothing(recorded, tmp_path, monkeypatch):
    out, jobs = tmp_path / 'set', []
    real = convert_module.convert_one

    def stop_at_third(job):
        if len(jobs) == 2:
            raise KeyboardInterrupt
        jobs.append(job)
        return real(job)

    monkeypatch.setattr(convert_module, 'convert_one', stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        convert(Choice((recorded,)), Plan(out, 'v3.0', CONFIG), tell=print)
    assert not out.exists()
    monkeypatch.setattr(convert_module, 'convert_one', real)
    with pytest.raises(ConfigError, match='--resume'):
        convert(Choice((recorded,)), Plan(out, 'v3.0', CONFIG), tell=print)
    units = sorted((tmp_path / 'set.partial/units').iterdir())
    before = {unit: (unit / 'unit.json').stat().st_mtime_ns for unit in units}
    assert len(before) == 2
    kept = Plan(out, 'v3.0', CONFIG, resume=True, keep_units=True)
    convert(Choice((recorded,)), kept, tell=print)
    assert {u: (u / 'unit.json').stat().st_mtime_ns for u in units} == before
    assert len(Dataset(out).rows) == 3


def test_a_label_that_changed_since_makes_its_episode_anew(copied, tmp_path):
    out = tmp_path / 'set'
    plan = Plan(out, 'v3.0', CONFIG, keep_units=True)
    convert(Choice((copied,)), plan, tell=print)
    shutil.rmtree(out)
    labels = episodes_of(copied)[0] / 'labels.json'
    said = json.loads(labels.read_text())
    said['marks'][0]['score'] = 0.5
    labels.write_text(json.dumps(said))
    again = Plan(out, 'v3.0', CONFIG, resume=True)
    convert(Choice((copied,)), again, tell=print)
    assert Dataset(out).numbers(0)['reward'][-1] == 0.5


def test_what_a_killed_worker_left_half_done_is_made_anew(recorded, tmp_path):
    half = tmp_path / 'set.partial/units' / f'{episodes_of(recorded)[0].name}.tmp'
    half.mkdir(parents=True)
    (half / 'head.mp4').write_bytes(b'half a video')
    plan = Plan(tmp_path / 'set', 'v3.0', CONFIG, resume=True)
    convert(Choice((recorded,)), plan, tell=print)
    assert len(Dataset(tmp_path / 'set').rows) == 3


# What is wrong with a recording: a clear error each, and nothing lost.


def refuse(root, out, words, **changes):
    told = []
    with pytest.raises((EpisodeError, ContractMismatch)) as caught:
        convert(Choice((root,)), Plan(out, 'v3.0', CONFIG, **changes), tell=told.append)
    text = '\n'.join([*told, str(caught.value)])
    for word in words:
        assert word in text, text
    assert not out.exists()


def test_a_truncated_bag_is_named_and_the_rest_can_go_on(copied, tmp_path):
    torn = episodes_of(copied)[0]
    bag = next(torn.glob('*.mcap'))
    os.truncate(bag, bag.stat().st_size // 2)
    size = bag.stat().st_size
    out = tmp_path / 'set'
    refuse(copied, out, [torn.name, 'not a whole MCAP file', '--skip-bad'])
    assert bag.stat().st_size == size
    plan = Plan(out, 'v3.0', CONFIG, resume=True, skip_bad=True)
    convert(Choice((copied,)), plan, tell=print)
    assert len(Dataset(out).rows) == 2


def test_fewer_frames_than_said_are_refused(copied, tmp_path):
    path = episodes_of(copied)[2] / 'episode.json'
    meta = json.loads(path.read_text())
    meta['frames'] = 30
    path.write_text(json.dumps(meta))
    refuse(copied, tmp_path / 'set', ['holds 18 of the 30 frames', 'episodes repair'])


def test_a_label_beyond_the_end_is_refused(copied, tmp_path):
    path = episodes_of(copied)[0] / 'labels.json'
    said = json.loads(path.read_text())
    said['marks'][0]['frame'] = 99
    path.write_text(json.dumps(said))
    with pytest.raises(Exception, match='beyond the end: frames go from 0 to 19'):
        choose(Choice((copied,)))


def test_a_bad_label_can_be_left_out_and_is_told(copied, tmp_path):
    path = episodes_of(copied)[0] / 'labels.json'
    path.write_text('half a')
    told = []
    plan = Plan(tmp_path / 'set', 'v3.0', CONFIG, skip_bad=True)
    convert(Choice((copied,)), plan, tell=told.append)
    assert told[0].startswith(f'refused {path.parent.name}')
    assert len(Dataset(tmp_path / 'set').rows) == 2


def test_episodes_without_marks_are_told(copied, tmp_path):
    told = []
    convert(Choice((copied,)), Plan(tmp_path / 'set', 'v3.0', CONFIG), tell=told.append)
    assert told == ['note: 1 of 3 episodes have no stage marks: no stage of them pays']


def test_a_dataset_without_cameras_is_one(copied, tmp_path):
    plan = Plan(tmp_path / 'set', 'v3.0', CONFIG, cameras=())
    convert(Choice((copied,)), plan, tell=print)
    assert Dataset(tmp_path / 'set').videos == {}
    assert not list((tmp_path / 'set').rglob('*.mp4'))


def test_an_episode_without_one_of_the_cameras_is_named(copied, tmp_path):
    make_episode(copied, frames=12, seed=9, cameras=('head', 'left_wrist'))
    refuse(
        copied, tmp_path / 'a', ['20250615-000009-made0012', 'cameras is', 'convert them apart']
    )
    refuse(
        copied,
        tmp_path / 'b',
        ["no camera 'right_wrist' was recorded", '--cameras'],
        cameras=('head', 'right_wrist'),
    )


def test_an_episode_that_occurs_twice_is_refused_with_both_places(recorded, copied):
    with pytest.raises(ContractMismatch, match='occurs 2 times') as caught:
        choose(Choice((recorded, copied)))
    assert str(recorded) in str(caught.value)
    assert str(copied) in str(caught.value)


def test_episodes_of_different_bodies_are_refused_with_both_hashes(copied):
    path = episodes_of(copied)[0] / 'episode.json'
    meta = json.loads(path.read_text())
    meta['layout_id'] = f'{1:016x}'
    path.write_text(json.dumps(meta))
    with pytest.raises(ContractMismatch, match='different bodies: .*0000000000000001'):
        choose(Choice((copied,)))


def test_a_body_that_is_described_otherwise_here_is_refused(copied, tmp_path):
    for folder in episodes_of(copied):
        meta = json.loads((folder / 'episode.json').read_text())
        meta['layout_id'] = f'{1:016x}'
        (folder / 'episode.json').write_text(json.dumps(meta))
    refuse(copied, tmp_path / 'set', ['recorded with layout 0000000000000001'])


def test_a_folder_without_episodes_and_filters_that_leave_none_say_so(recorded, tmp_path):
    with pytest.raises(EpisodeError, match='holds no sealed episode'):
        choose(Choice((tmp_path,)))
    with pytest.raises(ConfigError, match='passes the filters'):
        choose(Choice((recorded,), tasks=('basket_carry',)))


def test_a_running_episode_is_left_alone(copied):
    folder = episodes_of(copied)[0]
    folder.rename(folder.with_name(folder.name + '.partial'))
    assert len(choose(Choice((copied,)))) == 2


def test_frames_before_the_first_image_are_left_out_and_marks_move_along(recorded, monkeypatch):
    """A camera that comes late: nothing is invented for the frames before."""
    source = convert_module.NativeSource(episodes_of(recorded)[0])
    table = source._episode.table()
    received = dict(table.received)
    received['head_color'] = np.where(np.arange(20) < 4, 0, received['head_color'])
    late = type(table)(**{**vars(table), 'received': received})
    monkeypatch.setattr(Episode, 'table', lambda self: late)
    assert source.facts.frames == 16
    assert source.facts.ends[0].frame == 15
    raw = source.raw()
    assert raw.reward[15] == 1.0
    assert raw.stamp_ns[0] == table.stamp_ns[4]
