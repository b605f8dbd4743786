# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An episode as training sees it: the numbers that were put in, and the images of each frame."""

import copy
import os
from pathlib import Path

import numpy as np
import pytest

from hvd_ros.core.bag import index as bag_index
from hvd_ros.core.episodes.reader import Episode, list_episodes
from hvd_ros.core.errors import EpisodeError
from hvd_ros.core.mux.command import Mode, Source
from hvd_ros.core.vision.codec import decode_color
from test import episode_maker as maker

FRAMES = 24
DELAY_NS = 2 * maker.LATENCY_NS  # of the newest joints, odometry and trace at each tick


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp('root')
    return maker.make_episode(root, frames=FRAMES, kind='rollout', seed=2, marks=[(5, 0, 1.0)])


@pytest.fixture
def episode(folder):
    with Episode.open(folder) as opened:
        yield opened


def test_the_table_holds_the_numbers_that_were_put_in(episode):
    table = episode.table()
    assert table.stamp_ns.tolist() == [maker.tick_ns(i) for i in range(FRAMES)]
    for i, tick in enumerate(table.stamp_ns):
        then = tick - DELAY_NS
        assert np.allclose(table.position[i], maker.position_at(then, 2), atol=1e-12)
        assert np.allclose(table.velocity[i], maker.velocity_at(then, 2), equal_nan=True)
        assert np.array_equal(table.asked[i], maker.asked_at(then, 2))
        assert np.array_equal(table.sent[i], maker.sent_at(then, 2))
    assert table.clip.dtype == np.uint8
    assert not table.clip.any()


def test_every_trace_is_there_at_full_rate(episode):
    table = episode.table()
    assert len(table.trace_ns) == 10 * FRAMES
    assert (np.diff(table.trace_ns) == maker.TRACE_NS).all()
    assert np.array_equal(table.trace_sent[37], maker.sent_at(table.trace_ns[37], 2))
    assert np.array_equal(table.trace_asked[37], maker.asked_at(table.trace_ns[37], 2))
    assert (table.trace_received_ns - table.trace_ns == maker.LATENCY_NS).all()


def test_source_mode_and_takeover(episode):
    table = episode.table()
    half = FRAMES // 2
    assert (table.source[:half] == Source.POLICY).all()
    assert (table.mode[half:] == Mode.TELEOP).all()
    assert table.intervention.tolist() == [False] * half + [True] * half


def test_ages_and_capture_stamps_of_every_stream(episode):
    table = episode.table()
    assert np.allclose(table.ages['head_color'], 0.005)
    assert np.allclose(table.ages['joints'], 0.002)
    assert np.isinf(table.ages['chunk']).all()
    assert (table.stamps['cloud'] == table.stamp_ns - maker.CAPTURED_NS).all()
    assert not table.stamps['chunk'].any()


def test_the_table_can_not_be_written_to(episode):
    table = episode.table()
    for value in (table.position, table.ages['joints'], table.trace_ns):
        with pytest.raises(ValueError, match='read-only'):
            value[0] = 0
    assert episode.table() is table


@pytest.mark.parametrize('index', [0, 7, FRAMES - 1, 3])
def test_images_of_any_frame_in_any_order(episode, index):
    for number, camera in enumerate(maker.CAMERAS):
        color = decode_color(episode.color(camera, index))
        assert np.abs(color.astype(int) - maker.color_of(index, number)).max() <= 6
        assert np.array_equal(episode.depth(camera, index), maker.depth_of(index, number))
    xyz, rgb = episode.cloud(index)
    assert np.array_equal(xyz, maker.cloud_of(index)[0])
    assert np.array_equal(rgb, maker.cloud_of(index)[1])


def test_an_image_is_fetched_without_reading_the_whole_file(folder, monkeypatch):
    episode = Episode.open(folder)
    episode.table()
    episode.bag._cached.cache_clear()
    read = []
    real = os.pread
    monkeypatch.setattr(bag_index.os, 'pread', lambda fd, n, at: read.append(n) or real(fd, n, at))
    episode.color('head', 3)
    size = episode.bag.path.stat().st_size
    assert sum(read) < max(size / 2, 1.1 * 2**20)
    before = len(read)
    episode.color('left_wrist', 3)  # the same chunk
    assert sum(read[before:]) < 10_000


def test_the_table_touches_no_image(folder, monkeypatch):
    episode = Episode.open(folder)
    asked = []
    real = episode.bag._cached
    monkeypatch.setattr(episode.bag, '_cached', lambda i: asked.append(i) or real(i))
    episode.table()
    images = {n for t, (n, _) in episode.bag.topics.items() if t.endswith(('compressed', 'Depth'))}
    touched = [episode.bag._chunks[i].message_index_offsets for i in set(asked)]
    assert touched
    assert not any(images & set(channels) for channels in touched)


def test_a_frame_without_an_image_has_none(tmp_path):
    episode = Episode.open(maker.make_episode(tmp_path, frames=2, cameras=('head',), cloud=False))
    with pytest.raises(EpisodeError, match="no camera 'left_wrist'"):
        episode.color('left_wrist', 0)
    with pytest.raises(EpisodeError, match="no stream 'cloud'"):
        episode.cloud(0)
    assert episode.sampled('teleop', 0) is None
    with pytest.raises(EpisodeError, match='no frame 2'):
        episode.color('head', 2)


def test_labels_are_read_anew_and_empty_where_nobody_labelled(folder, tmp_path):
    assert [m.frame for m in Episode.open(folder).labels.marks] == [5]
    plain = Episode.open(maker.make_episode(tmp_path, frames=2, cameras=(), cloud=False))
    assert plain.labels.marks == ()
    assert plain.labels.frames == 2


def test_messages_come_by_log_time_and_by_topic(episode):
    times = [m.log_ns for m in episode.messages()]
    assert times == sorted(times)
    some = list(episode.messages(['/odom']))
    assert {m.topic for m in some} == {'/odom'}
    assert len(some) == 10 * FRAMES


def test_forked_workers_share_an_open_episode(episode):
    wanted = [episode.color('head', i) for i in range(FRAMES)]
    workers = []
    for number in range(3):
        pid = os.fork()
        if pid == 0:
            same = all(episode.color('head', i) == wanted[i] for i in range(number, FRAMES, 3))
            os._exit(0 if same else 1)
        workers.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in workers] == [0, 0, 0]


def test_an_episode_travels_to_a_spawned_worker(episode):
    episode.table()
    again = copy.deepcopy(episode)  # by the same protocol
    assert again.color('head', 4) == episode.color('head', 4)


def test_listing_skips_what_is_not_sealed(tmp_path):
    one = maker.make_episode(tmp_path, frames=2, cameras=(), cloud=False)
    two = maker.make_episode(tmp_path, task='wipe_board', frames=2, cameras=(), cloud=False)
    for tail in ('.partial', '.copying'):
        odd = one.with_name('half' + tail)
        odd.mkdir()
        (odd / 'episode.json').write_text('{}')
    assert list_episodes(tmp_path) == [one, two]
    with pytest.raises(EpisodeError, match='HVD_DATA_DIR'):
        list_episodes(tmp_path / 'nowhere')


@pytest.mark.parametrize(
    ('break_it', 'said'),
    [
        (lambda f: f.with_name('x.partial'), 'never sealed'),
        (lambda f: Path('/nowhere'), 'is not a folder'),
        (lambda f: (f / 'episode.json').unlink(), 'episode.json: not readable'),
        (lambda f: next(f.glob('*.mcap')).unlink(), 'mcap is missing'),
        (lambda f: f.rename(f.with_name('other')), 'rename the folder back'),
        (lambda f: next(f.glob('*.mcap')).write_bytes(b'no'), 'not a whole MCAP file'),
    ],
)
def test_what_is_no_episode_is_refused_in_one_line(tmp_path, break_it, said):
    folder = maker.make_episode(tmp_path, frames=2, cameras=(), cloud=False)
    broken = break_it(folder)
    with pytest.raises(EpisodeError, match=said) as error:
        Episode.open(broken if isinstance(broken, Path) else folder)
    assert '\n' not in str(error.value)
