# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Diffusion (Ho et al. 2020): the network says the noise; squared-cosine schedule, DDIM sampling.

    x_t = sqrt(abar_t) * action + sqrt(1 - abar_t) * noise,   t = 0 .. T-1

DDIM (Song et al. 2021) without added noise takes every (T // steps)-th time down to 0 and then the
clean chunk; where T is no multiple of `steps` the last few times are left out, as diffusers does.
`steps` = T with `ancestral` is DDPM's own sampler.
"""

from dataclasses import dataclass
from functools import lru_cache
import math

import torch
from torch import Tensor

from hvd_ros.core.errors import ConfigError
from hvd_training.policies import draws
from hvd_training.policies.draws import Source
from hvd_training.policies.heads.head import Network

_LARGEST_BETA = 0.999
_OFFSET = 0.008  # keeps the first beta from being too small (Nichol and Dhariwal 2021)


@dataclass(frozen=True)
class Ddpm:
    """Noise prediction."""

    times: int = 100  # T
    steps: int = 10  # of the sampler
    ancestral: bool = False  # DDPM's sampler, which adds noise at every step
    clip: float = 10.0  # of the clean chunk while sampling, in normalised units
    renoised: bool = True  # DDIM: what was clipped off is taken out of the noise, too
    noised = True

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= self.times:
            raise ConfigError(
                f'{self.steps} sampling steps of {self.times} times: choose 1 to {self.times}'
            )
        if self.ancestral and self.steps != self.times:
            raise ConfigError(f'ancestral sampling takes all {self.times} steps, not {self.steps}')

    def errors(self, network: Network, actions: Tensor, source: Source) -> Tensor:
        """Return squared errors of the noise (B, K, D) at one random time per chunk."""
        noise = draws.normal(source, tuple(actions.shape), actions.device)
        share = draws.uniform(source, (len(actions),), actions.device)
        t = (share * self.times).long().clamp(max=self.times - 1)
        kept = kept_signal(self.times).to(actions.device)[t][:, None, None]
        x = kept.sqrt() * actions + (1 - kept).sqrt() * noise
        return (network(x, self._time(t)).float() - noise).square()

    def sample(
        self, network: Network, shape: tuple[int, int, int], source: Source, device: torch.device
    ) -> Tensor:
        """Draw chunks."""
        x = draws.normal(source, shape, device)
        kept = _levels(self.times)
        stride = self.times // self.steps
        for t in range((self.steps - 1) * stride, -1, -stride):
            now, then = kept[t], kept[t - stride] if t else 1.0
            at = torch.full((shape[0],), t, device=device)
            said = network(x, self._time(at)).float()
            x = self._step(x, said, now, then, source)
        return x

    mode = sample

    def _step(self, x: Tensor, said: Tensor, now: float, then: float, source: Source) -> Tensor:
        clean = ((x - math.sqrt(1 - now) * said) / math.sqrt(now)).clamp(-self.clip, self.clip)
        if self.ancestral:
            return _ancestral(x, clean, now, then, source)
        # What was clipped off the clean chunk is not put back as noise.
        noise = (x - math.sqrt(now) * clean) / math.sqrt(1 - now) if self.renoised else said
        return math.sqrt(then) * clean + math.sqrt(1 - then) * noise

    def _time(self, t: Tensor) -> Tensor:
        return (t + 1).float() / self.times


def _ancestral(x: Tensor, clean: Tensor, now: float, then: float, source: Source) -> Tensor:
    # The posterior of x_{t-1} given x_t and the clean chunk, Ho et al. equation 7.
    beta = 1 - now / then
    mean = math.sqrt(then) * beta * clean + math.sqrt(1 - beta) * (1 - then) * x
    noise = draws.normal(source, tuple(x.shape), x.device)
    return mean / (1 - now) + math.sqrt(beta * (1 - then) / (1 - now)) * noise


@lru_cache
def _levels(times: int) -> tuple[float, ...]:
    """Return abar as plain numbers, so that a graph of the sampler has constants there."""
    return tuple(kept_signal(times).tolist())


@lru_cache
def kept_signal(times: int) -> Tensor:
    """Return abar (T,), the variance of the signal that is left at every time."""
    share = torch.arange(times + 1, dtype=torch.float64) / times
    level = torch.cos((share + _OFFSET) / (1 + _OFFSET) * math.pi / 2) ** 2
    betas = (1 - level[1:] / level[:-1]).clamp(max=_LARGEST_BETA)
    return torch.cumprod(1 - betas, dim=0).float()
