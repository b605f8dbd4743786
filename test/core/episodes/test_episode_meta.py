# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""episode.json: nothing is lost on the way to disk and back, and nonsense is refused by name."""

from dataclasses import replace
import json

import pytest

from hvd_ros.core.episodes.meta import (
    EpisodeMeta,
    body_fields,
    load_meta,
    meta_from_json,
    meta_to_json,
    new_episode_id,
)
from hvd_ros.core.errors import EpisodeError
from hvd_ros.core.vision.intrinsics import Intrinsics
from test import episode_maker as maker

FULL = EpisodeMeta(
    episode_id='20260102-030405-00ff00ff',
    task='pen_insert',
    prompt='insert the "pen" into the \u00e9tui',
    cadence={'tick_error_ms_p99': 1.5, 'streams': {'head_color': 9.9}},
    cameras={'head': Intrinsics(640, 480, 500.0, 501.0, 319.5, 239.5, (0.1, 0.0, 0.0, 0.0, 0.2))},
    notes=('slow', 'lost 3'),
    real_time_factor=0.97,
    **body_fields(maker.body()),
)


def test_every_field_survives():
    assert meta_from_json(meta_to_json(FULL)) == FULL


def test_ids_are_sixteen_hexadecimal_digits_because_json_numbers_are_not_64_bits():
    assert int(FULL.layout_id, 16) == maker.body().layout_id
    assert len(FULL.layout_id) == len(FULL.limits_id) == 16
    assert FULL.groups['base'] == (7, 8, 9)
    assert list(FULL.groups) == list(maker.body().groups)


def test_a_number_that_is_not_finite_becomes_null():
    text = meta_to_json(replace(FULL, cadence={'p99': float('nan'), 'worst': [float('inf')]}))
    assert json.loads(text)['cadence'] == {'p99': None, 'worst': [None]}


@pytest.mark.parametrize('name', ['', '../x', 'a/b', '.hidden', 'x.partial', 'x.copying', 'a b'])
def test_a_name_that_is_no_folder_is_refused(name):
    with pytest.raises(EpisodeError, match='names a folder'):
        replace(FULL, task=name)


def test_an_unknown_kind_names_the_valid_ones():
    with pytest.raises(EpisodeError, match='expert, rollout, suboptimal'):
        replace(FULL, kind='experts')


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'schema_version': 2}, 'update hvd_ros'),
        ({'promt': 'x'}, "did you mean 'prompt'"),
        ({'frames': 'many'}, 'must be a int'),
        ({'healthy': 'yes'}, 'must be a bool'),
        ({'cameras': {'head': {'width': 0}}}, 'episode.json: '),
        ({'cameras': 3}, 'episode.json: '),
        ({'groups': [1]}, 'episode.json: '),
    ],
)
def test_a_wrong_field_is_one_clear_error(change, said):
    data = {**json.loads(meta_to_json(FULL)), **change}
    with pytest.raises(EpisodeError, match=said):
        meta_from_json(json.dumps(data))


@pytest.mark.parametrize('text', ['', '{', '[]', 'null', '{"schema_version": 1}'])
def test_a_damaged_file_is_one_clear_error(text, tmp_path):
    (tmp_path / 'episode.json').write_text(text)
    with pytest.raises(EpisodeError, match='repair'):
        load_meta(tmp_path)


def test_new_ids_differ_within_one_nanosecond_and_sort_by_time():
    ids = {new_episode_id(maker.START_NS) for _ in range(200)}
    assert len(ids) == 200
    assert max(ids) < new_episode_id(maker.START_NS + 1_000_000_000)
