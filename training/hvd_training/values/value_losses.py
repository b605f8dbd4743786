# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What V is of the Q of recorded chunks: their soft maximum, an expectile, a quantile or their mean.

Each is a function of the advantage u = Q - V whose derivative has the sign that pulls V the right
way everywhere, however far it started. All are computed in float32 or better.
"""

import torch
from torch import Tensor

from hvd_training.values.config import ValueConfig


def wide(x: Tensor) -> Tensor:
    """Return at least float32: exp and log lose everything in half precision."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def exponential(z: Tensor, z_max: float) -> Tensor:
    """
    Return e^z - z - 1, going on as a line past z_max.

    A clamp inside exp would turn the slope there to -1 and drive V away from Q for ever.
    """
    bounded = z.clamp(max=z_max)
    rest = z - bounded
    return torch.expm1(bounded) + torch.exp(bounded) * rest - z


def asymmetry(u: Tensor, level: float) -> Tensor:
    """Return |level - 1[u < 0]|."""
    return torch.where(u < 0, 1 - level, level)


def v_loss(u: Tensor, scale: Tensor, config: ValueConfig) -> Tensor:
    """Return the loss of each advantage u = Q - V, unreduced; only V may carry a gradient."""
    u = wide(u)
    if config.v_loss == 'idql_exp':
        # Divided by alpha^2: size and curvature do not depend on it.
        step = scale / config.alpha
        return exponential(u / step, config.z_max) * step.square()
    if config.v_loss == 'hvd_eq6':
        return config.alpha * exponential(u / scale, config.z_max) * scale.square()
    if config.v_loss == 'expectile':
        return asymmetry(u, config.level) * u.square()
    if config.v_loss == 'quantile':
        return asymmetry(u, config.level) * u.abs()
    return u.square()


def exponent(u: Tensor, scale: Tensor, config: ValueConfig) -> Tensor:
    """Return the z of the exponential losses; where it passes z_max the line is in force."""
    sharpness = config.alpha if config.v_loss == 'idql_exp' else 1.0
    return sharpness * wide(u) / scale
