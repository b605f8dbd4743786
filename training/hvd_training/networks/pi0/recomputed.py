# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Layers whose inside is computed again for the gradient instead of being kept."""

from typing import Any

from torch import nn
from torch.utils.checkpoint import checkpoint


def recomputed(layer: nn.Module, again: bool, *given: Any) -> Any:
    """Return what a layer says; with `again` only what it was given is kept in memory."""
    if not again:
        return layer(*given)
    return checkpoint(layer, *given, use_reentrant=False, preserve_rng_state=False)
