# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A slow copy of the weights that learn: the one that acts."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor


class Averaged:
    """Exponential moving average of a module's parameters, of this process's share of them."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._parameters = list(module.parameters()) if decay else []
        self._decay = decay
        self._slow = [p.clone() for p in self._fast()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take the weights in after an update; early ones, still near chance, are forgotten."""
        if self._slow:
            decay = min(self._decay, (1 + step) / (10 + step))
            torch._foreach_lerp_(self._slow, self._fast(), 1 - decay)

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
        for fast, slow in zip(self._fast(), self._slow, strict=True):
            kept = fast.clone()
            fast.copy_(slow)
            slow.copy_(kept)

    @torch.no_grad()
    def take(self) -> None:
        """Let the slow weights be those that the module has now."""
        for fast, slow in zip(self._fast(), self._slow, strict=True):
            slow.copy_(fast)

    def _fast(self) -> list[Tensor]:
        """Return the weights that learn, of those that are shared out this process's part."""
        found = [p.detach() for p in self._parameters]
        return [p.to_local() if isinstance(p, DTensor) else p for p in found]
