# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Data that must not be learnt from is refused in one message that names the way out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError, ContractMismatch, HvdError
from hvd_training.data.dataset import Dataset
from hvd_training.data.loading.config import DataConfig
from hvd_training.data.loading.opening import open_corpus
from hvd_training.data.loading.starts import choose_starts
from hvd_training.data.reader import DatasetReader
from hvd_training.data.subset import merge
from test.training.learning_data import Numbers, dataset, good_and_bad

CONFIG = DataConfig(horizon=5, validation=0.0)


def test_datasets_that_are_normalised_differently_are_refused_with_the_command(
    tmp_path: Path,
) -> None:
    demos = dataset(tmp_path / 'demos', good_and_bad(2))
    mixed = dataset(tmp_path / 'mixed', good_and_bad(2, first=2))
    with pytest.raises(ContractMismatch, match=f'hvd dataset stats {mixed} --use {demos}'):
        open_corpus([f'optimal:{demos}', f'mixed:{mixed}'], CONFIG)


def test_actions_that_may_be_those_of_the_step_before_are_not_mixed_with_others(
    tmp_path: Path,
) -> None:
    demos = dataset(tmp_path / 'demos', good_and_bad(2))
    before = dataset(tmp_path / 'before', good_and_bad(2, first=2), like=demos)
    path = before / 'meta' / 'hvd.json'
    text = path.read_text()
    assert '"action_time": "step_end"' in text
    path.write_text(text.replace('"action_time": "step_end"', '"action_time": ""'))
    for specs in ((demos, before), (before, demos)):
        with pytest.raises(ContractMismatch, match=f'{before} does not say when .* convert'):
            open_corpus([str(one) for one in specs], CONFIG)
    with pytest.raises(ContractMismatch, match='does not say when'):
        merge([Dataset(demos), Dataset(before)], tmp_path / 'both', 'v3.0')


def test_statistics_that_changed_since_they_were_referred_to_are_refused(tmp_path: Path) -> None:
    demos = dataset(tmp_path / 'demos', good_and_bad(2))
    mixed = dataset(tmp_path / 'mixed', good_and_bad(2, first=2), like=demos)
    path = demos / 'meta' / 'norm_stats.json'
    path.write_text(path.read_text().replace('"floor": 0.01', '"floor": 0.02'))
    with pytest.raises(ContractMismatch, match='changed by hand'):
        open_corpus([str(mixed)], CONFIG)


def test_datasets_of_two_bodies_are_refused(tmp_path: Path) -> None:
    first = dataset(tmp_path / 'a', [Numbers(0)])
    second = dataset(tmp_path / 'b', [Numbers(1, layout_id='0x2')])
    with pytest.raises(ContractMismatch, match='differ in their layout'):
        open_corpus([str(first), str(second)], CONFIG)


@pytest.mark.parametrize('column', ['observation.state', 'action', 'reward'])
def test_a_number_that_is_none_is_named_with_its_place(tmp_path: Path, column: str) -> None:
    root = dataset(tmp_path / 'd', [Numbers(0, 6), Numbers(1, 6)])
    file = next((root / 'cache').rglob(f'{column}.npy'), None)
    if file is None:
        DatasetReader(root)
        file = next((root / 'cache').rglob(f'{column}.npy'))
    values = np.load(file)
    values[8] = np.nan
    np.save(file, values)
    with pytest.raises(ContractMismatch, match=r'no number at frame 2 of episode 1 \(made-1\)'):
        open_corpus([str(root)], CONFIG)


def test_a_chunk_that_is_longer_than_every_episode_is_refused(tmp_path: Path) -> None:
    corpus = open_corpus([str(dataset(tmp_path / 'd', good_and_bad(3, frames=6)))],
                         replace(CONFIG, horizon=9))  # fmt: skip
    with pytest.raises(ConfigError, match=r'--data\.horizon 8 or less'):
        choose_starts(corpus)


@pytest.mark.parametrize(
    ('spec', 'said'),
    [
        ('nowhere', 'nowhere is not there'),
        ('optmal:nowhere', "did you mean 'optimal'"),
    ],
)
def test_a_name_of_nothing_is_refused(spec: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        open_corpus([spec], CONFIG)


def test_learning_from_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match='no dataset was named'):
        open_corpus([], CONFIG)


def test_a_dataset_without_statistics_is_told_to_make_them(tmp_path: Path) -> None:
    root = dataset(tmp_path / 'd', good_and_bad(2))
    (root / 'meta' / 'norm_stats.json').unlink()
    with pytest.raises(ConfigError, match=f'run `hvd dataset stats {root}`'):
        open_corpus([str(root)], CONFIG)


@pytest.mark.parametrize(
    ('observe', 'said'),
    [
        ('sim_state', 'has no observation.sim_state'),
        ('cloud', 'has no clouds'),
        ('rgb.head', "no camera 'head'"),
    ],
)
def test_what_the_data_does_not_have_can_not_be_seen(
    tmp_path: Path, observe: str, said: str
) -> None:
    root = str(dataset(tmp_path / 'd', good_and_bad(2)))
    with pytest.raises(HvdError, match=said):
        open_corpus([root], replace(CONFIG, observe=(observe,)))


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'observe': ('stat',)}, "did you mean 'state'"),
        ({'observe': ()}, 'observe is empty'),
        ({'normalise': 'zscor'}, "did you mean 'zscore'"),
        ({'horizon': 0}, 'outside'),
    ],
)
def test_a_config_of_data_that_makes_no_sense_is_refused(change: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        replace(CONFIG, **change)
