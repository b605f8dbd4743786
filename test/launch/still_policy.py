# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A policy that wants everything to stay as it is, for graphs that are about something else."""

import numpy as np

from hvd_ros.core.policy.observation import Modality
from hvd_ros.core.robot.body import Kind
from hvd_ros.core.robot.description import load_body


class Still:
    """Holds the posture that it sees first, and says how the scene's state would be read."""

    name = 'still'
    needs = frozenset({Modality.STATE, Modality.SIM_STATE, Modality.CLOUD})
    execute = 10

    def __init__(self):
        self._body = load_body('r1')
        self._held = None

    def reset(self, seed, prompt):
        self._held = None

    def act(self, observation):
        assert observation.sim_state.size > 3 and len(observation.cloud[0]) == 512
        if self._held is None:
            self._held = observation.state[: self._body.size].copy()
            self._held[self._body.mask(Kind.VELOCITY)] = 0.0
        return np.tile(self._held, (self.execute, 1))
