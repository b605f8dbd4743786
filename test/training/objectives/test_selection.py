# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

import math

import pytest
import torch

from hvd_ros.core.errors import ConfigError
from hvd_training.groups import from_lists
from hvd_training.networks.encoders import EncoderSpec, ObservationEncoder
from hvd_training.objectives.registry import objective
from hvd_training.objectives.selection import (
    CHOICES,
    BestOfN,
    Selection,
    advantages,
    chosen,
    probabilities,
    repeated,
)
from hvd_training.policies.heads import registry as heads
from hvd_training.policies.small import Shapes, SmallConfig, build
from hvd_training.values.config import ValueConfig
from hvd_training.values.model import ValueModel, ValueSpec
from test.training.toy import seeded

K, D = 2, 3
SEEN = {'state': torch.tensor([[0.0, 0.0], [1.0, -1.0], [2.0, 5.0]])}


def small(head='clean_flow'):
    torch.manual_seed(0)
    return build(SmallConfig(head=head, width=16, depth=1, sampling_steps=2), Shapes(K, D, 2))


def total(observation, actions):
    """Score a chunk by the sum of its numbers, times the sign of what was seen."""
    return actions.sum(dim=(1, 2)) * torch.where(observation['state'][:, 0] == 1, -1.0, 1.0)


@pytest.mark.parametrize('head', heads.NAMES)
def test_the_best_of_n_is_the_best_candidate_of_its_own_observation(head):
    policy = small(head)
    many = policy.candidates(SEEN, 16, seeded())
    found = BestOfN(policy, total, Selection(16)).sample(SEEN, seeded())
    sums = many.sum(dim=(2, 3))
    for row, best in enumerate([sums[0].argmax(), sums[1].argmin(), sums[2].argmax()]):
        assert torch.equal(found[row], many[row, best])


def test_probabilities_in_closed_form():
    u = torch.tensor([[-1.0, 0.0, 2.0]])
    soft = torch.tensor([math.exp(-0.5), 1.0, math.e], dtype=torch.float64)
    found = probabilities(u, Selection(3, 'softmax', temperature=2.0))[0]
    torch.testing.assert_close(found, soft / soft.sum())
    # IDQL's weight of the exponential loss keeps its exponential: (e^z - 1) / z, 1 at 0.
    weight = torch.tensor([1 - math.exp(-1), 1.0, (math.e**2 - 1) / 2], dtype=torch.float64)
    found = probabilities(u, Selection(3, 'implicit'))[0]
    torch.testing.assert_close(found, weight / weight.sum())
    assert probabilities(u, Selection(3))[0].tolist() == [0, 0, 1]
    huge = probabilities(torch.tensor([[0.0, 1e4]]), Selection(2, 'implicit'))
    assert torch.isfinite(huge).all() and huge[0, 1] > 0.99


@pytest.mark.parametrize('how', CHOICES)
def test_candidates_are_chosen_as_often_as_their_probability_says(how):
    scores = torch.tensor([[0.3, -1.0, 1.2]]).expand(20000, 3)
    selection = Selection(3, how)
    picked = chosen(scores, selection, seeded())
    shares = torch.bincount(picked, minlength=3) / 20000
    torch.testing.assert_close(
        shares.double(), probabilities(scores[:1], selection)[0], atol=0.012, rtol=0
    )


@pytest.mark.parametrize('how', CHOICES)
def test_choosing_has_a_generator_of_its_own(how):
    """Failure 24: neither the global one nor that of the draws moves by a choice."""
    policy = small()
    policy.candidates(SEEN, 8, after_draws := seeded(3))
    before = torch.get_rng_state()
    source = seeded(3)
    found = BestOfN(policy, total, Selection(8, how), seed=5)
    one = found.sample(SEEN, source)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(source.get_state(), after_draws.get_state())
    found.reset(5)
    assert torch.equal(found.sample(SEEN, seeded(3)), one), 'the same seed, the same choice'


def test_another_seed_chooses_otherwise_among_the_same_draws():
    scores = torch.zeros(200, 8)
    found = []
    for seed in (1, 1, 2):
        best = BestOfN(small(), lambda o, a: torch.zeros(len(a)), Selection(8, 'softmax'), seed)
        found.append(chosen(scores, best.how, best._chooser))
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])


def test_repeated_observations_stay_beside_their_candidates():
    rows = repeated({'a': torch.tensor([1, 2])}, 3)['a']
    assert rows.tolist() == [1, 1, 1, 2, 2, 2]


def value(**changes):
    groups = from_lists({'first': [0], 'rest': [1, 2]})
    torch.manual_seed(2)
    encoder = ObservationEncoder(EncoderSpec(state=2, width=16))
    config = ValueConfig(chunk=K, width=16, depth=1, **changes)
    return ValueModel(config, ValueSpec(groups, encoder, 16))


@pytest.mark.parametrize('changes', [{}, {'decomposition': 'shared'}, {'v_sharing': 'per_head'}])
def test_the_score_is_the_smallest_q_of_the_whole_chunk_over_v(changes):
    model = value(**changes)
    actions = torch.randn(3, K, D, generator=seeded())
    valid = torch.ones(3, K, dtype=torch.bool)
    q = model.q(SEEN, actions, valid)
    expected = torch.minimum(q[0, :, -1], q[1, :, -1]) - model.v(SEEN)[:, -1]
    torch.testing.assert_close(advantages(model)(SEEN, actions), expected)
    best = BestOfN(small(), advantages(model), Selection(4)).sample(SEEN, seeded())
    assert best.shape == (3, K, D) and not best.requires_grad


def test_objectives_that_choose_when_acting_say_how():
    idql, deas = objective('idql'), objective('deas')
    assert idql.selection(idql.config(candidates=7, choose='softmax', temperature=0.5)) == (
        Selection(7, 'softmax', 0.5)
    )
    assert deas.selection(deas.config()) == Selection(10)
    assert deas.selection(deas.config(extraction='awr')) is None
    for name in ('bc', 'filtered_bc', 'iql_awr', 'qipo', 'hvd'):
        assert objective(name).selection(objective(name).config()) is None


def test_a_choice_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match="did you mean 'argmax'"):
        Selection(3, 'argmx')
    for wrong in ({'candidates': 0}, {'candidates': 3, 'temperature': 0.0}):
        with pytest.raises(ConfigError, match='needs a candidate and a temperature'):
            Selection(**wrong)
