# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""labels.json: nothing that was said gets lost, whatever happens to the file or the process."""

from dataclasses import replace
import json
import multiprocessing
import os
from pathlib import Path

import pytest

from hvd_ros.core.errors import LabelError
from hvd_ros.core.labels import file as labels_file
from hvd_ros.core.labels.file import load_labels, save_labels, update_labels
from hvd_ros.core.labels.labels import Mark, empty_labels

EMPTY = empty_labels('ep1', 'wipe_board', 100)
ONE = replace(
    EMPTY,
    marks=(Mark(10, 0, 0.5, 'Änna', '2026-01-02T03:04:05+01:00'),),
    finished=('Änna',),
    outcome='partial',
    notes='eraser\nfell',
)


def test_what_is_saved_is_what_is_loaded(tmp_path):
    assert load_labels(tmp_path) is None
    save_labels(tmp_path, ONE)
    assert load_labels(tmp_path, episode_id='ep1', frames=100) == ONE
    assert [path.name for path in tmp_path.iterdir()] == ['labels.json']


def edited(tmp_path, change):
    save_labels(tmp_path, ONE)
    path = tmp_path / 'labels.json'
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    return path


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        (lambda d: d['marks'][0].update(frame=100), 'beyond the end'),
        (lambda d: d['marks'][0].update(frame=1.5), 'frame is 1.5, not int'),
        (lambda d: d['marks'][0].update(frame=True), 'frame is True'),
        (lambda d: d['marks'][0].update(stage=3), 'is unknown; allowed: 0 to 2'),
        (lambda d: d['marks'][0].update(score=0.3), 'allowed: 0, 0.5 and 1'),
        (lambda d: d['marks'][0].update(score=True), 'not a number'),
        (lambda d: d['marks'].append(dict(d['marks'][0])), 'marked stage 0 twice'),
        (lambda d: d.pop('marks'), 'marks'),
        (lambda d: d.update(marks=3), 'not iterable'),
        (lambda d: d.update(stages='abc'), 'not a list'),
        (lambda d: d.update(version=2), 'version 2, this program reads 1'),
        (lambda d: d.update(kind='else'), 'not a file of labels'),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_name_and_kept(tmp_path, change, words):
    path = edited(tmp_path, change)
    before = path.read_bytes()
    for attempt in (
        lambda: load_labels(tmp_path),
        lambda: save_labels(tmp_path, EMPTY),
        lambda: update_labels(tmp_path, EMPTY, lambda labels: labels),
    ):
        with pytest.raises(LabelError) as error:
            attempt()
        assert words in str(error.value)
        assert str(path) in str(error.value)
    assert path.read_bytes() == before


def test_labels_of_another_episode_or_length_are_refused(tmp_path):
    save_labels(tmp_path, ONE)
    with pytest.raises(LabelError, match='of episode ep1, this one is ep2'):
        load_labels(tmp_path, episode_id='ep2')
    with pytest.raises(LabelError, match='count 100 frames, the episode has 90'):
        update_labels(tmp_path, replace(EMPTY, frames=90), lambda labels: labels)
    assert load_labels(tmp_path) == ONE


def test_half_a_file_is_refused_and_kept(tmp_path):
    path = save_labels(tmp_path, ONE)
    path.write_text(path.read_text()[:50])
    with pytest.raises(LabelError, match='not readable'):
        save_labels(tmp_path, EMPTY)
    assert len(path.read_text()) == 50


@pytest.mark.parametrize('step', ['fsync', 'replace'])
def test_a_full_disk_leaves_the_old_file_and_says_so(tmp_path, monkeypatch, step):
    save_labels(tmp_path, ONE)

    def full(*args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(*((os, 'fsync') if step == 'fsync' else (Path, 'replace')), full)
    with pytest.raises(LabelError, match='can not be written .No space left'):
        save_labels(tmp_path, EMPTY)
    monkeypatch.undo()
    assert load_labels(tmp_path) == ONE


def test_content_is_flushed_before_it_takes_the_name(tmp_path, monkeypatch):
    order = []
    real = os.fsync, Path.replace
    monkeypatch.setattr(os, 'fsync', lambda fd: order.append('flush') or real[0](fd))
    monkeypatch.setattr(Path, 'replace', lambda a, b: order.append('name') or real[1](a, b))
    save_labels(tmp_path, ONE)
    assert order == ['flush', 'name', 'flush']


def _mark_often(folder, name):
    for frame in range(20):
        fresh = [Mark(frame, 0, 1.0, name)]
        update_labels(folder, EMPTY, lambda labels, fresh=fresh: labels.with_marks(name, fresh))


def test_two_processes_lose_nothing_of_each_other(tmp_path):
    context = multiprocessing.get_context('fork')
    names = ('anna', 'ben', 'cleo')
    workers = [context.Process(target=_mark_often, args=(tmp_path, name)) for name in names]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert [m.frame for m in load_labels(tmp_path).marks] == [19, 19, 19]
    assert labels_file.FILE in [path.name for path in tmp_path.iterdir()]
