# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd label` on the command line: what it finds, refuses and reports."""

from dataclasses import replace
import json

import pytest

from hvd_ros.cli import main as cli
from hvd_ros.cli.label import find_episodes
from hvd_ros.core.errors import ConfigError
from hvd_ros.core.labels.file import save_labels
from hvd_ros.core.labels.labels import Mark, empty_labels
from test.episode_maker import make_episode


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('episodes')
    for seed in range(2):
        make_episode(folder, task='pen_insert', frames=10, cloud=False, cameras=(), seed=seed)
    for n, episode in enumerate(find_episodes([folder])):
        marks = (Mark(5, 0, 1.0, 'anna'), Mark(5 + n, 0, 1.0 - n / 2, 'ben'))
        labels = empty_labels(episode.name, 'pen_insert', 10)
        save_labels(episode, replace(labels, marks=marks, finished=('anna', 'ben')))
    return folder


def test_an_episode_a_folder_of_them_and_both_give_each_episode_once(root):
    found = find_episodes([root])
    assert len(found) == 2
    assert find_episodes([found[0]]) == [found[0]]
    assert find_episodes([found[1], root]) == [found[1], found[0]]


def test_no_episodes_is_said(tmp_path):
    with pytest.raises(ConfigError, match='no episodes in'):
        find_episodes([tmp_path])
    with pytest.raises(ConfigError, match='is no folder'):
        find_episodes([tmp_path / 'none'])


def test_the_agreement_is_reported_as_text_and_as_json(root, capsys):
    assert cli.main(['label', str(root), '--agreement']) == 0
    assert '50 %' in capsys.readouterr().out
    assert cli.main(['label', str(root), '--agreement', '--json']) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[0]['same_score'] == 0.5
    assert rows[0]['frames_median'] == 0.5


def test_a_damaged_file_is_left_out_of_the_report_by_name(root, capsys):
    path = find_episodes([root])[1] / 'labels.json'
    text = path.read_text()
    path.write_text('{')
    try:
        assert cli.main(['label', str(root), '--agreement']) == 0
    finally:
        path.write_text(text)
    said = capsys.readouterr()
    assert f'left out: {path}' in said.err
    assert '100 %' in said.out


@pytest.mark.parametrize('name', ['operator', 'simulator'])
def test_nobody_labels_as_the_operator_or_the_simulator(root, capsys, name):
    assert cli.main(['label', str(root), '--author', name, '--no-browser']) == 2
    assert 'choose your own name' in capsys.readouterr().err
