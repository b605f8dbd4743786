# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong while an episode is recorded: loud, and nothing is lost."""

import errno
import time

import pytest

from hvd_ros.core.bag.file import BagFile
from hvd_ros.core.episodes.reader import Episode, list_episodes
from hvd_ros.core.recorder.session import Phase
from test.core.recorder.desk_rig import Rig, saved

GB = 1_000_000_000


@pytest.mark.parametrize('how', ['unplugged', 'repeats its stamp', 'repeats its image'])
def test_a_camera_that_fails_is_known_within_a_second(tmp_path, how):
    rig = Rig(tmp_path, frozen_s=0.8 if how == 'repeats its image' else 0.0)
    rig.start()
    rig.ticks(10)
    assert not rig.desk.troubles
    last = rig.arrivals[-4]
    data = next(a for a in reversed(rig.arrivals) if a.stream.name == 'head_color').data
    if how == 'unplugged':
        rig.silent = {'head_color'}
    elif how == 'repeats its stamp':
        rig.frozen['head_color'] = lambda stamp, _: (last.stamp_ns, data)
    else:
        rig.frozen['head_color'] = lambda stamp, _: (stamp, data)
    rig.ticks(10)
    assert 'head_color' in rig.desk.missing
    text, fix = rig.desk.said(rig.now_ns)
    assert 'head_color' in text
    assert 'head camera' in fix
    assert 'TROUBLE: head_color' in rig.bad_news()
    # It comes back: the log says so once, and the episode remembers.
    rig.silent, rig.frozen = set(), {}
    rig.ticks(2)
    assert not rig.desk.troubles
    assert rig.told[-1] == ('all is well again', False)
    rig.silent = {'head_color'}
    rig.ticks(10)
    rig.ask('stop')
    assert 'BELOW ITS FLOOR' in rig.bad_news() or how == 'repeats its image'
    rig.desk.close(rig.now_ns)


def test_an_image_that_really_stands_still_in_the_simulator_is_no_fault(rig):
    rig.start()
    data = next(a for a in rig.arrivals if a.stream.name == 'head_color').data
    rig.frozen['head_color'] = lambda stamp, _: (stamp, data)
    rig.ticks(20)
    assert not rig.desk.troubles


def test_an_episode_below_its_floor_is_marked_and_said_loudly(rig):
    rig.start()
    rig.ticks(10)
    rig.silent = {'left_wrist_color'}
    rig.ticks(15)
    rig.silent = set()
    rig.ticks(2)
    rig.ask('stop')
    assert 'left_wrist_color' in rig.desk.troubles[0]
    assert 'BELOW ITS FLOOR: left_wrist_color' in rig.bad_news()
    rig.ask('save')
    (folder,) = list_episodes(rig.desk._config.root)
    with Episode.open(folder) as episode:
        assert not episode.meta.healthy
        assert any('left_wrist_color' in note for note in episode.meta.notes)


def test_ticks_that_come_late_are_counted_and_make_the_episode_unhealthy(rig):
    rig.start()
    rig.ticks(10)
    rig.index += 9  # nobody ticked for so long
    rig.ticks(1)
    assert rig.desk.recording.cadence.late >= 9
    rig.ticks(5)
    rig.ask('stop')
    assert any('no frame for' in fault for fault in rig.desk.troubles)


def test_the_time_that_opening_takes_makes_no_frame_late(rig):
    rig.start()
    rig.ticks(1, late_ns=70_000_000)
    rig.ticks(1, late_ns=70_000_000)
    cadence = rig.desk.recording.cadence
    assert cadence.late == 0
    assert cadence.report(rig.now_ns)['tick_error_ms_p99'] == 0.0


def test_a_slow_simulator_marks_the_episode(rig):
    rig.start()
    rig.desk.real_time(0.91)
    rig.ticks(10)
    with saved(rig) as episode:
        assert episode.meta.real_time_factor == 0.91
        assert not episode.meta.healthy


def test_a_full_disk_stops_the_episode_keeps_what_was_written_and_never_raises(rig):
    rig.start()
    rig.ticks(10)
    _drained(rig)
    rig.free = 0
    _until(rig, lambda: rig.desk.session.phase is Phase.STOPPED)
    text, fix = rig.desk.said(rig.now_ns)
    assert 'disk full' in text
    assert fix
    rig.free = 50 * GB
    assert rig.ask('save').granted
    (folder,) = list_episodes(rig.desk._config.root)
    with Episode.open(folder) as episode:
        assert not episode.meta.healthy
        assert episode.table().frames >= 9
        assert any('disk full' in note for note in episode.meta.notes)


def test_a_disk_that_becomes_read_only_stops_the_episode_loudly(rig, monkeypatch):
    rig.start()
    rig.ticks(10)
    _drained(rig)

    def refuse(self, messages):
        raise OSError(errno.EROFS, 'read only')

    monkeypatch.setattr(BagFile, 'append', refuse)
    _until(rig, lambda: rig.desk.session.phase is Phase.STOPPED)
    assert 'Read-only file system' in rig.bad_news()
    assert rig.desk.troubles
    monkeypatch.undo()
    assert rig.ask('discard').granted
    assert not rig.desk.troubles


def _drained(rig):
    """Wait until everything is on the disk."""
    _until(rig, lambda: rig.desk.recording.status.queued_bytes == 0, tick=False)


def _until(rig, condition, tick=True):

    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        if tick:
            rig.ticks(1)
        time.sleep(0.002)
