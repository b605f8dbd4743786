# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is tested on was never trained nor chosen on."""

import itertools

import pytest

from hvd_ros.core.errors import ConfigError
from hvd_ros.sim.seeds import SEEDS, purpose_of, seeds_for


def test_no_seed_serves_two_purposes():
    for one, two in itertools.combinations(SEEDS.values(), 2):
        assert not range(max(one.start, two.start), min(one.stop, two.stop))


def test_seeds_of_a_purpose_are_the_same_list_for_everybody():
    assert seeds_for('validation', 3) == [1_000_000, 1_000_001, 1_000_002]
    assert seeds_for('test', 2, first=10) == [2_000_010, 2_000_011]
    assert seeds_for('generation', 1) == [0]


@pytest.mark.parametrize('purpose', SEEDS)
def test_a_seed_knows_its_purpose(purpose):
    assert purpose_of(SEEDS[purpose].start) == purpose_of(SEEDS[purpose].stop - 1) == purpose


@pytest.mark.parametrize(
    ('args', 'text'),
    [
        (('tset', 1), "did you mean 'test'"),
        (('test', 0), '1 to 1000000'),
        (('test', 1, -1), 'allowed'),
        (('test', 2, 999_999), 'allowed'),
    ],
)
def test_seeds_that_do_not_exist_are_refused(args, text):
    with pytest.raises(ConfigError, match=text):
        seeds_for(*args)


@pytest.mark.parametrize('seed', [-1, 3_000_000])
def test_a_seed_for_nothing_is_refused(seed):
    with pytest.raises(ConfigError, match='allowed'):
        purpose_of(seed)
