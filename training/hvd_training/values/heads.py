# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Q of every prefix of the groups of a chunk: base; base and torso; base, torso and arm.

One trunk serves every prefix: the first layer is linear in the actions, so the prefix up to a
group is the sum of what each group up to it adds. A later group can not leak into an earlier head.
"""

from itertools import pairwise
import math

import torch
from torch import Tensor, nn

from hvd_training.groups import Groups
from hvd_training.values.config import ValueConfig

FRESH = 0.1  # fresh networks answer almost nothing


class ManyLinear(nn.Module):
    """n linear maps side by side: (n, ..., inputs) to (n, ..., outputs)."""

    def __init__(self, n: int, inputs: int, outputs: int, bias: bool = True) -> None:
        super().__init__()
        bound = 1 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(n, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(n, 1, outputs)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, N, inputs), or the same (N, inputs) for all n."""
        if x.ndim == 2:
            x = x.expand(len(self.weight), *x.shape)
        if self.bias is None:
            return torch.bmm(x, self.weight)
        return torch.baddbmm(self.bias, x, self.weight)


class ManyBlock(nn.Module):
    """n residual blocks side by side: LayerNorm, wide, GELU, narrow, (n, N, width)."""

    def __init__(self, n: int, width: int, expansion: int = 2) -> None:
        super().__init__()
        self.norm = ManyNorm(n, width)
        self.wide = ManyLinear(n, width, expansion * width)
        self.narrow = ManyLinear(n, expansion * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, N, width)."""
        hidden = nn.functional.gelu(self.wide(self.norm(x)), approximate='tanh')
        out: Tensor = x + self.narrow(hidden)
        return out


class ManyNorm(nn.Module):
    """n LayerNorms side by side, (n, N, width)."""

    def __init__(self, n: int, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(n, 1, width))
        self.shift = nn.Parameter(torch.zeros(n, 1, width))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, N, width)."""
        return nn.functional.layer_norm(x, x.shape[-1:]) * self.scale + self.shift


class ManyDecoder(nn.Module):
    """n plain MLPs side by side behind a first layer: (n, N, widths[0]) to (n, N, widths[-1])."""

    def __init__(self, n: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            ManyLinear(n, inputs, outputs) for inputs, outputs in pairwise(widths)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, N, widths[-1])."""
        x = nn.functional.gelu(x, approximate='tanh')
        for layer in self.layers:
            x = nn.functional.gelu(layer(x), approximate='tanh')
        return x


class ChunkHeads(nn.Module):
    """n Q networks with one head a group: (B, W), (B, K, D), (B, K) to (n, B, H, outputs)."""

    def __init__(self, seen: int, groups: Groups, config: ValueConfig, outputs: int) -> None:
        super().__init__()
        n, heads = config.n_q, len(groups.names)
        width = config.layers[0] if config.layers else config.width
        self.decomposition, self.residual_sg = config.decomposition, config.residual_sg
        self.groups, self.heads, self.outputs = groups, heads, outputs
        self.state = ManyLinear(n, seen, width)
        self.real = ManyLinear(n, config.chunk, width, bias=False)
        self.actions = nn.ModuleList(
            ManyLinear(n, config.chunk * size, width, bias=False) for size in groups.sizes
        )
        self.which = nn.Parameter(torch.randn(n, 1, heads, width) * 0.1)
        if config.layers:
            self.blocks = nn.Sequential(ManyDecoder(n, config.layers))
            self.norm: nn.Module = nn.Identity()
        else:
            self.blocks = nn.Sequential(*(ManyBlock(n, width) for _ in range(config.depth)))
            self.norm = ManyNorm(n, width)
        self.last = ManyLinear(n * heads, config.layers[-1] if config.layers else width, outputs)
        with torch.no_grad():
            self.last.weight.mul_(FRESH)

    def forward(self, seen: Tensor, actions: Tensor, valid: Tensor) -> Tensor:
        """Return what each head says; padded actions are never read."""
        inputs = self._prefixes(seen, actions, valid)  # (n, B, H, width)
        n, rows, heads, width = inputs.shape
        trunk = self.norm(self.blocks(inputs.reshape(n, rows * heads, width)))
        per_head = trunk.reshape(n, rows, heads, -1).transpose(1, 2)
        said = self.last(per_head.reshape(n * heads, rows, -1))
        out = said.reshape(n, heads, rows, self.outputs).transpose(1, 2)
        return self._summed(out) if self.decomposition == 'residual' else out

    def _prefixes(self, seen: Tensor, actions: Tensor, valid: Tensor) -> Tensor:
        real = torch.where(valid[..., None], actions, torch.zeros_like(actions))
        common = self.state(seen) + self.real(valid.to(actions.dtype))
        prefix, found = common, []
        for own, layer in zip(self.groups.indices, self.actions, strict=True):
            prefix = prefix + layer(real[:, :, list(own)].flatten(1))
            found.append(prefix)
        return torch.stack(found, dim=2) + self.which

    def _summed(self, steps: Tensor) -> Tensor:
        """Return prefix sums over the heads; the prefix is a constant if residual_sg."""
        if not self.residual_sg:
            return steps.cumsum(dim=2)
        before = steps.detach().cumsum(dim=2) - steps.detach()
        return before + steps
