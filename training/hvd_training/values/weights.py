# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How much a recorded chunk counts for the policy, from the advantage of each group.

The weight that belongs to a V-loss f is |f'(u)| / |u|: with it the weighted mean of Q is V.
Nothing here carries a gradient, so bounding the exponent is safe, as it would not be in the loss.
"""

import torch
from torch import Tensor

from hvd_training.values.config import ValueConfig
from hvd_training.values.value_losses import asymmetry, wide

_SERIES = 1e-2  # below this (e^z - 1) / z is taken from its series
_LOW, _HIGH = -10.0, 5.0  # exponents of phi1: 1/10 of the neutral weight, and 30 times it
_FINITE = 40.0  # the square of phi1 of this is still a float32
_FLOOR = 1e-6  # of |u| under a quantile's weight, which has a pole at 0


def phi1(z: Tensor) -> Tensor:
    """Return (e^z - 1) / z, which is 1 at 0."""
    z = wide(z)
    small = z.abs() < _SERIES
    # The denominator is made safe inside the choice: 0/0 would poison a gradient even unchosen.
    safe = torch.where(small, torch.ones_like(z), z)
    series = 1 + z / 2 + z.square() / 6 + z**3 / 24
    return torch.where(small, series, torch.expm1(safe) / safe)


def advantage(q: Tensor, v: Tensor, source: str = 'prefix') -> Tensor:
    """Return u (B, H) of Q (B, H) over V (B, 1 or H), or of each head over the one before."""
    if source == 'prefix':
        return q - v
    return torch.cat([q[:, :1] - v[:, :1], q[:, 1:] - q[:, :-1]], dim=1)


@torch.no_grad()
def raw_weights(u: Tensor, scale: Tensor, config: ValueConfig) -> Tensor:
    """Return the weight of each advantage, to the power asked for, not yet normalised."""
    u = wide(u)
    return _weight(u, scale, config) ** config.weight_power


def _weight(u: Tensor, scale: Tensor, config: ValueConfig) -> Tensor:
    z = config.alpha * u / scale
    if config.weight_fn == 'phi1':
        return phi1(z.clamp(_LOW, _HIGH))
    if config.weight_fn == 'eq7':
        return config.alpha**2 * phi1(z.clamp(max=_FINITE))
    if config.weight_fn == 'awr':
        return torch.exp(z.clamp(max=_FINITE)).clamp(max=config.awr_max)
    if config.weight_fn == 'binary':
        return (u > 0).to(u.dtype)
    if config.weight_fn == 'expectile':
        return asymmetry(u, config.level)
    return asymmetry(u, config.level) / u.abs().clamp(min=_FLOOR)


@torch.no_grad()
def finished(raw: Tensor, mean: Tensor, config: ValueConfig) -> Tensor:
    """Divide by the running mean of each head, then bound."""
    weight = raw / mean if config.weight_norm == 'ema' else raw
    return weight.clamp(max=config.weight_max) if config.weight_max else weight


@torch.no_grad()
def effective_share(weight: Tensor) -> Tensor:
    """Return (sum w)^2 / (N sum w^2) over the first axis: which share of the data still counts."""
    return weight.sum(0).square() / (len(weight) * weight.square().sum(0)).clamp(min=1e-30)
