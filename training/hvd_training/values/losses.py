# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The losses of V and Q on one batch, and what is measured beside them.

A module of its own, so that it can be compiled or wrapped for several processes as a whole. What
it keeps (running means, target networks) changes only in `commit`, never while a loss is computed.
"""

from collections.abc import Callable
import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ContractMismatch
from hvd_training.data.batch import Batch
from hvd_training.values.categorical import cross_entropy
from hvd_training.values.config import ValueConfig
from hvd_training.values.model import ValueModel
from hvd_training.values.targets import chunk_return, shaped
from hvd_training.values.value_losses import asymmetry, exponent, v_loss
from hvd_training.values.weights import advantage, phi1, raw_weights

_NARROWEST = 1e-4  # advantages are never divided by less

Reduce = Callable[[Tensor], Tensor]  # mean over processes


class Measured(NamedTuple):
    """What a batch says about the values; no gradients."""

    loss_v: Tensor  # ()
    loss_q: Tensor  # ()
    u: Tensor  # (B, H) Q of the target network over V
    q: Tensor  # (B, H)
    v: Tensor  # (B, 1 or H)
    y: Tensor  # (B,) what Q is drawn to
    raw: Tensor  # (B, H) weights before the running mean
    used: Tensor  # (B,) bool
    moments: Tensor  # (2 + H,) means over processes: u, u^2, raw weight of each head


class ValueLosses(nn.Module):
    """Compute loss and measurements of a batch; keep the targets and the running means."""

    count: Tensor
    means: Tensor
    monte_carlo: Tensor | None

    def __init__(self, config: ValueConfig, model: ValueModel, monte_carlo: Tensor | None) -> None:
        super().__init__()
        self.config, self.model = config, model
        self.target = _follower(model, config)
        self._pairs = _pairs(self.target, model)
        self.reduce: Reduce = _alone
        heads = len(model.heads.names)
        # How many batches were seen, and running means of their moments (biased, as Adam's are).
        self.register_buffer('count', torch.zeros((), dtype=torch.int64))
        self.register_buffer('means', torch.zeros(2 + heads, dtype=torch.float64))
        self.register_buffer('monte_carlo', monte_carlo, persistent=False)

    def train(self, mode: bool = True) -> 'ValueLosses':
        """Switch the trained networks only: targets are never in training mode."""
        super().train(mode)
        self.target.eval()
        return self

    def forward(self, batch: Batch) -> tuple[Tensor, Measured]:
        """Return the sum of both losses and what was measured."""
        self._check(batch)
        model, scale = self.model, self.scale()
        used = self.used(batch)
        # Over all processes together: gradients are averaged over them afterwards.
        share = used.float() / self.reduce(used.float().mean()).clamp(min=1e-6)
        y = self.targets(batch)
        seen = model.encoder(batch.observation)
        q_said = model.q_said(seen, batch.actions, batch.valid)
        v_said = model.v_said(batch.observation, seen)
        bar_said, q_bar = self.q_bar(batch)
        v = model.number(v_said)
        loss_q = (self._q_losses(q_said, y) * share).mean()
        loss_v = (self._v_losses(v_said, v, bar_said, q_bar, scale) * share).mean()
        u = advantage(q_bar, v.detach())
        source = advantage(q_bar, v.detach(), self.config.weight_source)
        raw = raw_weights(source, scale, self.config)
        moments = self._moments(self._learned(u), raw, share)
        said = Measured(
            loss_v.detach(), loss_q.detach(), u, q_bar, v.detach(), y, raw, used, moments
        )
        return loss_v + loss_q, said

    @torch.no_grad()
    def targets(self, batch: Batch) -> Tensor:
        """Return y (B,): what every head of Q is drawn to."""
        config = self.config
        rewards = shaped(batch.rewards, config)
        total, factor = chunk_return(
            rewards, batch.valid, batch.terminated, config.gamma, config.inside
        )
        source: ValueModel = self.target if config.target_v else self.model
        # One target for all heads: V of the whole chunk where heads have their own.
        y = total + factor * source.v(batch.next_observation)[..., -1]
        if self.monte_carlo is None or not config.mc_share:
            return y
        recorded = self.monte_carlo[batch.row].to(y.dtype)
        mixed = torch.lerp(y, recorded.nan_to_num(), config.mc_share)
        return torch.where(torch.isnan(recorded), y, mixed)

    @torch.no_grad()
    def q_bar(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return what the target Q answers (B, H, outputs), one of several, and as numbers."""
        target = self.target
        said = target.q_said(target.encoder(batch.observation), batch.actions, batch.valid)
        numbers = target.number(said)  # (n_q, B, H)
        if self.config.q_agg == 'mean':
            # Of histograms the probabilities are averaged, not the logits.
            many = torch.softmax(said, dim=-1).mean(0).log() if target.bins else said.mean(0)
            return many, numbers.mean(0)
        lowest = numbers.argmin(dim=0, keepdim=True)
        picked = said.gather(0, lowest[..., None].expand(1, *said.shape[1:]))[0]
        return picked, numbers.amin(dim=0)

    def used(self, batch: Batch) -> Tensor:
        """Return which chunks are learned from, (B,)."""
        used = torch.ones_like(batch.expert)
        if self.config.tail == 'drop':
            used = used & batch.valid.all(dim=1)
        if self.config.value_data == 'optimal':
            used = used & batch.expert
        return used

    def scale(self) -> Tensor:
        """Return what advantages are divided by, from the batches before this one."""
        one = torch.ones((), device=self.means.device)
        if self.config.adv_scale == 'none':
            return one
        mean = self._unbiased()
        spread = (mean[1] - mean[0].square()).clamp(min=_NARROWEST**2).sqrt()
        return torch.where(self.count > 0, spread, one).to(one.dtype)

    def mean_weight(self) -> Tensor:
        """Return the running mean of the raw weight of each head, (H,)."""
        mean = self._unbiased()[2:].clamp(min=1e-12)
        return torch.where(self.count > 0, mean, torch.ones_like(mean)).float()

    @torch.no_grad()
    def commit(self, moments: Tensor) -> None:
        """Take the moments of a batch into the running means, and draw the targets along."""
        decay = self.config.ema_decay
        self.means.mul_(decay).add_(moments, alpha=1 - decay)
        self.count.add_(1)
        torch._foreach_lerp_(*self._pairs, self.config.tau_polyak)

    def _unbiased(self) -> Tensor:
        seen = 1 - torch.pow(
            torch.full_like(self.means[0], self.config.ema_decay), self.count.clamp(min=1)
        )
        return self.means / seen

    def _q_losses(self, said: Tensor, y: Tensor) -> Tensor:
        """Return (B,): the mean over networks and heads; every head has the same target."""
        bins = self.model.bins
        if bins is None:
            return (said[..., 0] - y[:, None]).square().mean(dim=(0, 2))
        return cross_entropy(bins.target(y)[:, None], said).mean(dim=(0, 2))

    def _v_losses(
        self, said: Tensor, v: Tensor, bar_said: Tensor, q_bar: Tensor, scale: Tensor
    ) -> Tensor:
        """Return (B,): the mean over the heads that V is learned from."""
        q_bar = self._learned(q_bar)
        u = q_bar - v
        if not self.config.v_categorical:
            return v_loss(u, scale, self.config).mean(dim=1)
        pull = categorical_pull(u.detach(), scale, self.config)
        soft = torch.softmax(self._learned(bar_said), dim=-1)
        return (pull * cross_entropy(soft, said)).mean(dim=1)

    def _learned(self, of_heads: Tensor) -> Tensor:
        return of_heads[:, -1:] if self.config.v_sharing == 'full' else of_heads

    def _moments(self, u: Tensor, raw: Tensor, share: Tensor) -> Tensor:
        parts = [u.mean(dim=1), u.square().mean(dim=1), *raw.unbind(dim=1)]
        return self.reduce((torch.stack(parts) * share).mean(dim=1).double())

    def _check(self, batch: Batch) -> None:
        chunk, size = batch.actions.shape[1:]
        if chunk != self.config.chunk or size != self.model.heads.size:
            raise ContractMismatch(
                f'a batch of {chunk} actions of {size} numbers for a value of '
                f'{self.config.chunk} actions of {self.model.heads.size}; read the data with '
                f'chunk = {self.config.chunk}, or train a value for this body'
            )


def categorical_pull(u: Tensor, scale: Tensor, config: ValueConfig) -> Tensor:
    """Return how hard a histogram Q pulls a histogram V: the weight that belongs to the V-loss."""
    if config.v_loss == 'expectile':
        return asymmetry(u, config.level)
    if config.v_loss == 'mse':
        return torch.ones_like(u)
    return phi1(exponent(u, scale, config).clamp(max=config.z_max))


def _follower(model: ValueModel, config: ValueConfig) -> ValueModel:
    """Return a copy that is never trained, of V only if it is asked for."""
    follower = copy.deepcopy(model).requires_grad_(False).eval()
    if not config.target_v:
        follower.v_encoder, follower.v_net = None, nn.Identity()
    return follower


def _pairs(follower: nn.Module, leader: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """Return the parameters of the follower and those that they follow."""
    lead = dict(leader.named_parameters())
    own = dict(follower.named_parameters())
    return list(own.values()), [lead[name] for name in own]


def _alone(mean: Tensor) -> Tensor:
    return mean
