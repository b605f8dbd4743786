# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
import json

from hypothesis import given, settings
from hypothesis import strategies as st
from made_source import MadeSource, brightness, units_of
import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.data.assemble import assemble
from hvd_training.data.dataset import Dataset
from hvd_training.data.lerobot import layout, video
from hvd_training.data.statistics.check import ERROR, check
from hvd_training.data.subset import divide, merge, split, write_subset

FACTS = MadeSource(0).facts


def dataset(folder, format_, *sources):
    units = units_of(folder / 'units', *sources)
    return Dataset(assemble(units, folder / 'set', format_, folder / 'work'))


@pytest.fixture(scope='module', params=layout.FORMATS)
def six(request, tmp_path_factory):
    sources = [MadeSource(i, 6 + i, kind=('expert', 'rollout')[i % 2]) for i in range(6)]
    return dataset(tmp_path_factory.mktemp('six'), request.param, *sources)


@pytest.mark.parametrize('format_', layout.FORMATS)
def test_the_other_format_holds_the_same_numbers_pixels_and_clouds(six, tmp_path, format_):
    places = [(six, e) for e in range(6)]
    made = Dataset(write_subset(places, tmp_path / 'set', format_))
    assert made.content_sha256 == six.content_sha256
    assert made.facts == six.facts
    assert not [f for f in check(made) if f.level == ERROR]
    for episode in (0, 4):
        a, b = six.clip(episode, 'head'), made.clip(episode, 'head')
        first = [i.tobytes() for i in video.decode_all(a.path)][a.first : a.first + 6 + episode]
        second = [i.tobytes() for i in video.decode_all(b.path)][b.first : b.first + 6 + episode]
        assert first == second
    if format_ == six.format == layout.V30:
        stats = [json.loads((d.root / layout.STATS).read_text()) for d in (six, made)]
        assert stats[0] == stats[1]


def test_a_split_has_every_episode_once_and_merged_again_it_is_the_same(six, tmp_path):
    parts = split(six, tmp_path / 'parts', {'train': 0.5, 'val': 0.5}, 3, six.format)
    opened = {name: Dataset(place) for name, place in parts.items()}
    ids = [f.episode_id for data in opened.values() for f in data.facts]
    assert sorted(ids) == sorted(f.episode_id for f in six.facts)
    whole = Dataset(merge(list(opened.values()), tmp_path / 'whole', layout.V30))
    by_id = {f.episode_id: e for e, f in enumerate(whole.facts)}
    order = [(whole, by_id[f.episode_id]) for f in six.facts]
    again = Dataset(write_subset(order, tmp_path / 'again', six.format))
    assert again.content_sha256 == six.content_sha256


def test_merging_different_bodies_is_refused_and_leaves_nothing(tmp_path):
    a = dataset(tmp_path / 'a', layout.V30, MadeSource(0, 4))
    b = dataset(tmp_path / 'b', layout.V30, MadeSource(1, 4, layout_id='0x2'))
    with pytest.raises(ContractMismatch, match='layout_id is 0x2'):
        merge([a, b], tmp_path / 'c', layout.V30)
    assert not list(tmp_path.glob('c*'))


def test_merging_a_dataset_with_itself_is_refused(tmp_path):
    a = dataset(tmp_path / 'a', layout.V21, MadeSource(0, 4))
    with pytest.raises(ContractMismatch, match="'made-0' occurs twice"):
        merge([a, a], tmp_path / 'c', layout.V21)


@settings(max_examples=60, deadline=None)
@given(counts=st.lists(st.integers(1, 30), min_size=1, max_size=4), seed=st.integers(0, 999))
def test_every_kind_has_its_share_in_every_part(counts, seed):
    facts = [replace(FACTS, task=f'task{g}') for g, n in enumerate(counts) for _ in range(n)]
    parts = divide(facts, {'train': 0.7, 'test': 0.2, 'val': 0.1}, seed)
    assert sorted(e for part in parts.values() for e in part) == list(range(len(facts)))
    for group, count in enumerate(counts):
        for name, share in (('train', 0.7), ('test', 0.2), ('val', 0.1)):
            here = sum(facts[e].task == f'task{group}' for e in parts[name])
            assert abs(here - share * count) <= 1
    assert divide(facts, {'train': 0.7, 'test': 0.2, 'val': 0.1}, seed) == parts


def test_other_seeds_give_other_parts():
    facts = [FACTS] * 40
    parts = {tuple(divide(facts, {'a': 0.5, 'b': 0.5}, seed)['a']) for seed in range(5)}
    assert len(parts) == 5


@pytest.mark.parametrize('shares', [{}, {'a': 0.5}, {'a': 1.5, 'b': -0.5}])
def test_shares_that_do_not_add_up_are_refused(shares):
    with pytest.raises(ConfigError, match='add up to 1'):
        divide([FACTS], shares, 0)


def test_a_part_that_would_be_empty_is_refused(six, tmp_path):
    with pytest.raises(ConfigError, match=r"part 'v[12]' would be empty"):
        split(six, tmp_path, {'train': 0.98, 'v1': 0.01, 'v2': 0.01}, 0, six.format)


def test_grey_values_survive_joining_and_cutting(six):
    clip = six.clip(5, 'left_wrist')
    images = list(video.decode_all(clip.path))[clip.first : clip.first + 11]
    wanted = [brightness(5, frame) for frame in range(11)]
    np.testing.assert_allclose([image.mean() for image in images], wanted, atol=2)
