# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Groups cover every dimension once, in the order of the body, the caller or chance."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.description import load_body
from hvd_training.groups import (
    behavior_1k,
    from_body,
    from_lists,
    ogbench_manipulation,
    random_partition,
)
from hvd_training.values.model import ValueSpec, groups_of, head_groups
from test.training.values.made_values import BODY, Seen, small


def test_the_groups_of_the_r1_are_those_of_the_hvd_repository():
    groups = from_body(load_body('r1'))
    assert groups.names == ('base', 'torso', 'arm')
    assert groups.indices[0] == (7, 8, 9)
    assert groups.indices[1] == (17, 18, 19, 20)
    assert groups.sizes == (3, 4, 14)
    assert groups.size == 21


def test_the_groups_of_behavior_1k_are_those_of_table_11():
    groups = behavior_1k()
    assert groups.indices == (tuple(range(3)), tuple(range(3, 7)), tuple(range(7, 23)))


def test_any_other_action_is_a_few_lists():
    groups = ogbench_manipulation()
    assert groups == from_lists({'xyz': [0, 1, 2], 'yaw': [3], 'gripper': [4]})
    assert groups.of_dimension.tolist() == [0, 0, 0, 1, 2]
    assert from_lists(groups.as_json()) == groups


def test_of_dimension_follows_the_order_of_the_action_not_of_the_groups():
    assert BODY.of_dimension.tolist() == [1, 0, 2, 1, 2, 2]
    assert BODY.reordered(['arm', 'base', 'torso']).of_dimension.tolist() == [2, 1, 0, 2, 0, 0]
    with pytest.raises(ValueError, match='read-only'):
        BODY.of_dimension[0] = 2


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 1000))
def test_a_random_partition_has_the_sizes_and_every_dimension_once(sizes, seed):
    groups = random_partition(sizes, seed)
    assert groups.sizes == tuple(sizes)
    assert sorted(i for own in groups.indices for i in own) == list(range(sum(sizes)))
    assert groups == random_partition(sizes, seed)


def test_random_partitions_differ_and_are_drawn_evenly():
    seen = Counter(random_partition((2, 4), seed).indices[0] for seed in range(1500))
    assert len(seen) == 15
    assert np.min(list(seen.values())) > 60  # 100 expected


def test_a_control_keeps_names_and_sizes():
    control = BODY.randomised(3)
    assert (control.names, control.sizes) == (BODY.names, BODY.sizes)
    assert control != BODY


def test_the_config_decides_order_partition_and_hierarchy():
    spec = ValueSpec(BODY, Seen(5), 5)
    assert groups_of(spec, small()) == BODY
    assert groups_of(spec, small(order='torso,arm,base')).names == ('torso', 'arm', 'base')
    control = groups_of(spec, small(partition='random', partition_seed=3, order='arm,base,torso'))
    assert control == BODY.randomised(3).reordered(['arm', 'base', 'torso'])
    assert head_groups(BODY, small(decomposition='shared')).indices == ((0, 1, 2, 3, 4, 5),)


@pytest.mark.parametrize(
    ('lists', 'words'),
    [
        ({'a': [0, 1], 'b': [1]}, 'dimension 1 is in two groups'),
        ({'a': [0], 'b': [2]}, '0..1 exactly once'),
        ({'a': [0], 'b': []}, "group 'b' has no dimension"),
        ({}, 'at least one group'),
        ({'a': [-1, 0]}, 'exactly once'),
    ],
)
def test_groups_that_do_not_cover_the_action_are_refused(lists, words):
    with pytest.raises(ConfigError, match=words):
        from_lists(lists)


def test_a_misspelt_group_is_named():
    with pytest.raises(ConfigError, match="no group 'torzo'; did you mean 'torso'"):
        groups_of(ValueSpec(BODY, Seen(5), 5), small(order='base,torzo,arm'))
    with pytest.raises(ConfigError, match='must name each of base, torso, arm once'):
        BODY.reordered(['base', 'arm'])
