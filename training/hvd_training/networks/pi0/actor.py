# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The expert that acts: a context, a noised chunk and its time to a velocity.

Its tokens are the state, which sees what was read and itself, and the steps of the chunk, which
see all that and each other. With `adaptive`, as pi0.5 has it, there is no token of the state, and
the time adapts the norms instead of being mixed into each step.
"""

import torch
from torch import Tensor, nn

from hvd_training.networks.pi0.context import Context
from hvd_training.networks.pi0.layer import Layer, norm
from hvd_training.networks.pi0.recomputed import recomputed
from hvd_training.networks.pi0.rotary import turn
from hvd_training.networks.pi0.sizes import Gemma
from hvd_training.networks.time_embedding import TimeEmbedding


class Expert(nn.Module):
    """The layers, and a norm behind them."""

    def __init__(self, size: Gemma, rank: int, condition: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(size, rank, condition) for _ in range(size.depth))
        self.norm = norm(size.width, condition)


class Actor(nn.Module):
    """Expert and projections; actions and state come padded to the widths of these."""

    def __init__(
        self,
        size: Gemma,
        action_width: int,
        state_width: int,
        adaptive: bool = False,
        rank: int = 0,
        recompute: bool = False,
    ) -> None:
        super().__init__()
        self.size, self.adaptive, self.recompute = size, adaptive, recompute
        width = size.width
        self.expert = Expert(size, rank, width if adaptive else 0)
        self.action_in_proj = nn.Linear(action_width, width)
        self.action_out_proj = nn.Linear(width, action_width)
        self.embed_time = TimeEmbedding(width)
        if adaptive:
            self.time_mlp_in = nn.Linear(width, width)
            self.time_mlp_out = nn.Linear(width, width)
        else:
            self.state_proj = nn.Linear(state_width, width)
            self.action_time_mlp_in = nn.Linear(2 * width, width)
            self.action_time_mlp_out = nn.Linear(width, width)

    def forward(self, context: Context, noised: Tensor, time: Tensor) -> Tensor:
        """Return the velocity (B, K, A) of noised chunks (B, K, A) at times (B,)."""
        tokens, condition = self._tokens(context, noised, time)
        count = tokens.shape[1]
        mask = seen(context.real, count, steps=noised.shape[1])
        first = context.real.sum(dim=1, keepdim=True)
        by = turn(first + torch.arange(count, device=first.device), self.size.head_width)
        again = self.recompute and torch.is_grad_enabled()
        x = tokens
        for layer, before in zip(self.expert.layers, context.layers, strict=True):
            x, _ = recomputed(layer, again, x, by, before, mask, condition)
        x, _ = self.expert.norm(x[:, -noised.shape[1] :], condition)
        out: Tensor = self.action_out_proj(x)
        return out

    def _tokens(
        self, context: Context, noised: Tensor, time: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        steps = self.action_in_proj(noised)
        when = self.embed_time(time)
        silu = nn.functional.silu
        if self.adaptive:
            return steps, silu(self.time_mlp_out(silu(self.time_mlp_in(when))))
        both = torch.cat((steps, when[:, None].expand_as(steps).to(steps.dtype)), dim=-1)
        steps = self.action_time_mlp_out(silu(self.action_time_mlp_in(both)))
        return torch.cat((self.state_proj(context.state)[:, None], steps), dim=1), None


def seen(real: Tensor, count: int, steps: int) -> Tensor:
    """Return what the last `count` tokens see (B, 1, count, L + count): the steps come last."""
    action = torch.arange(count, device=real.device) >= count - steps
    own = action[:, None] | ~action[None, :]
    prefix = real[:, None].expand(-1, count, -1)
    return torch.cat((prefix, own.expand(len(real), -1, -1)), dim=2)[:, None]
