# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Choosing among chunks that a policy draws, by value: best of N and its softer forms.

Draws and choice have generators of their own: a choice never moves anybody else's numbers, and
the same seed gives the same actions whatever else was drawn in between.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_training.data.batch import Observed
from hvd_training.policies.draws import Source
from hvd_training.policies.policy import ChunkPolicy
from hvd_training.values.model import ValueModel
from hvd_training.values.weights import phi1

# Advantages (R,) of chunks (R, K, D) after R observations; of one observation they may share an
# offset, since only differences matter, but not to `implicit`.
Score = Callable[[Observed, Tensor], Tensor]
CHOICES = ('argmax', 'softmax', 'implicit')
_CHOOSER = 0x5E1EC7  # sets the choice apart from the draws of the same seed
_LARGEST = 40.0  # exponent that exp can take in float32 with room for a sum


@dataclass(frozen=True)
class Selection:
    """How many chunks, and which of them."""

    candidates: int
    choose: str = 'argmax'  # the best; or by chance: softmax(u / T), or phi1(u / T)
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if self.choose not in CHOICES:
            raise ConfigError(f"choose = '{self.choose}'; {did_you_mean(self.choose, CHOICES)}")
        if self.candidates < 1 or not self.temperature > 0:
            raise ConfigError(f'{self}: needs a candidate and a temperature above 0')


class BestOfN:
    """A policy whose chunks are chosen by value; reset() before an episode."""

    def __init__(self, policy: ChunkPolicy, score: Score, how: Selection, seed: int = 0) -> None:
        self.policy, self.how, self._score = policy, how, score
        self._chooser = torch.Generator()
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Begin again with the choices that belong to a seed."""
        self._chooser.manual_seed(seed ^ _CHOOSER)

    @torch.no_grad()
    def sample(self, observation: Observed, source: Source) -> Tensor:
        """Return the chosen chunks (B, K, D)."""
        drawn = self.policy.candidates(observation, self.how.candidates, source)
        rows, count = drawn.shape[:2]
        scores = self._score(repeated(observation, count), drawn.flatten(0, 1))
        picked = chosen(scores.reshape(rows, count), self.how, self._chooser)
        return drawn[torch.arange(rows, device=drawn.device), picked]


def chosen(scores: Tensor, how: Selection, chooser: torch.Generator) -> Tensor:
    """Return which candidate (B,) is carried out, given scores (B, N)."""
    if how.choose == 'argmax':
        return scores.argmax(dim=1)
    shares = probabilities(scores, how).to(chooser.device)
    return torch.multinomial(shares, 1, generator=chooser)[:, 0].to(scores.device)


def probabilities(scores: Tensor, how: Selection) -> Tensor:
    """Return how likely each candidate is chosen (B, N)."""
    z = scores.double() / how.temperature
    if how.choose == 'softmax':
        return torch.softmax(z, dim=1)
    if how.choose == 'implicit':
        weights = phi1(z.clamp(max=_LARGEST))
        return weights / weights.sum(dim=1, keepdim=True)
    return torch.nn.functional.one_hot(scores.argmax(dim=1), scores.shape[1]).double()


def repeated(observation: Observed, count: int) -> Observed:
    """Return every row `count` times in turn."""
    return {key: value.repeat_interleave(count, dim=0) for key, value in observation.items()}


def advantages(model: ValueModel) -> Score:
    """Return the score of a value model: the smallest Q of the whole chunk less V."""

    def score(observation: Observed, actions: Tensor) -> Tensor:
        valid = torch.ones(actions.shape[:2], dtype=torch.bool, device=actions.device)
        q = model.q(observation, actions, valid).amin(dim=0)[:, -1]
        return q - model.v(observation)[:, -1]

    return score
