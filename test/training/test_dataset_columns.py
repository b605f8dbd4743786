# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

from made_source import NAMES, STATES, MadeSource
import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.data.columns import INDEX_COLUMNS, ColumnsConfig, build_columns, features

SOURCE = MadeSource(frames=12)
CONFIG = ColumnsConfig(horizon=4, next_step=4)


def build(**changes):
    return build_columns(replace(SOURCE.raw(), **changes), SOURCE.facts, CONFIG)


def test_every_declared_column_is_there_with_its_type_and_size():
    columns = build()
    declared = features(NAMES, STATES)
    assert set(columns) | set(INDEX_COLUMNS) == set(declared)
    for name, values in columns.items():
        feature = declared[name]
        assert values.dtype == feature.dtype, name
        assert values.shape[1:] == (() if feature.shape == (1,) else feature.shape), name


def test_next_action_and_next_state_are_a_chunk_later_and_stop_at_the_end():
    columns = build()
    later = np.minimum(np.arange(12) + 4, 11)
    np.testing.assert_array_equal(columns['next_action'], columns['action'][later])
    np.testing.assert_array_equal(
        columns['observation.next_state'], columns['observation.state'][later]
    )


def test_lerobots_names_and_those_of_the_hvd_repository_say_the_same():
    columns = build()
    np.testing.assert_array_equal(columns['next.reward'], columns['reward'])
    np.testing.assert_array_equal(columns['next.done'], columns['terminal'])
    assert columns['terminal'].sum() == 1


def test_a_frame_belongs_to_the_stage_whose_end_comes_next():
    assert build()['stage'].tolist() == [0] * 7 + [1] * 5


def test_nothing_asked_stays_nothing():
    assert np.isnan(build()['asked'][0]).all()


@pytest.mark.parametrize('name', ['state', 'action', 'reward'])
def test_a_number_that_nobody_measured_is_refused_with_its_frame(name):
    values = getattr(SOURCE.raw(), name).copy()
    values[3] = np.nan
    with pytest.raises(ContractMismatch, match=rf'made-0: {name} .* 3.*--skip-bad'):
        build(**{name: values})


@pytest.mark.parametrize('bad', [{'horizon': 0}, {'next_step': 0}, {'gamma': 0}, {'gamma': 1.1}])
def test_a_config_without_sense_is_refused(bad):
    with pytest.raises(ConfigError):
        ColumnsConfig(**bad)
