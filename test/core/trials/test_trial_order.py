# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every policy once a placement, at every turn alike, and the same after a restart."""

from collections import Counter
from itertools import permutations
import subprocess
import sys

import pytest

from hvd_ros.core.trials.order import turns

ABC = ('a', 'b', 'c')


def rows(policies, placements, key='k', scene='pen_insert.usual'):
    return [turns(policies, scene, i, key) for i in range(placements)]


@pytest.mark.parametrize('count', [1, 2, 3, 5])
def test_every_policy_once_a_placement_and_once_at_every_turn_of_a_block(count):
    policies = [f'p{i}' for i in range(count)]
    found = rows(policies, 4 * count)
    assert all(sorted(row) == policies for row in found)
    for block in range(4):
        for column in zip(*found[block * count : (block + 1) * count], strict=True):
            assert sorted(column) == policies


def test_neither_the_order_of_the_command_line_nor_more_placements_change_it():
    assert rows(ABC, 7) == rows(('c', 'a', 'b'), 12)[:7]


def test_another_process_finds_the_same():
    code = f'from hvd_ros.core.trials.order import turns; print([turns({ABC}, "s", i, "k") for i in range(5)])'  # noqa: E501
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([turns(ABC, 's', i, 'k') for i in range(5)])


def test_placements_scenes_and_keys_differ():
    many = rows(ABC, 300)
    # Every order occurs, none of the six much more often than the others.
    seen = Counter(many)
    assert set(seen) == set(permutations(ABC))
    assert max(seen.values()) < 80
    assert rows(ABC, 12, key='other') != many[:12]
    assert rows(ABC, 12, scene='pen_insert.pose') != many[:12]
