# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a policy is given and gives back, and what is said when it gives back nonsense."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_ros.core.policy.observation import Modality, Observation, modalities
from hvd_ros.core.policy.policy import Policy, checked_chunk, is_privileged
from hvd_ros.core.robot.description import load_body

BODY = load_body('r1')


class Still:
    """Answers with one chunk."""

    name, execute = 'still', 2

    def __init__(self, chunk, needs=()):
        self._chunk, self.needs = chunk, modalities(needs)

    def reset(self, seed, prompt):
        pass

    def act(self, observation):
        return self._chunk


def still(chunk, needs=()) -> Policy:
    return Still(chunk, needs)


def test_names_become_modalities_and_a_wrong_one_is_told_the_closest():
    assert modalities(['cloud', 'state']) == {Modality.CLOUD, Modality.STATE}
    with pytest.raises(ConfigError, match="did you mean 'sim_state'"):
        modalities(['simstate'])


def test_who_asks_for_the_simulations_state_is_privileged():
    assert is_privileged(still([], ['state', 'sim_state']))
    assert not is_privileged(still([], ['state', 'rgb', 'depth', 'cloud']))


def test_what_nobody_asked_for_is_not_there_and_nothing_can_be_added():
    seen = Observation(5, np.zeros(3))
    assert not seen.images
    assert not seen.depth_mm
    assert seen.cloud is None
    assert seen.sim_state is None
    with pytest.raises(FrozenInstanceError):
        seen.prompt = 'other'
    with pytest.raises(TypeError):
        seen.images['head'] = np.zeros((2, 2, 3), np.uint8)


def test_a_chunk_that_a_body_can_do_passes_as_it_is():
    chunk = np.arange(3.0 * BODY.size).reshape(3, -1)
    np.testing.assert_array_equal(checked_chunk(still(chunk), chunk, BODY), chunk)


@pytest.mark.parametrize('shape', [(1, 21), (2, 20), (21,), (2, 3, 21), (0, 21)])
def test_a_chunk_of_another_shape_is_refused(shape):
    with pytest.raises(ContractMismatch, match=r"'still' answered .* 2 or more steps of 21"):
        checked_chunk(still(None), np.zeros(shape), BODY)


def test_a_chunk_with_a_number_that_is_none_names_it():
    chunk = np.zeros((2, BODY.size))
    chunk[1, 8] = np.nan
    with pytest.raises(ContractMismatch, match=f"step 1 .* nan for '{BODY.names[8]}'"):
        checked_chunk(still(chunk), chunk, BODY)
