# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Is the value still sound? Numbers of every step, and warnings in words.

Values go wrong in silence: weights that only a few chunks carry, bounds that bind, V that drifts
where nothing happens. Each has a number here, a threshold, and a sentence about what to do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
import math

import torch
from torch import Tensor

from hvd_ros.core.errors import HvdError
from hvd_training.values.config import ValueConfig
from hvd_training.values.losses import Measured
from hvd_training.values.model import ValueModel
from hvd_training.values.value_losses import exponent
from hvd_training.values.weights import effective_share

_FEW = 0.1  # effective share of the data
_SAME = 0.995
_BOUND = 0.02  # share of chunks whose exponential is bounded
_BEYOND = 0.01  # share of targets beyond the histogram
_WARM_UP = 1000  # steps before fresh networks are judged
_ROOM = 0.5  # of the span of returns, that values may lie beyond it
_ABOVE = 0.1  # of it, that the best chunks may be above the best return
_CAP = 20.0  # where weights have no bound of their own


class Diverged(HvdError):
    """The value is not a number any more."""


@torch.no_grad()
def describe(
    measured: Measured, weight: Tensor, scale: Tensor, model: ValueModel, config: ValueConfig
) -> dict[str, Tensor]:
    """Return what is logged of a batch; tensors, so that nothing waits for the device."""
    of_v = measured.u[:, -1:] if config.v_sharing == 'full' else measured.u
    log = {
        'loss_v': measured.loss_v,
        'loss_q': measured.loss_q,
        'v_mean': measured.v.mean(),
        'target_mean': measured.y.mean(),
        'advantage_scale': scale,
        'used_share': measured.used.float().mean(),
        'clip_fraction': (exponent(of_v, scale, config) > config.z_max).float().mean(),
    }
    if model.bins is not None:
        log['support_clipped'] = model.bins.clipped(measured.y).float().mean()
    share = effective_share(weight)
    top = torch.quantile(weight, 0.99, dim=0)
    for i, name in enumerate(model.heads.names):
        log |= {
            f'q_mean/{name}': measured.q[:, i].mean(),
            f'q_p95/{name}': torch.quantile(measured.q[:, i], 0.95),
            f'u_mean/{name}': measured.u[:, i].mean(),
            f'u_std/{name}': measured.u[:, i].std(correction=0),
            f'weight_mean/{name}': weight[:, i].mean(),
            f'weight_p99/{name}': top[i],
            f'weight_max/{name}': weight[:, i].max(),
            f'ess/{name}': share[i],
        }
    return log


@dataclass
class Monitor:
    """Turn the log of a run into sentences: one when something begins, one when it is over."""

    config: ValueConfig
    returns: tuple[float, float] | None = None  # range of returns, which values should keep to
    _on: set[str] = field(default_factory=set)

    def check(self, step: int, log: Mapping[str, float | Tensor]) -> list[str]:
        """Return what is new at this step; raise Diverged where going on makes no sense."""
        numbers = {name: float(value) for name, value in log.items()}
        broken = [name for name, value in numbers.items() if not math.isfinite(value)]
        if broken:
            raise Diverged(
                f'step {step}: {", ".join(broken)} is not finite; check the data '
                '(`hvd dataset check`) or lower learning_rate or alpha'
            )
        found = self._found(step, numbers)
        said = [f'step {step}: {text}' for key, text in found.items() if key not in self._on]
        said += [f'step {step}: {key} is well again' for key in sorted(self._on - set(found))]
        self._on = set(found)
        return said

    def _found(self, step: int, log: dict[str, float]) -> dict[str, str]:
        found: dict[str, str] = {}
        for rule in (self._weights, self._bounds, self._ranges, self._data):
            found |= rule(log)
        if step >= _WARM_UP:
            found |= self._flat(log)
        return found

    def _weights(self, log: dict[str, float]) -> dict[str, str]:
        cap = self.config.weight_max or _CAP
        found: dict[str, str] = {}
        for name, value in log.items():
            kind, _, group = name.partition('/')
            if kind == 'ess' and value < _FEW:
                found[name] = (
                    f'few chunks carry the weights of {group}: their effective share is '
                    f'{value:.3f}, below {_FEW}; lower alpha'
                )
            if kind == 'weight_p99' and value >= cap:
                found[name] = (
                    f'one in a hundred weights of {group} reaches {value:.3g}, the bound is '
                    f'{cap:g}; lower alpha'
                )
        return found

    def _bounds(self, log: dict[str, float]) -> dict[str, str]:
        found = {}
        exponential = self.config.v_loss in ('idql_exp', 'hvd_eq6')
        if exponential and log.get('clip_fraction', 0) > _BOUND:
            found['clip_fraction'] = (
                f'{log["clip_fraction"]:.1%} of the chunks are past z_max {self.config.z_max:g}, '
                f'which draws V below the soft maximum (allowed: {_BOUND:.0%}); lower alpha or '
                'set adv_scale = ema_std, a smaller z_max makes it worse'
            )
        if log.get('support_clipped', 0) > _BEYOND:
            found['support_clipped'] = (
                f'{log["support_clipped"]:.1%} of the targets lie beyond the histogram (allowed: '
                f'{_BEYOND:.0%}); widen its support, see values/deas.py'
            )
        return found

    def _ranges(self, log: dict[str, float]) -> dict[str, str]:
        if self.returns is None:
            return {}
        low, high = self.returns
        room, found = _ROOM * max(high - low, 1e-6), {}
        for name, value in log.items():
            means = name.partition('/')[0] in ('v_mean', 'q_mean')
            if means and not low - room <= value <= high + room:
                found[name] = (
                    f'{name} = {value:.4g} drifts out of what returns can be, [{low:.4g}, '
                    f'{high:.4g}]; does every episode that ended say so (terminal)? is gamma '
                    'below 1?'
                )
            if name.startswith('q_p95/') and value > high + _ABOVE * (high - low):
                found[name] = (
                    f'one Q in twenty is above {value:.4g}, and no episode returned more than '
                    f'{high:.4g}: a score is paid where the states behind it look as if it were '
                    'still to come; see --data.rewards settled'
                )
        return found

    def _data(self, log: dict[str, float]) -> dict[str, str]:
        if log.get('used_share', 1) > 0:
            return {}
        return {
            'used_share': 'no chunk of the batch is learned from: value_data = '
            f'{self.config.value_data}, tail = {self.config.tail} leave nothing over'
        }

    def _flat(self, log: dict[str, float]) -> dict[str, str]:
        shares = [value for name, value in log.items() if name.startswith('ess/')]
        if not shares or min(shares) < _SAME:
            return {}
        return {
            'flat': f'all weights are nearly the same (effective share {min(shares):.4f}): the '
            'policy would imitate all data alike; raise alpha, or the values know nothing'
        }
