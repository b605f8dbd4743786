# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Lower precision, chosen in the graph: builders that type strongly know no flag for it.

Only products with weights are lowered. Norms, embeddings of time, the steps of a sampler and
everything in units of the robot stay in float32, where they drift otherwise.
"""

import copy

import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ConfigError, did_you_mean

TYPES = {'fp32': torch.float32, 'bf16': torch.bfloat16, 'fp16': torch.float16}
_PRODUCTS = (nn.Linear, nn.Conv1d, nn.Conv2d)


class Lowered(nn.Module):
    """A product with weights in another type, float32 outside of it."""

    def __init__(self, module: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.inner, self.dtype = module.to(dtype), dtype

    def forward(self, x: Tensor) -> Tensor:
        """Return what the product says, in float32."""
        out: Tensor = self.inner(x.to(self.dtype)).float()
        return out


def lowered(module: nn.Module, precision: str) -> nn.Module:
    """Return a copy with its products in a precision; fp32 returns it as it is."""
    if precision not in TYPES:
        raise ConfigError(f"precision '{precision}'; {did_you_mean(precision, TYPES)}")
    if precision == 'fp32':
        return module
    changed = copy.deepcopy(module)
    _lower(changed, TYPES[precision])
    return changed


def _lower(module: nn.Module, dtype: torch.dtype) -> None:
    for name, child in module.named_children():
        # Attention reads the weights of its parts past their forward.
        if isinstance(child, _PRODUCTS) and not isinstance(module, nn.MultiheadAttention):
            setattr(module, name, Lowered(child, dtype))
        else:
            _lower(child, dtype)
