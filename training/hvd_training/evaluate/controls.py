# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Policies that anything worth its training must beat: one does nothing, one anything."""

import numpy as np

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.robot.body import Array, Body, Kind


class Nothing:
    """Stands where the episode began."""

    name = 'nothing'
    needs = frozenset({Modality.STATE})
    execute = 10

    def __init__(self, body: Body) -> None:
        self._body = body
        self._held: Array | None = None

    def reset(self, seed: int, prompt: str) -> None:
        """Forget where it stood."""
        self._held = None

    def act(self, observation: Observation) -> Array:
        """Return the posture of the first look, again and again."""
        if self._held is None:
            # A state begins with the measured position of every dimension.
            self._held = observation.state[: self._body.size].copy()
            self._held[self._body.mask(Kind.VELOCITY)] = 0.0
            if not np.isfinite(self._held).all():
                raise ContractMismatch('the first state of the episode is not finite')
        return np.tile(self._held, (self.execute, 1))


class Random:
    """Wants to be anywhere within the limits, and somewhere else half a second later."""

    name = 'random'
    needs = frozenset({Modality.STATE})
    execute = 5

    def __init__(self, body: Body) -> None:
        self._low, self._high = body.limits.low, body.limits.high
        self._rng = np.random.default_rng(0)

    def reset(self, seed: int, prompt: str) -> None:
        """Draw what belongs to the seed."""
        self._rng = np.random.default_rng((seed, 2))

    def act(self, observation: Observation) -> Array:
        """Return one place for a whole chunk."""
        return np.tile(self._rng.uniform(self._low, self._high), (self.execute, 1))
