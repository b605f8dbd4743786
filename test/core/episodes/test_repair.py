# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Repair of what is not a plain kill (test_crash.py): lost files, broken copies, double ids."""

from dataclasses import replace
import shutil

import pytest

from hvd_ros.core.episodes.meta import load_meta, meta_to_json
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.repair import repair, repair_all
from hvd_ros.core.episodes.seal import bag_path, partial_folder
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
