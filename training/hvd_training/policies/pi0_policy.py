# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
pi0 as a policy: what it observes to a context, a context and a noised chunk to a velocity.

Chunks and states are padded to the widths of the public weights. Noise goes into all of them, as
these weights know it; errors are counted in the dimensions of the robot only.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.policy.bundle import Step
from hvd_training.data.batch import PROMPT, RGB, STATE, Observed
from hvd_training.networks.encoders import PRESENT
from hvd_training.networks.pi0.actor import Actor
from hvd_training.networks.pi0.context import Context
from hvd_training.networks.pi0.images import squared
from hvd_training.networks.pi0.prompts import Prompts
from hvd_training.networks.pi0.reader import Reader
from hvd_training.policies.draws import Source
from hvd_training.policies.heads.flow import NoiseAtOne
from hvd_training.policies.policy import ChunkPolicy, Draw


class Looking(nn.Module):
    """The encoder: cameras in the order in which they are observed, the prompt, the state."""

    def __init__(
        self, cameras: Sequence[str], state: int, state_width: int, prompts: Prompts,
        reader: Reader,
    ) -> None:  # fmt: skip
        super().__init__()
        self.cameras, self.state, self.state_width = tuple(cameras), state, state_width
        self.prompts, self.reader = prompts, reader

    def forward(self, observation: Observed) -> Context:
        """Return what the actor attends to."""
        self._check(observation)
        state = observation[STATE]
        words, said = self.prompts(observation[PROMPT], state)
        tokens, real = self.reader.embed(
            [self._seen(observation, camera) for camera in self.cameras], words, said
        )
        layers = self.reader(tokens, real)
        return Context(layers, real, padded(state, self.state_width))

    def _seen(self, observation: Observed, camera: str) -> tuple[Tensor, Tensor]:
        images = observation[RGB + camera]
        there = observation.get(RGB + camera + PRESENT)
        if there is None:
            there = torch.ones(len(images), dtype=torch.bool, device=images.device)
        pixels = squared(images, self.reader.size.vision.image)
        return torch.where(there[:, None, None, None], pixels, 0.0), there

    def _check(self, observation: Observed) -> None:
        for key in (STATE, PROMPT, *(RGB + camera for camera in self.cameras)):
            if key not in observation:
                raise ContractMismatch(
                    f"pi0 was built for '{key}', and the observation has only "
                    f'{", ".join(sorted(observation))}; a camera that is absent for some rows is '
                    f"said by '{RGB}CAMERA{PRESENT}'"
                )
        if observation[STATE].shape[1:] != (self.state,):
            raise ContractMismatch(
                f'a state of {tuple(observation[STATE].shape[1:])}, pi0 was built for '
                f'({self.state},); it belongs to another dataset, or has a history'
            )


class Pi0Policy(ChunkPolicy):
    """A chunk policy whose features are a Context, and whose actions are padded inside."""

    def __init__(
        self,
        encoder: Looking,
        network: Actor,
        steps: int,
        horizon: int,
        size: int,
        unused: tuple[int, ...],
        texts: tuple[str, ...],
    ) -> None:
        super().__init__(encoder, network, NoiseAtOne(steps=steps), horizon, size, unused)
        self.texts, self.steps = texts, steps
        self.width = network.action_in_proj.in_features

    @property
    def looking(self) -> Looking:
        """Return the encoder as what it is."""
        assert isinstance(self.encoder, Looking)
        return self.encoder

    @property
    def actor(self) -> Actor:
        """Return the network as what it is."""
        assert isinstance(self.network, Actor)
        return self.network

    def encode(self, observation: Observed) -> Any:
        """Return the Context of an observation."""
        return self.encoder(observation)

    def missed(self, features: Any, actions: Tensor, source: Source) -> Tensor:
        """Return squared errors of the velocity (B, K, D), padding left out."""
        return super().missed(features, padded(actions, self.width), source)[..., : self.size]

    def drawn(self, features: Any, source: Source, draw: Draw) -> Tensor:
        """Draw chunks (B, K, D), of which the network knows more than is carried out."""
        shape = (len(features), self.horizon, self.width)
        return draw(self._bound(features), shape, source, features.device)[..., : self.size]

    def known(self, drawn: Tensor) -> Tensor:
        """Return the actions (..., K, D) of padded ones."""
        return self._known(drawn[..., : self.size])

    def split(self) -> 'Pi0Split':
        """Return how it is exported: reading once, then a graph for each step."""
        return Pi0Split(self)


class Pi0Split:
    """Implements export/graphs.py Split; the tensors of a Context travel by name."""

    def __init__(self, policy: Pi0Policy) -> None:
        self._policy = policy

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the Euler steps from noise, at time 1, to a chunk."""
        count = self._policy.steps
        return tuple(Step(step / count, 1.0, -1.0 / count) for step in range(count, 0, -1))

    @property
    def noise(self) -> tuple[int, ...]:
        """Return the shape of the first x; wider than an action."""
        return (1, self._policy.horizon, self._policy.width)

    def context(self, observation: Observed) -> dict[str, Tensor]:
        """Return keys, values, what is real, and the state."""
        found = self._policy.encode(observation)
        named = {'real': found.real.float(), 'padded_state': found.state}
        for layer, (keys, values) in enumerate(found.layers):
            named |= {f'keys_{layer}': keys.float(), f'values_{layer}': values.float()}
        return named

    def predict(self, context: Mapping[str, Tensor], x: Tensor, time: Tensor) -> Tensor:
        """Return the velocity."""
        count = self._policy.actor.size.depth
        layers = tuple((context[f'keys_{i}'], context[f'values_{i}']) for i in range(count))
        out: Tensor = self._policy.network(
            Context(layers, context['real'] > 0, context['padded_state']), x, time
        )
        return out.float()

    def chunk(self, x: Tensor) -> Tensor:
        """Return the normalised actions (1, K, A)."""
        return self._policy.known(x)


def padded(values: Tensor, width: int) -> Tensor:
    """Return values (..., n) with zeros behind them (..., width)."""
    return nn.functional.pad(values, (0, width - values.shape[-1]))
