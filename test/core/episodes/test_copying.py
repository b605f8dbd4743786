# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Copies to another disk are compared, resumable, and never half there."""

import hashlib
import os
import subprocess

import pytest

from hvd_ros.core.episodes import checksums, copying
from hvd_ros.core.episodes.copying import copy_episodes
from hvd_ros.core.episodes.reader import list_episodes
from hvd_ros.core.episodes.seal import bag_path
from hvd_ros.core.episodes.verify import verify
from hvd_ros.core.errors import EpisodeError
from test import episode_maker as maker


@pytest.fixture
def folders(tmp_path):
    root = tmp_path / 'here'
    plain = {'frames': 3, 'cameras': (), 'cloud': False}
    return [
        maker.make_episode(root, marks=[(1, 0, 1.0)], **plain),
        maker.make_episode(root, task='wipe_board', seed=1, **plain),
    ]


def content(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != checksums.FILE}


def test_copies_are_the_same_and_carry_checksums_that_others_check(folders, tmp_path):
    target = tmp_path / 'there'
    done = copy_episodes(folders, target)
    assert list_episodes(target) == [c.folder for c in done]
    for source, copied in zip(folders, done, strict=True):
        assert content(copied.folder) == content(source)
        assert verify(copied.folder) == []
        command = ['sha256sum', '--check', '--strict', checksums.FILE]
        subprocess.run(command, cwd=copied.folder, check=True, capture_output=True)


def test_a_second_copy_copies_nothing(folders, tmp_path):
    copy_episodes(folders, tmp_path / 'there')
    assert [c.bytes_copied for c in copy_episodes(folders, tmp_path / 'there')] == [0, 0]


def test_labels_that_are_newer_here_are_brought_along_and_those_newer_there_stay(
    folders, tmp_path
):
    copied = copy_episodes(folders, tmp_path / 'there')[0].folder
    here, there = folders[0] / 'labels.json', copied / 'labels.json'
    later = here.stat().st_mtime_ns + 10**9
    here.write_text(here.read_text() + '\n')
    os.utime(here, ns=(later, later))
    assert copy_episodes(folders, tmp_path / 'there')[0].bytes_copied == here.stat().st_size
    assert there.read_bytes() == here.read_bytes()
    there.write_text(there.read_text() + '\n')
    os.utime(there, ns=(later + 1, later + 1))
    copy_episodes(folders, tmp_path / 'there')
    assert there.read_bytes() != here.read_bytes()


def test_an_interrupted_copy_goes_on_where_it_stopped(folders, tmp_path, monkeypatch):
    target = tmp_path / 'there'
    real, calls = copying._copy_file, []

    def stop_at_the_third(path, place):
        calls.append(path.name)
        if len(calls) == 3:
            place.write_bytes(b'half')
            raise OSError(28, 'No space left on device')
        return real(path, place)

    with monkeypatch.context() as broken:
        broken.setattr(copying, '_copy_file', stop_at_the_third)
        with pytest.raises(EpisodeError, match='No space left on device; mend that'):
            copy_episodes(folders, target)
    assert list_episodes(target) == []  # nothing half there
    done = copy_episodes(folders, target)
    assert content(done[0].folder) == content(folders[0])
    again = sum(p.stat().st_size for p in folders[0].iterdir() if p.name in calls[:2])
    whole = sum(len(data) for data in content(folders[0]).values())
    assert done[0].bytes_copied == whole - again


def test_a_disk_that_reads_back_something_else_is_noticed(folders, tmp_path, monkeypatch):
    monkeypatch.setattr(checksums, 'sha256', lambda path: hashlib.sha256(b'rot').hexdigest())
    with pytest.raises(EpisodeError, match='that disk is failing'):
        copy_episodes(folders, tmp_path / 'there')
    assert list_episodes(tmp_path / 'there') == []


def test_damage_before_the_copy_is_not_copied_on(folders, tmp_path):
    first = copy_episodes(folders[:1], tmp_path / 'there')[0].folder
    path = first / 'metadata.yaml'
    path.write_text(path.read_text() + '\n')
    with pytest.raises(EpisodeError, match='was damaged before this copy'):
        copy_episodes([first], tmp_path / 'third')
    assert list_episodes(tmp_path / 'third') == []


def test_another_episode_of_the_same_id_is_not_written_over(folders, tmp_path):
    other = maker.make_episode(
        tmp_path / 'there', frames=4, cameras=(), cloud=False, episode_id=folders[0].name
    )
    before = content(other)
    with pytest.raises(EpisodeError, match='is not the same episode'):
        copy_episodes(folders, tmp_path / 'there')
    assert content(other) == before


def test_a_torn_episode_and_a_copy_onto_itself_are_refused(folders, tmp_path):
    with pytest.raises(EpisodeError, match='onto itself'):
        copy_episodes(folders, tmp_path / 'here')
    bag_path(folders[0]).write_bytes(b'')
    with pytest.raises(EpisodeError, match='not a whole MCAP file'):
        copy_episodes(folders, tmp_path / 'there')
