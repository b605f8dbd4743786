# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The choices are the documented ones, and wrong ones are refused with a hint."""

import dataclasses

import pytest

from hvd_ros.core.errors import ConfigError
from hvd_training.values.config import ValueConfig, paper


def test_every_field_says_what_it_means():
    for field in dataclasses.fields(ValueConfig):
        assert len(field.metadata['text']) > 5, field.name


def test_the_defaults_are_those_of_sound_numerics():
    config = ValueConfig()
    stated = {
        'v_loss': 'idql_exp', 'alpha': 1.0, 'z_max': 5.0, 'adv_scale': 'ema_std', 'n_q': 2,
        'q_agg': 'min', 'tau_polyak': 0.005, 'target_v': False, 'learning_rate': 3e-4,
        'grad_clip': 10.0, 'weight_fn': 'phi1', 'weight_norm': 'ema', 'weight_max': 20.0,
        'weight_power': 1, 'value_data': 'all', 'tail': 'shorten', 'decomposition': 'nested',
        'v_sharing': 'shared', 'critic': 'scalar',
    }  # fmt: skip
    assert {name: getattr(config, name) for name in stated} == stated
    assert 0.997 <= config.gamma <= 0.999
    assert config.inside == config.gamma


def test_paper_mode_is_the_paper():
    config = paper()
    stated = {
        'chunk': 20, 'v_loss': 'hvd_eq6', 'weight_fn': 'eq7', 'alpha': 1.0, 'gamma': 1.0,
        'adv_scale': 'none', 'weight_power': 2, 'weight_max': 0.0, 'weight_norm': 'none',
    }  # fmt: skip
    assert {name: getattr(config, name) for name in stated} == stated


@pytest.mark.parametrize(
    ('wrong', 'words'),
    [
        ({'alpha': -1.0}, 'alpha = -1.0 is outside'),
        ({'alpha': float('nan')}, 'alpha = nan is outside'),
        ({'gamma': 1.1}, 'gamma = 1.1 is outside'),
        ({'gamma_chunk': -0.5}, 'gamma_chunk = -0.5: -1'),
        ({'v_loss': 'idql_ex'}, "did you mean 'idql_exp'"),
        ({'decomposition': 'nest'}, "did you mean 'nested'"),
        ({'chunk': 0}, 'chunk = 0 is outside'),
        ({'chunk': 2.5}, 'must be a int'),
        ({'level': 1.0}, 'level = 1.0 is outside'),
        ({'weight_power': 3}, 'weight_power = 3 is outside'),
        ({'v_categorical': True}, 'needs critic = hl_gauss'),
        ({'v_categorical': True, 'critic': 'hl_gauss', 'v_loss': 'quantile'}, 'no weight at zero'),
        ({'decomposition': 'shared', 'weight_source': 'increments'}, 'needs a hierarchy'),
    ],
)
def test_a_bad_value_is_refused_with_its_name(wrong, words):
    with pytest.raises(ConfigError, match=words):
        ValueConfig(**wrong)


def test_changes_are_checked_as_well():
    assert ValueConfig().but(alpha=3.0).alpha == 3.0
    with pytest.raises(ConfigError):
        ValueConfig().but(alpha=0.0)
