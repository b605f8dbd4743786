# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How often `hvd rollout` asks a policy: as often as headless, unless its chunks would run out."""

from types import SimpleNamespace

import pytest

from hvd_ros.cli.rollout import steps_between


@pytest.mark.parametrize(
    ('said', 'steps'),
    [
        ({'execute': 8, 'horizon': 16}, 8),
        ({'execute': 8, 'horizon': 10}, 8),
        ({'execute': 8, 'horizon': 9}, 7),
        ({'execute': 8, 'horizon': 8}, 6),
        ({'execute': 8}, 6),
        ({'execute': 1}, 1),
    ],
)
def test_a_chunk_is_carried_out_as_far_as_headless_if_rows_are_left_for_the_next(said, steps):
    assert steps_between(SimpleNamespace(**said)) == steps
