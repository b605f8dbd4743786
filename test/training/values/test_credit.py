# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Credit is shown beside its control, because noise alone gives the paper's Table 10."""

import numpy as np
import pytest
import torch

from hvd_ros.core.errors import ContractMismatch
from hvd_training.groups import from_lists
from hvd_training.values.config import ValueConfig
from hvd_training.values.credit import (
    Credit,
    beyond_chance,
    by_stage,
    credit,
    relative_by_stage,
    table,
)
from hvd_training.values.credit_figure import KeyFrame, draw
from test.training.values.made_values import (
    equal_rates,
    made,
    network,
    noise,
    small,
    table_learner,
)

STAGE = np.repeat([1, 2], 4)


def made_credit(weight):
    rows = len(weight)
    return Credit(
        ('base', 'arm'), np.arange(rows), weight, np.zeros((rows, 2)), np.zeros((rows, 1))
    )


def moving(by):
    """Return weights of two heads; the first is `by` higher in the second stage."""
    weight = np.ones((8, 2)) * [1.0, 3.0]
    weight[4:, 0] += by
    return made_credit(weight)


def test_weights_come_in_the_order_of_the_rows():
    learner, batch = network(small()), noise(8)
    parts = [batch.select(torch.tensor([5, 2, 7, 0])), batch.select(torch.tensor([1, 6, 3, 4]))]
    found = credit(learner, parts)
    assert found.row.tolist() == list(range(8))
    assert found.weight == pytest.approx(learner.weights(batch).numpy(), abs=1e-6)
    assert found.groups == ('base', 'torso', 'arm')
    with pytest.raises(ContractMismatch, match='no chunk'):
        credit(learner, [])


def test_stage_means_are_those_of_table_10_and_relative_ones_lose_the_offset_of_the_head():
    found = moving(2.0)
    assert {s: w.tolist() for s, w in by_stage(found, STAGE).items()} == {1: [1, 3], 2: [3, 3]}
    relative = relative_by_stage(found, STAGE)
    assert {s: w.tolist() for s, w in relative.items()} == {1: [0.5, 1], 2: [1.5, 1]}
    with pytest.raises(ContractMismatch, match='2 stage numbers for 8 chunks'):
        by_stage(found, np.array([1, 2]))


def test_the_table_shows_the_control_beside_the_body():
    text = table(moving(2.0), STAGE, {'random 0': moving(0.0)})
    assert '| body | 2 | 3.000 (1.50) | 3.000 (1.00) |' in text
    assert '| random 0 | 2 | 1.000 (1.00) | 3.000 (1.00) |' in text


def test_a_claim_must_move_further_than_every_random_partition():
    found = beyond_chance(moving(2.0), [moving(0.2), moving(0.5)], STAGE)
    assert found[0] == pytest.approx((0.5) / (0.25 / 1.25))
    assert found[1] == 0


def test_the_figure_is_drawn_with_frames_stages_and_controls(tmp_path):
    frames = [
        KeyFrame(1, np.zeros((8, 10, 3), np.uint8)),
        KeyFrame(5, np.zeros((9, 10, 3), np.uint8)),
    ]
    path = tmp_path / 'credit.png'
    draw(path, moving(1.0), {'random 0': moving(0.1)}, frames, STAGE)
    assert path.read_bytes().startswith(b'\x89PNG')
    assert path.stat().st_size > 10_000
    draw(tmp_path / 'plain.png', moving(1.0))
    assert (tmp_path / 'plain.png').exists()


@pytest.mark.parametrize('groups', [((0,), (1,), (2,)), ((2,), (0,), (1,))])
def test_on_noise_every_partition_shows_the_pattern_of_the_paper(groups):
    """Rewards that nobody earned: the last head still has the highest mean weight."""
    rng = np.random.default_rng(5)
    actions = rng.integers(0, 3, (200, 1, 3)).astype(float)
    batch = made(
        state=torch.ones(200, 1).double(),
        actions=torch.from_numpy(actions),
        rewards=torch.from_numpy(rng.normal(size=(200, 1))),
        terminated=torch.ones(200, 1, dtype=torch.bool),
    )
    config = ValueConfig(chunk=1, adv_scale='none', tau_polyak=1.0, weight_norm='none')
    named = from_lists(dict(zip(('first', 'second', 'third'), groups, strict=True)))
    learner = table_learner(config, named, states=1, levels=3)
    equal_rates(learner, batch)
    for _ in range(60):
        learner.step(batch, report=False)
    mean = credit(learner, [batch]).mean
    assert mean[0] < mean[1] < mean[2]
