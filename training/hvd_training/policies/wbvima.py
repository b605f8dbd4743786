# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
WB-VIMA (Jiang et al. 2025): noise is taken away one part of the body after the other.

A transformer reads clouds and numbers; each group of the body has a U-Net of its own, which knows
what was read and the whole chunks of the groups before it: those of the data while learning, those
drawn before while acting. R1: base, torso, arms; any other body has the groups of its description.
The defaults are Tables 5 and 6 of the HVD paper; what these leave open is as the authors' code has
it (facts and departures: docs/policies.md).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hvd_ros.core.config import check, param
from hvd_ros.core.errors import ConfigError
from hvd_training.data.batch import Observed
from hvd_training.groups import Groups, from_lists
from hvd_training.networks.camera import CameraSpec
from hvd_training.networks.encoders import EncoderSpec
from hvd_training.networks.readout import Readout
from hvd_training.networks.tokens import Tokens, TokenSpec
from hvd_training.networks.unet1d import Unet1d, refuse_odd
from hvd_training.policies.draws import Source
from hvd_training.policies.heads.ddpm import Ddpm
from hvd_training.policies.heads.head import Network
from hvd_training.policies.policy import ChunkPolicy, Draw
from hvd_training.policies.small import Shapes


@dataclass(frozen=True)
class WbVimaConfig:
    """How large the networks are, and in which order parts of the body are decided."""

    order: tuple[str, ...] = param((), 'Groups as they are decided; empty: as the body has them.')
    width: int = param(512, 'Of the transformer.', low=8, high=8192)
    depth: int = param(8, 'Layers of the transformer.', low=1, high=64)
    heads: int = param(8, 'Of its attention.', low=1, high=64)
    dropout: float = param(0.1, 'Share of what it forgets while learning.', low=0.0, high=0.9)
    state_hidden: int = param(256, 'Width of the layers that read the state.', low=8, high=4096)
    state_depth: int = param(3, 'Number of them.', low=1, high=16)
    state_width: int = param(256, 'Width of what is read of the state.', low=8, high=4096)
    cloud_hidden: int = param(256, 'Width of the layers that read a point.', low=8, high=4096)
    cloud_depth: int = param(2, 'Number of them.', low=1, high=16)
    cloud_width: int = param(256, 'Width of what is read of a cloud.', low=8, high=4096)
    image_channels: int = param(64, 'Of the ResNet, where a camera is.', low=16, high=256)
    channels: tuple[int, ...] = param((64, 128), 'Of each level of a U-Net.')
    groups: int = param(8, 'Of channels that are normalised together.', low=1, high=512)
    kernel: int = param(5, 'Steps that a convolution spans; odd.', low=1, high=31)
    time_width: int = param(128, 'Numbers that tell the time of the noise.', low=4, high=4096)
    diffusion_steps: int = param(100, 'Times of the noise that are learnt.', low=1, high=1000)
    sampling_steps: int = param(16, 'Steps from noise to a part of a chunk.', low=1, high=1000)
    clip: float = param(
        3.0, 'Bound of a chunk while it is drawn, in normalised units.', low=0.1, high=1e6
    )

    def __post_init__(self) -> None:
        check(self)
        if not self.channels or min(self.channels) < 1 or self.kernel % 2 == 0:
            raise ConfigError(f'{self}: needs levels with channels, and a kernel that is odd')


class Reading(nn.Module):
    """Map an observation dict to what the transformer reads out of it, (B, W)."""

    def __init__(self, tokens: Tokens, readout: Readout) -> None:
        super().__init__()
        self.tokens, self.readout = tokens, readout

    def forward(self, observation: Observed) -> Tensor:
        """Return (B, W)."""
        out: Tensor = self.readout(*self.tokens(observation))
        return out


class Denoisers(nn.Module):
    """A U-Net for each group, in the order in which they are decided."""

    def __init__(self, unets: list[Unet1d], times: int) -> None:
        super().__init__()
        self.unets, self.times = nn.ModuleList(unets), times

    def forward(self, part: int, known: Tensor, noised: Tensor, time: Tensor) -> Tensor:
        """Return what is said of the noised chunks (B, K, d) of a group."""
        out: Tensor = self.unets[part](noised, (time * self.times).round() - 1, known)
        return out


class WbVima(ChunkPolicy):
    """Decides group by group; the rest is as for every policy."""

    def __init__(
        self, encoder: Reading, network: Denoisers, head: Ddpm, groups: Groups, shapes: Shapes
    ) -> None:
        super().__init__(encoder, network, head, shapes.horizon, shapes.size, shapes.unused)
        self.groups = groups

    def missed(self, features: Tensor, actions: Tensor, source: Source) -> Tensor:
        """Return errors (B, K, D); each group has its own noise and knows the data before it."""
        parts, earlier = [], features
        for number, own in enumerate(self.groups.indices):
            part = actions[..., list(own)]
            parts.append(self.head.errors(self._part(number, earlier), part, source))
            earlier = torch.cat((earlier, part.flatten(1)), dim=-1)
        return self._together(parts)

    def drawn(self, features: Tensor, source: Source, draw: Draw) -> Tensor:
        """Draw chunks (B, K, D), group after group."""
        parts, earlier = [], features
        for number, own in enumerate(self.groups.indices):
            shape = (len(features), self.horizon, len(own))
            part = draw(self._part(number, earlier), shape, source, features.device)
            part = torch.where(self.used[list(own)], part, torch.zeros_like(part))
            parts.append(part)
            earlier = torch.cat((earlier, part.flatten(1)), dim=-1)
        return self._together(parts)

    def _part(self, number: int, known: Tensor) -> Network:
        def said(noised: Tensor | None, time: Tensor | None) -> Tensor:
            out: Tensor = self.network(number, known, noised, time)
            return out

        return said

    def _together(self, parts: list[Tensor]) -> Tensor:
        """Put groups back into the order of the dimensions."""
        flat = [i for own in self.groups.indices for i in own]
        back = sorted(range(len(flat)), key=flat.__getitem__)
        return torch.cat(parts, dim=-1)[..., back]


def build(config: WbVimaConfig, shapes: Shapes) -> ChunkPolicy:
    """Make a policy; raises ConfigError for a chunk or an order that can not be."""
    refuse_odd(shapes.horizon, config.channels, config.groups)
    if config.width % config.heads:
        raise ConfigError(
            f'policy.width = {config.width} is no multiple of policy.heads = {config.heads}'
        )
    groups = shapes.groups or from_lists({'whole': range(shapes.size)})
    if config.order:
        groups = groups.reordered(config.order)
    readout = Readout(config.width, config.heads, config.depth, shapes.history, config.dropout)
    reading = Reading(Tokens(_tokens(config, shapes)), readout)
    unets, known = [], config.width
    for size in groups.sizes:
        unets.append(
            Unet1d(size, known, config.channels, config.time_width, config.kernel, config.groups)
        )
        known += size * shapes.horizon
    head = Ddpm(config.diffusion_steps, config.sampling_steps, clip=config.clip, renoised=False)
    return WbVima(reading, Denoisers(unets, config.diffusion_steps), head, groups, shapes)


def _tokens(config: WbVimaConfig, shapes: Shapes) -> TokenSpec:
    seen = EncoderSpec(
        state=shapes.state, sim_state=shapes.sim_state, prompts=shapes.prompts,
        cloud=shapes.cloud, history=shapes.history, cameras=shapes.cameras,
    )  # fmt: skip
    return TokenSpec(
        seen, config.width, config.state_hidden, config.state_depth, config.state_width,
        config.cloud_hidden, config.cloud_depth, config.cloud_width,
        CameraSpec(channels=config.image_channels),
    )  # fmt: skip
