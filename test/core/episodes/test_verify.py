# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Each thing that can be wrong with an episode gives one clear line, and nothing is changed."""

from dataclasses import replace
import json
import shutil

import numpy as np
import pytest

from hvd_ros.core.bag import cdr, rosbag2
from hvd_ros.core.bag.file import BagFile, Recorded
from hvd_ros.core.episodes.checksums import FILE, listing, sha256
from hvd_ros.core.episodes.meta import load_meta, meta_to_json
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.seal import bag_path
from hvd_ros.core.episodes.verify import verify, verify_all
from hvd_ros.core.mux.command import Source
from test import episode_maker as maker

COLOR = '/camera/head/color/image_raw/compressed'


@pytest.fixture
def folder(tmp_path):
    return maker.make_episode(tmp_path, frames=6, cameras=('head',), marks=[(3, 0, 1.0)])


def rewrite(folder, change):
    """Write the bag anew with change(message) -> messages instead of each."""
    path = bag_path(folder)
    messages = list(Episode.open(folder).messages())
    path.unlink()
    bag = BagFile(path)
    bag.append(out for message in messages for out in change(message))
    bag.finish()
    (folder / 'metadata.yaml').write_text(rosbag2.metadata_text(path))


def set_meta(folder, **changes):
    (folder / 'episode.json').write_text(meta_to_json(replace(load_meta(folder), **changes)))


def only(folder, said):
    problems = verify(folder)
    assert len(problems) == 1, problems
    assert said in problems[0]
    assert str(folder) in problems[0]
    assert '\n' not in problems[0]


def test_a_sealed_episode_has_no_problems(folder):
    assert verify(folder) == []
    assert verify_all([folder]) == []


def test_a_picture_that_is_cut_off_is_found_by_decoding_it(folder):
    torn = []

    def tear(message):
        if message.topic != COLOR or torn:
            return [message]
        picture = cdr.decode(message.kind, message.cdr)
        torn.append(message)
        picture.data = picture.data[: len(picture.data) // 20]
        return [replace(message, cdr=cdr.encode(picture))]

    rewrite(folder, tear)
    assert verify(folder) == []
    (problem,) = verify(folder, images=True)
    assert '1 pictures are not whole' in problem
    assert COLOR in problem


def test_pictures_of_another_size_are_found_by_decoding_them(folder):
    assert verify(folder, images=True) == []
    cameras = load_meta(folder).cameras
    set_meta(folder, cameras={n: replace(c, width=c.width + 2) for n, c in cameras.items()})
    problems = verify(folder, images=True)
    assert len(problems) == 2
    assert all('6 pictures are not whole (first: 64x48 instead of 66x48)' in p for p in problems)


def test_truncated_mcap(folder):
    path = bag_path(folder)
    path.write_bytes(path.read_bytes()[:-100])
    only(folder, 'not a whole MCAP file')


def test_wrong_schema(folder):
    path = bag_path(folder)
    data = path.read_bytes()
    # Schemas are repeated in the summary, which is not compressed.
    at = data.rindex(b'float64[] asked')
    summary_crc = len(data) - 8 - 4
    fresh = bytearray(data.replace(b'float64[] asked', b'float32[] asked'))
    assert data[at : at + 15] != fresh[at : at + 15]
    fresh[summary_crc : summary_crc + 4] = bytes(4)  # 0: not checked
    path.write_bytes(fresh)
    problems = verify(folder)
    assert any('wrong schema: hvd_msgs/msg/CommandTrace' in p for p in problems)


def test_a_topic_of_another_kind(folder):
    odom = maker.odometry(maker.START_NS, 0)

    def change(m):
        if m.topic != '/joint_states':
            return [m]
        return [
            Recorded(m.topic, 'nav_msgs/msg/Odometry', m.log_ns, m.publish_ns, cdr.encode(odom))
        ]

    rewrite(folder, change)
    only(
        folder, '/joint_states is a nav_msgs/msg/Odometry, it must be a sensor_msgs/msg/JointState'
    )


def test_missing_camera(folder):
    depth = '/camera/head/depth/image_raw/compressedDepth'
    rewrite(folder, lambda m: [] if m.topic in (COLOR, depth) else [m])
    problems = verify(folder)
    assert any('missing camera: head has no color images' in p for p in problems)
    assert any('missing camera: head has no depth images' in p for p in problems)


def test_a_frame_that_names_an_image_which_is_not_there(folder):
    gone = Episode.open(folder).table().received['head_color'][2]
    rewrite(folder, lambda m: [] if (m.topic, m.log_ns) == (COLOR, gone) else [m])
    only(folder, f'1 frames (first: 2) name messages of {COLOR}')


def test_mixed_bodies_within_an_episode(folder):
    def change(m):
        if m.topic != '/recorded/mux/trace':
            return [m]
        odd = maker.trace(m.publish_ns, Source.TELEOP, 0)
        odd.layout_id = 5
        return [Recorded(m.topic, m.kind, m.log_ns, m.publish_ns, cdr.encode(odd))]

    rewrite(folder, change)
    only(folder, 'mixed bodies: /recorded/mux/trace is of layout 0000000000000005')


def test_mixed_bodies_between_episodes(folder, tmp_path):
    other = maker.make_episode(tmp_path, frames=3, cameras=(), cloud=False, seed=9)
    set_meta(other, layout_id='00000000000000ff')
    problems = verify_all([folder, other])
    assert any('2 different bodies' in p and '00000000000000ff' in p for p in problems)


def test_duplicate_episode_ids(folder, tmp_path):
    twin = tmp_path / 'other_task' / folder.name
    shutil.copytree(folder, twin)
    problems = verify_all([folder, twin])
    assert len(problems) == 1
    assert f'duplicate episode id {folder.name}' in problems[0]


def test_a_label_beyond_the_end(folder):
    path = folder / 'labels.json'
    path.write_text(path.read_text().replace('"frame": 3', '"frame": 6'))
    problems = verify(folder)
    assert len(problems) == 1
    assert 'frame 6' in problems[0] or 'beyond the end' in problems[0]


def test_damaged_labels(folder):
    (folder / 'labels.json').write_text('{')
    assert any('labels.json' in p for p in verify(folder))


def test_counts_that_do_not_agree(folder):
    set_meta(folder, frames=7)
    assert any('counts 7 frames, the bag has 6' in p for p in verify(folder))
    set_meta(folder, frames=6)
    text = (folder / 'metadata.yaml').read_text()
    (folder / 'metadata.yaml').write_text(text.replace('message_count: 6\n', 'message_count: 5\n'))
    only(folder, 'metadata.yaml does not describe this bag')
    (folder / 'metadata.yaml').unlink()
    only(folder, 'metadata.yaml is missing')


def test_a_message_that_does_not_decode(folder):
    first = next(iter(Episode.open(folder).messages(['/odom'])))

    def change(m):
        cut = (m.topic, m.log_ns) == ('/odom', first.log_ns)
        return [replace(m, cdr=m.cdr[:60])] if cut else [m]

    rewrite(folder, change)
    only(folder, 'are not a nav_msgs/msg/Odometry')


def test_a_clock_that_was_set_back(folder):
    def change(m):
        if m.topic != '/odom' or m.log_ns < maker.tick_ns(3):
            return [m]
        early = maker.odometry(m.publish_ns - 3_600 * cdr.NS, 0)
        return [replace(m, cdr=cdr.encode(early))]

    rewrite(folder, change)
    only(folder, '/odom: 1 stamps are older than the one before; was a clock set back?')


def test_a_file_that_does_not_fit_its_checksum(folder):
    path = bag_path(folder)
    (folder / FILE).write_text(listing({path.name: sha256(path)}))
    assert verify(folder) == []
    (folder / FILE).write_text(listing({path.name: '0' * 64, 'gone.mcap': '1' * 64}))
    problems = verify(folder)
    assert any(f'{path.name} does not fit its checksum' in p for p in problems)
    assert any('gone.mcap is missing' in p for p in problems)


def test_the_numbers_of_the_maker_are_finite_where_they_must_be(folder):
    """The fixture itself: NaN only in the velocity of the base, which is defined so."""
    table = Episode.open(folder).table()
    assert np.isfinite(table.position).all()
    assert np.isfinite(table.sent).all()


def test_verifying_changes_nothing(folder):
    path = bag_path(folder)
    path.write_bytes(path.read_bytes()[:-100])
    (folder / 'labels.json').write_text('{')
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    verify_all([folder])
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert json.loads((folder / 'episode.json').read_text())['frames'] == 6
