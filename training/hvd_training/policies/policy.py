# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A chunk policy: an encoder of observations, a network, and a head that makes it a distribution.

Objectives ask it for unreduced errors and weigh them; evaluation asks it for chunks. It knows
neither weights nor rewards. Steps behind the end of a recording are replaced before the network
sees them, so that whatever stands there changes nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from hvd_training.data.batch import Batch, Observed
from hvd_training.policies.draws import Source
from hvd_training.policies.heads.head import Head, Network

Reduce = Callable[[Tensor], Tensor]  # mean over processes
# A head's `sample` or `mode`.
Draw = Callable[[Network, tuple[int, int, int], Source, torch.device], Tensor]


class ChunkPolicy(nn.Module):
    """Answers observations with chunks of K actions of D dimensions, all normalised."""

    def __init__(
        self,
        encoder: nn.Module,
        network: nn.Module,
        head: Head,
        horizon: int,
        size: int,
        unused: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        self.encoder, self.network, self.head = encoder, network, head
        self.horizon, self.size = horizon, size
        used = torch.tensor([i not in unused for i in range(size)])
        self.register_buffer('used', used, persistent=False)
        self.reduce: Reduce = _alone
        self.used: Tensor  # (D,) dimensions that the data has; the others count nowhere

    def encode(self, observation: Observed) -> Tensor:
        """Return what the network needs to know of an observation (B, W)."""
        features: Tensor = self.encoder(observation)
        return features

    def errors(self, batch: Batch, source: Source) -> Tensor:
        """Return unreduced squared errors (B, K, D) of the head."""
        features = self.encode(batch.observation)
        return self.missed(features, filled(batch.actions, batch.valid, self.used), source)

    def forward(self, batch: Batch, source: Source) -> Tensor:
        """Return `errors`; what wraps a module calls this one."""
        return self.errors(batch, source)

    @torch.no_grad()
    def sample(self, observation: Observed, source: Source) -> Tensor:
        """Return the chunks to carry out (B, K, D)."""
        with at_rest(self):
            return self._known(self.drawn(self.encode(observation), source, self.head.mode))

    @torch.no_grad()
    def candidates(self, observation: Observed, count: int, source: Source) -> Tensor:
        """Draw N chunks for every observation (B, N, K, D); it is encoded once."""
        with at_rest(self):
            many = self.encode(observation).repeat_interleave(count, dim=0)
            drawn = self._known(self.drawn(many, source, self.head.sample))
        return drawn.reshape(-1, count, self.horizon, self.size)

    def missed(self, features: Tensor, actions: Tensor, source: Source) -> Tensor:
        """Return the head's errors (B, K, D) for what was read of the observations."""
        return self.head.errors(self._bound(features), actions, source)

    def drawn(self, features: Tensor, source: Source, draw: Draw) -> Tensor:
        """Draw chunks (B, K, D) by a method of the head."""
        shape = (len(features), self.horizon, self.size)
        return draw(self._bound(features), shape, source, features.device)

    def _known(self, actions: Tensor) -> Tensor:
        return torch.where(self.used, actions, torch.zeros_like(actions))

    def _bound(self, features: Any) -> Network:
        def said(noised: Tensor | None, time: Tensor | None) -> Tensor:
            out: Tensor = self.network(features, noised, time)
            return out

        return said


@contextmanager
def at_rest(module: nn.Module) -> Iterator[None]:
    """Act, and forget nothing of what is seen; then learn on, if it did."""
    learns = module.training
    if learns:
        module.eval()
    try:
        yield
    finally:
        if learns:
            module.train()


def _alone(value: Tensor) -> Tensor:
    return value


def filled(actions: Tensor, valid: Tensor, used: Tensor) -> Tensor:
    """Put the last recorded step in place of those behind it (B, K, D); 0 where there is none."""
    last = (valid.long().sum(dim=1) - 1).clamp(min=0)
    final = actions[torch.arange(len(actions), device=actions.device), last]
    steps = torch.where(valid[..., None], actions, final[:, None])
    known = used & valid.any(dim=1)[:, None, None]
    return torch.where(known, steps, torch.zeros_like(steps))
