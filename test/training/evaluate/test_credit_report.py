# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Credit from runs and datasets: whose chunks count, by which stage, beside which control."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from hvd_ros.cli.main import main
from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.data.loading.opening import open_corpus
from hvd_training.evaluate.credit_report import credit_of, report
from hvd_training.train.value_run import open_value
from test.training.learning_data import dataset, good_and_bad


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dataset(tmp_path_factory.mktemp('data') / 'd', good_and_bad(6))


@pytest.fixture(scope='module')
def runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of three values: of the body, of a random partition, of other chunks."""
    place = tmp_path_factory.mktemp('runs')
    words = ['train-value', str(data), '--preset', 'tiny-hvd', '--data.validation', '0']
    for name, more in (
        ('body', ()),
        ('random', ('--value.partition', 'random')),
        ('longer', ('--data.horizon', '5')),
    ):
        assert main([*words, *more, '--out', str(place / name)]) == 0
    return place


def test_every_chunk_of_the_task_is_counted_and_the_longest_success_drawn(data, runs, tmp_path):
    made = report(runs / 'body', [], tmp_path / 'c.png', controls=[runs / 'random'])
    episodes = good_and_bad(6)
    longest = max((e for e in episodes if e.good), key=lambda e: e.frames)
    assert made.episode_id == longest.facts.episode_id
    assert made.chunks == sum(e.frames for e in episodes)
    assert '| body | 0 |' in made.table
    assert '| random | 0 |' in made.table
    assert made.beyond.keys() == {'whole'}
    assert np.ptp(cv2.imread(str(made.figure))) > 200


def test_an_episode_is_named_by_its_name_or_number(data, runs, tmp_path):
    first = good_and_bad(6)[1].facts.episode_id
    for words in (first, '1'):
        assert report(runs / 'body', [], tmp_path / 'c.png', words).episode_id == first
    with pytest.raises(ConfigError, match="no episode '6' in the data; a number from 0 to 5"):
        report(runs / 'body', [], tmp_path / 'c.png', '6')
    with pytest.raises(ConfigError, match="no episode 'tuesday'"):
        report(runs / 'body', [], tmp_path / 'c.png', 'tuesday')


def test_a_control_of_other_chunks_and_data_normalised_otherwise_are_refused(data, runs, tmp_path):
    with pytest.raises(ContractMismatch, match='control longer was learnt from data read'):
        report(runs / 'body', [], tmp_path / 'c.png', controls=[runs / 'longer'])
    other = dataset(tmp_path / 'o', good_and_bad(4, first=40))
    with pytest.raises(ContractMismatch, match='normalise alike'):
        report(runs / 'body', [str(other)], tmp_path / 'c.png')


def test_weights_are_scaled_by_the_chunks_that_are_counted(data, runs):
    value = open_value(runs / 'body')
    corpus = open_corpus([str(data)], value.config.data)
    found = credit_of(value, corpus, np.flatnonzero(corpus.left > 0))
    assert found.mean == pytest.approx(np.ones(len(found.groups)), abs=0.02)


def test_the_verb_prints_the_table_and_where_the_figure_is(data, runs, tmp_path, capsys):
    figure = tmp_path / 'credit.png'
    assert main(['credit', str(runs / 'body'), str(data), '--out', str(figure), '--json']) == 0
    said = capsys.readouterr().out
    assert '| who | stage | whole |' in said
    assert str(figure) in said
    assert figure.is_file()
    assert main(['credit', str(tmp_path / 'nothing')]) == 2
