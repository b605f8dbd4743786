# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Repair of what is not a plain kill (test_crash.py): lost files, broken copies, double ids."""

from dataclasses import replace
import shutil

import pytest

from hvd_ros.core.bag.file import BagFile, Recorded
from hvd_ros.core.episodes.meta import load_meta, meta_to_json
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.repair import repair, repair_all
from hvd_ros.core.episodes.seal import bag_path, partial_folder
from hvd_ros.core.episodes.stage_marks import TAKEN_BACK, mark_to_cdr
from hvd_ros.core.episodes.streams import MARK_KIND, MARKS_TOPIC
from hvd_ros.core.episodes.verify import verify
from hvd_ros.core.errors import EpisodeError
from test import episode_maker as maker


@pytest.fixture
def folder(tmp_path):
    return maker.make_episode(tmp_path, frames=6, cameras=('head',))


def content(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_a_whole_episode_is_not_touched(folder):
    before = content(folder)
    assert repair(folder) == repair(folder)
    assert not repair(folder).done
    assert content(folder) == before


def test_killed_between_the_last_word_and_the_rename_it_stays_healthy(folder):
    before = content(folder)
    partial = folder.rename(partial_folder(folder))
    done = repair(partial)
    assert done.folder == folder
    assert content(folder) == before
    assert load_meta(folder).healthy


def test_a_description_from_the_start_is_completed_from_the_bag(folder):
    partial = folder.rename(partial_folder(folder))
    (partial / 'metadata.yaml').unlink()
    meta = replace(load_meta(partial), frames=0, duration_s=0.0, rate_hz=0.0)
    (partial / 'episode.json').write_text(meta_to_json(meta))
    assert repair(partial).rescued
    found = load_meta(folder)
    assert (found.frames, found.healthy) == (6, False)
    assert found.duration_s == pytest.approx(0.5)
    assert found.rate_hz == pytest.approx(10.0)
    assert found.prompt == 'insert the pen into the pen case'
    assert verify(folder) == []


def test_marks_of_a_killed_recorder_become_labels_but_not_one_that_was_taken_back(tmp_path):
    folder = maker.make_episode(tmp_path, task='wipe_board', frames=6, cameras=('head',))
    path = bag_path(folder)
    messages = list(Episode.open(folder).messages())
    end_ns = max(message.log_ns for message in messages)
    given = [
        (1, 0, 1.0),
        (2, 1, 0.0),
        (2, 1, TAKEN_BACK),
        (3, 1, 0.5),
        (4, 2, 1.0),
        (4, 2, TAKEN_BACK),
    ]
    for n, (frame, stage, score) in enumerate(given):
        data = mark_to_cdr(end_ns + n, folder.name, frame, stage, score, 'operator')
        messages.append(Recorded(MARKS_TOPIC, MARK_KIND, end_ns + n, end_ns + n, data))
    path.unlink()
    bag = BagFile(path)
    bag.append(messages)
    bag.finish()
    (folder / 'metadata.yaml').unlink()
    done = repair(folder.rename(partial_folder(folder)))
    assert done.rescued
    with Episode.open(done.folder) as episode:
        marks = [(m.frame, m.stage, m.score, m.author) for m in episode.labels.marks]
    assert marks == [(1, 0, 1.0, 'operator'), (3, 1, 0.5, 'operator')]
    assert verify(done.folder) == []
    before = content(done.folder)
    assert not repair(done.folder).done
    assert content(done.folder) == before


def test_a_copy_that_was_cut_off_is_mended_and_says_so(folder):
    path = bag_path(folder)
    path.write_bytes(path.read_bytes()[:-100])
    assert '6 frames are left' in repair(folder).done
    assert not load_meta(folder).healthy
    assert verify(folder) == []
    assert not repair(folder).done


def test_a_lost_description_is_made_again_as_far_as_the_bag_knows(folder):
    (folder / 'episode.json').write_text('{')
    (folder / 'metadata.yaml').unlink()
    assert 'made again' in repair(folder).done
    meta = load_meta(folder)
    assert (meta.frames, meta.task, meta.healthy) == (6, 'pen_insert', False)
    assert 'prompt, operator, kind' in meta.notes[0]
    assert not repair(folder).done


def test_a_lost_metadata_file_is_made_again_bit_for_bit(folder):
    before = content(folder)
    (folder / 'metadata.yaml').unlink()
    assert repair(folder).done == 'metadata.yaml was made again'
    assert content(folder) == before


def test_the_same_id_twice_loses_neither(folder):
    partial = partial_folder(folder)
    shutil.copytree(folder, partial)
    bag_path(partial).write_bytes(bag_path(partial).read_bytes()[:-100])
    before = content(folder)
    done = repair(partial)
    assert not done.rescued
    assert 'exists already' in done.done
    assert content(folder) == before
    assert partial.is_dir()


def test_nothing_recorded_and_no_bag_are_said(tmp_path):
    empty = tmp_path / 'task' / 'x.partial'
    empty.mkdir(parents=True)
    (empty / 'episode.json').write_text('{}')
    assert [r.done for r in repair_all(tmp_path)] == ['nothing was recorded; remove it']
    (empty / 'x_0.mcap').write_bytes(b'')
    (result,) = repair_all(tmp_path)
    assert not result.rescued
    assert 'not an MCAP file (0 bytes)' in result.done


def test_one_that_can_not_be_rescued_does_not_stop_the_others(folder, tmp_path):
    odd = folder.with_name('a.partial')
    odd.mkdir()
    (odd / 'a_0.mcap').write_bytes(b'garbage' * 100)
    torn = folder.rename(partial_folder(folder))
    bag_path(torn).write_bytes(bag_path(torn).read_bytes()[:-100])
    rescued = {r.folder.name: r.rescued for r in repair_all(tmp_path)}
    assert rescued == {'a.partial': False, folder.name: True}
    assert (odd / 'a_0.mcap').read_bytes() == b'garbage' * 100
    assert Episode.open(folder).meta.frames == 6


def test_a_wrong_root_is_said(tmp_path):
    with pytest.raises(EpisodeError, match='HVD_DATA_DIR'):
        repair_all(tmp_path / 'nowhere')
