# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A glance while training: validation seeds only, and a broken network is an error."""

import numpy as np
import pytest

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.sim.seeds import SEEDS, purpose_of
from hvd_ros.sim.tasks.pen_insert import PenInsert
from hvd_training.evaluate.controls import Nothing
from hvd_training.evaluate.validation import Validation, Validator
from test.training.evaluate.made_outcomes import scored
from test.training.evaluate.scripted_env import BODY, SaysNan


@pytest.fixture
def validator(monkeypatch):
    monkeypatch.setattr(PenInsert, 'limit_s', 0.5)
    made = Validator(['pen_insert'], BODY, episodes=2)
    yield made
    made.close()


def test_only_validation_seeds_are_played_each_time_the_same(validator):
    first, again = (validator.validate(Nothing(BODY)) for _ in range(2))
    assert [o.seed for o in first.outcomes] == list(SEEDS['validation'][:2])
    assert {purpose_of(o.seed) for o in first.outcomes} == {'validation'}
    assert [o.scores for o in first.outcomes] == [o.scores for o in again.outcomes]
    assert first.as_metrics() == {
        'validation/success': 0.0, 'validation/score': 0.0, 'validation/episodes': 2.0,
        'validation/blow_ups': 0.0,
    }  # fmt: skip


def test_a_network_that_diverged_is_an_error_and_not_a_failure(validator):
    with pytest.raises(ContractMismatch, match='seed 1000000.*nan'):
        validator.validate(SaysNan())


def test_success_and_score_of_a_validation():
    found = Validation(tuple(scored([(1, 1, 1), (1, 0.5, 0)])))
    assert (found.success, found.score) == (0.5, 0.75)
    assert found.interval[0] < 0.5 < found.interval[1]
    assert np.isnan(Validation(()).success)
