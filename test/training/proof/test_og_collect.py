# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Slices that lead to the goal, and the loop around OGBench's own oracles."""

import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError
from hvd_training.proof.og_collect import collect, environment_name, successes


def columns(reached: list[int], ends: list[int], rows: int) -> dict[str, np.ndarray]:
    masks, terminals = np.ones(rows), np.zeros(rows)
    masks[reached], terminals[ends] = 0, 1
    return {'observations': np.arange(rows)[:, None], 'masks': masks, 'terminals': terminals}


def pieces(found: dict[str, np.ndarray]) -> list[list[int]]:
    ends = np.flatnonzero(found['terminals']) + 1
    return [p.ravel().tolist() for p in np.split(found['observations'], ends[:-1])]


def test_a_slice_leads_to_the_first_row_at_the_goal_and_one_behind() -> None:
    found = successes(columns([5, 6, 7], [9], 10), before=3, most=9)
    assert pieces(found) == [[2, 3, 4, 5, 6]]
    assert found['masks'].tolist() == [1, 1, 1, 0, 0]


def test_no_slice_crosses_the_border_of_a_trajectory() -> None:
    # At the goal in the first row (nothing led there) and in the last one (nothing behind it).
    found = successes(columns([0, 4, 6, 9], [4, 9], 10), before=100, most=9)
    assert pieces(found) == [[5, 6, 7]]


def test_goals_in_neighbouring_trajectories_are_two() -> None:
    found = successes(columns([3, 7], [3, 9], 10), before=1, most=9)
    assert pieces(found) == [[6, 7, 8]]
    found = successes(columns([2, 3, 5], [3, 9], 10), before=9, most=9)
    assert pieces(found) == [[0, 1, 2, 3], [4, 5, 6]]
    assert pieces(successes(columns([2, 5], [3, 9], 10), before=9, most=1)) == [[0, 1, 2, 3]]


def test_a_goal_that_is_never_reached_is_said() -> None:
    with pytest.raises(ConfigError, match='never reached.*collect more'):
        successes(columns([], [9], 10), before=3, most=9)


@pytest.mark.parametrize(
    ('task', 'env'),
    [
        ('cube-single-play-singletask-v0', 'cube-single'),
        ('puzzle-3x3-noisy-singletask-task4-v0', 'puzzle-3x3'),
        ('scene-play-singletask-task2-v0', 'scene'),
    ],
)
def test_a_task_names_its_environment(task: str, env: str) -> None:
    assert environment_name(task) == env


@pytest.mark.filterwarnings('ignore')
def test_trajectories_follow_from_the_seed() -> None:
    first, again = (collect('cube-single', 'play', 2, 1, 12) for _ in range(2))
    assert first['observations'].shape == (24, 28)
    assert np.flatnonzero(first['terminals']).tolist() == [11, 23]
    for key, values in first.items():
        assert np.allclose(values, again[key], atol=1e-6), key  # the solver starts warm
    noisy = collect('cube-single', 'noisy', 1, 1, 12)
    assert np.abs(noisy['actions']).max() <= 1
    assert not np.allclose(noisy['actions'], first['actions'][:12], atol=1e-2)
