# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What decides a figure is in its cell, and methods differ in nothing but the method."""

from dataclasses import replace

import pytest
import torch

from hvd_ros.core.errors import ConfigError
from hvd_training.proof.cell import Cell, Data, Scale
from hvd_training.proof.methods import METHODS, data_of, method, policy_config, value_config
from hvd_training.values.weights import raw_weights

CELL = Cell('hvd', Data(('pen_insert',), 8, 4, 2), 3, Scale(policy_steps=40, value_steps=60))


@pytest.mark.parametrize(
    'other',
    [
        replace(CELL, method='bc'),
        replace(CELL, seed=4),
        replace(CELL, data=replace(CELL.data, rollouts=3)),
        replace(CELL, data=replace(CELL.data, tasks=('cup_upright',))),
        replace(CELL, scale=replace(CELL.scale, episodes=50)),
        replace(CELL, scale=replace(CELL.scale, value=('--value.alpha', '2'))),
    ],
)
def test_whatever_decides_a_figure_changes_the_name_it_is_kept_under(other: Cell) -> None:
    assert other.digest != CELL.digest
    assert Cell('hvd', Data(('pen_insert',), 8, 4, 2), 3, CELL.scale).digest == CELL.digest


def test_only_imitation_of_demonstrations_is_kept_from_the_other_data() -> None:
    everything = {name for name in METHODS if data_of(replace(CELL, method=name)) == CELL.data}
    assert set(METHODS) - everything == {'bc', 'arm-only'}
    assert data_of(replace(CELL, method='bc')) == Data(('pen_insert',), 8)


@pytest.mark.parametrize('name', METHODS)
def test_every_method_has_the_same_budget_and_sees_the_same(name: str) -> None:
    cell = replace(CELL, method=name)
    policy, value = policy_config(cell), value_config(cell)
    like = policy_config(replace(CELL, method='bc'))
    assert (policy.run, policy.optim, policy.policy) == (like.run, like.optim, like.policy)
    assert (policy.run.steps, policy.run.seed, policy.execute) == (40, 3, like.execute)
    assert policy.data.observe == ('state', 'sim_state')
    if value is not None:
        assert (value.run.steps, value.run.seed) == (60, 3)
        assert value.data == policy.data


def test_several_tasks_are_told_apart_by_their_prompts() -> None:
    both = replace(CELL, data=replace(CELL.data, tasks=('pen_insert', 'cup_upright')))
    assert policy_config(both).data.observe == ('state', 'sim_state', 'prompt')


def test_fields_of_a_scale_reach_every_method_and_those_of_a_method_only_it() -> None:
    scale = replace(CELL.scale, policy=('--policy.width', '32'), value=('--value.width', '24'))
    sharp, plain = (
        value_config(replace(CELL, method=name, scale=scale)) for name in ('hvd-sharp', 'hvd')
    )
    assert sharp is not None and plain is not None
    assert (sharp.value.alpha, plain.value.alpha) == (3.0, 1.0)
    assert (sharp.value.width, plain.value.width) == (24, 24)
    assert policy_config(replace(CELL, scale=scale)).policy.width == 32


def test_with_weights_alike_every_chunk_counts_as_one() -> None:
    config = value_config(replace(CELL, method='hvd-flat'))
    assert config is not None
    weights = raw_weights(torch.linspace(-3, 3, 7)[:, None], torch.tensor([0.1]), config.value)
    assert torch.allclose(weights, torch.ones_like(weights), atol=1e-4)


@pytest.mark.parametrize(
    ('make', 'said'),
    [
        (lambda: method('hdv'), "no method 'hdv'; did you mean 'hvd'"),
        (lambda: Data(()), 'name at least one'),
        (lambda: Data(('pen_insert', 'pen_insert')), 'each once'),
        (lambda: Data(('pen_insert',), experts=0), 'experts'),
        (lambda: Scale(sees='everything'), 'sees'),
    ],
)
def test_a_wrong_name_or_number_is_refused(make, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make()
