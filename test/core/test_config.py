# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Config dataclasses: types, bounds, spelling."""

from dataclasses import dataclass
import math

import pytest

from hvd_ros.core.config import build, param
from hvd_ros.core.errors import ConfigError


@dataclass(frozen=True)
class Example:
    """A config with one of each."""

    timeout_s: float = param(0.1, 'Oldest sample.', low=0.02, high=0.5)
    count: int = param(3, 'How many.', low=1)
    hardware: str = param('sim', 'Which device.', choices=('sim', 'real'))
    names: list = param(['a'], 'Names.')


def test_good_values_are_kept():
    config = build(Example, {'timeout_s': 0.2, 'hardware': 'real'})
    assert config == Example(0.2, 3, 'real', ['a'])


def test_a_default_list_is_not_shared():
    assert Example().names is not Example().names


@pytest.mark.parametrize(
    ('values', 'words'),
    [
        ({'timeout_s': 0.6}, ['timeout_s', '0.6', '0.02', '0.5']),
        ({'timeout_s': math.nan}, ['timeout_s', 'nan']),
        ({'count': 0}, ['count', '0']),
        ({'count': True}, ['count', 'int']),
        ({'count': '3'}, ['count', 'int']),
        ({'hardware': 'reel'}, ["did you mean 'real'"]),
        ({'timout_s': 0.1}, ['timout_s', "did you mean 'timeout_s'"]),
    ],
)
def test_a_bad_value_names_itself_and_the_allowed(values, words):
    with pytest.raises(ConfigError) as error:
        build(Example, values)
    assert all(word in str(error.value) for word in words), str(error.value)
