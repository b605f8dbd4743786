# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Networks, not tables: from noise, a value finds which group of the action earned the reward."""

import pytest
import torch

from hvd_training.values.credit import credit
from hvd_training.values.held_out import auc
from test.training.values.made_values import BODY, made, network, small


def rewarded(group: str, rows: int, seed: int):
    """Return one-decision episodes that succeed if a group's mean action is above zero."""
    draw = torch.Generator().manual_seed(seed)
    actions = torch.randn(rows, 4, BODY.size, generator=draw)
    own = list(BODY.indices[BODY.names.index(group)])
    good = actions[:, :, own].mean(dim=(1, 2)) > 0
    rewards = torch.zeros(rows, 4)
    rewards[:, -1] = good.float()
    ends = torch.zeros(rows, 4, dtype=torch.bool)
    ends[:, -1] = True
    state = torch.randn(rows, 5, generator=draw)
    return made(state=state, actions=actions, rewards=rewards, terminated=ends), good


@pytest.mark.parametrize(
    ('group', 'first', 'critic'),
    [('base', 0, 'scalar'), ('torso', 1, 'hl_gauss'), ('arm', 2, 'scalar')],
)
def test_weights_tell_good_from_bad_from_the_head_on_that_sees_why(group, first, critic):
    learner = network(small(learning_rate=1e-2, tau_polyak=0.1, width=24, critic=critic, bins=21))
    for step in range(120):
        learner.step(rewarded(group, 128, step)[0], report=False)
    batch, good = rewarded(group, 512, 10_000)
    found = credit(learner, [batch]).weight
    for head in range(3):
        told = auc(found[:, head], good.numpy())
        if head < first:
            assert 0.4 < told < 0.6
        else:
            assert told > 0.9
            assert found[good.numpy(), head].mean() > 1.5 * found[~good.numpy(), head].mean()
