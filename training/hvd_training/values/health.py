# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Is the value still sound? Numbers of every step, and warnings in words.

Values go wrong in silence: weights that only a few chunks carry, bounds that bind, V that drifts
where nothing happens. Each has a number here, a threshold, and a sentence about what to do.
"""

import torch
from torch import Tensor

from hvd_training.values.config import ValueConfig
from hvd_training.values.losses import Measured
from hvd_training.values.model import ValueModel
from hvd_training.values.value_losses import exponent
from hvd_training.values.weights import effective_share


@torch.no_grad()
def describe(
    measured: Measured, weight: Tensor, scale: Tensor, model: ValueModel, config: ValueConfig
) -> dict[str, Tensor]:
    """Return what is logged of a batch; tensors, so that nothing waits for the device."""
    log = {
        'loss_v': measured.loss_v,
        'loss_q': measured.loss_q,
        'v_mean': measured.v.mean(),
        'target_mean': measured.y.mean(),
        'advantage_scale': scale,
        'used_share': measured.used.float().mean(),
        'clip_fraction': (exponent(measured.u, scale, config) > config.z_max).float().mean(),
    }
    if model.bins is not None:
        log['support_clipped'] = model.bins.clipped(measured.y).float().mean()
    share = effective_share(weight)
    top = torch.quantile(weight, 0.99, dim=0)
    for i, name in enumerate(model.heads.names):
        log |= {
            f'q_mean/{name}': measured.q[:, i].mean(),
            f'u_mean/{name}': measured.u[:, i].mean(),
            f'u_std/{name}': measured.u[:, i].std(correction=0),
            f'weight_mean/{name}': weight[:, i].mean(),
            f'weight_p99/{name}': top[i],
            f'weight_max/{name}': weight[:, i].max(),
            f'ess/{name}': share[i],
        }
    return log
