# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError
from hvd_training.data.statistics.complexity import Complexity, mean, measure, scaled, table

PAPER = {
    'Pen insert': (0.00, 0.00, 0.05, 0.01, 0.02),
    'Cup upright': (0.06, 0.51, 0.00, 0.00, 0.14),
    'Wipe board': (0.63, 0.73, 1.00, 0.06, 0.61),
    'Basket carry': (0.47, 1.00, 0.86, 0.78, 0.78),
    'Trash dispose': (1.00, 0.92, 0.36, 1.00, 0.82),
}


def test_joints_that_turn_evenly_move_much_and_jerk_nothing():
    t = np.arange(50)[:, None]
    q = np.concatenate([0.1 * t, -0.02 * t, 0 * t], axis=1)
    found = measure(q, 0.1)
    assert found.time == pytest.approx(5.0)
    assert found.kinematic == pytest.approx(49 * 0.12)
    assert found.control == pytest.approx(0, abs=1e-9)
    assert found.coord == 2


def test_a_cubic_has_the_jerk_of_its_third_difference():
    q = np.arange(20.0)[:, None] ** 3 * [[1, 2]]
    assert measure(q, 0.1).control == pytest.approx(17 * 6 * np.sqrt(5))


def test_the_formulas_of_the_paper_term_by_term():
    q = np.random.default_rng(0).normal(size=(12, 3))
    found = measure(q, 0.1)
    steps = sum(np.abs(q[t + 1] - q[t]).sum() for t in range(11))
    jerk = sum(np.linalg.norm(q[t + 2] - 3 * q[t + 1] + 3 * q[t] - q[t - 1]) for t in range(1, 10))
    assert found.kinematic == pytest.approx(steps)
    assert found.control == pytest.approx(jerk)


@pytest.mark.parametrize(('spread', 'joints'), [(0.0099, 0), (0.0101, 1)])
def test_a_joint_is_involved_from_a_variance_of_a_ten_thousandth(spread, joints):
    q = np.zeros((10, 2))
    q[:, 0] = np.tile([spread, -spread], 5)
    assert measure(q, 0.1).coord == joints


def test_scaling_the_papers_table_gives_its_final_scores():
    tasks = {name: Complexity(*row[:4]) for name, row in PAPER.items()}
    for name, row in scaled(tasks).items():
        np.testing.assert_allclose(row, PAPER[name], atol=0.0076)  # printed to two digits


def test_one_task_or_equal_ones_score_nothing():
    one = Complexity(1, 2, 3, 4)
    assert scaled({'a': one, 'b': one}) == {'a': (0.0,) * 5, 'b': (0.0,) * 5}


def test_a_task_is_the_mean_of_its_demonstrations():
    assert mean([Complexity(1, 2, 3, 4), Complexity(3, 2, 1, 0)]) == Complexity(2, 2, 2, 2)


def test_the_table_has_the_papers_columns():
    tasks = {name: Complexity(*row[:4]) for name, row in PAPER.items()}
    lines = table(tasks, dict.fromkeys(tasks, 7)).splitlines()
    for head in ('Task', 'Temporal', 'Kinematic', 'Control', 'Coordination', 'Final score'):
        assert head in lines[0]
    assert lines[1].split() == ['Pen', 'insert', '0.00', '0.00', '0.05', '0.01', '0.02']
    assert '7 episodes' in lines[-1]


def test_too_short_a_demonstration_has_no_jerk_and_nan_is_refused():
    assert measure(np.zeros((2, 3)), 0.1).control == 0
    with pytest.raises(ConfigError, match='finite'):
        measure(np.full((9, 2), np.nan), 0.1)
