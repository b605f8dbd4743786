# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A slow copy of the weights that learn: the one that acts."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


class Averaged:
    """Exponential moving average of a module's parameters, of this process's share of them."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._parameters = list(module.parameters())
        self._decay = decay
        self._slow = [p.detach().clone() for p in self._parameters] if decay else []

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take the weights in after an update; early ones, still near chance, are forgotten."""
        if self._slow:
            decay = min(self._decay, (1 + step) / (10 + step))
            torch._foreach_lerp_(self._slow, [p.detach() for p in self._parameters], 1 - decay)

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Have the module act with the slow weights for a while."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for fast, slow in zip(self._parameters if self._slow else [], self._slow, strict=True):
            kept = fast.detach().clone()
            fast.copy_(slow)
            slow.copy_(kept)

    @torch.no_grad()
    def take(self) -> None:
        """Let the slow weights be those that the module has now."""
        for fast, slow in zip(self._parameters if self._slow else [], self._slow, strict=True):
            slow.copy_(fast)
