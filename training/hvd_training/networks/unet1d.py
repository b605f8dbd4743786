# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The U-Net of Diffusion Policy (Chi et al. 2023): convolutions along the steps of a chunk.

Every level but the last halves the number of steps on the way down and doubles it on the way up;
what is known (the time of the noise, the observation) scales and shifts each block's channels.
"""

from collections.abc import Sequence
import math

import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ConfigError

_LONGEST = 10_000  # of the periods that a time is told in, over 2 pi


class CountedTime(nn.Module):
    """Embed times (B,) that are counted 0, 1, 2 ... as (B, width), sines before cosines."""

    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        steps = torch.arange(half, dtype=torch.float64)
        frequencies = torch.exp(steps * -(math.log(_LONGEST) / max(half - 1, 1))).float()
        self.register_buffer('frequencies', frequencies, persistent=False)
        self.frequencies: Tensor

    def forward(self, time: Tensor) -> Tensor:
        """Return the embedding."""
        angle = time[:, None] * self.frequencies
        return torch.cat((angle.sin(), angle.cos()), dim=-1)


class FilmBlock(nn.Module):
    """Two convolutions with a scale and a shift of what is known between them."""

    def __init__(self, inputs: int, outputs: int, known: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.first = _layer(inputs, outputs, kernel, groups)
        self.film = nn.Sequential(nn.Mish(), nn.Linear(known, 2 * outputs))
        self.second = _layer(outputs, outputs, kernel, groups)
        same = inputs == outputs
        self.around: nn.Module = nn.Identity() if same else nn.Conv1d(inputs, outputs, 1)

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        """Return (B, outputs, K)."""
        scale, shift = self.film(known)[..., None].chunk(2, dim=1)
        out: Tensor = self.second(scale * self.first(x) + shift) + self.around(x)
        return out


class Level(nn.Module):
    """Two blocks and what changes the number of steps behind them."""

    def __init__(
        self, inputs: int, outputs: int, known: int, kernel: int, groups: int, change: nn.Module
    ) -> None:
        super().__init__()
        self.one = FilmBlock(inputs, outputs, known, kernel, groups)
        self.two = FilmBlock(outputs, outputs, known, kernel, groups)
        self.change = change

    def forward(self, x: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the blocks say (B, outputs, K), and that in the next number of steps."""
        out: Tensor = self.two(self.one(x, known), known)
        return out, self.change(out)


class Unet1d(nn.Module):
    """Map chunks (B, K, size), times (B,) and what is known (B, known) to (B, K, size)."""

    def __init__(
        self,
        size: int,
        known: int,
        channels: Sequence[int],
        time_width: int = 128,
        kernel: int = 5,
        groups: int = 8,
    ) -> None:
        super().__init__()
        self.time = nn.Sequential(
            CountedTime(time_width), nn.Linear(time_width, 4 * time_width), nn.Mish(),
            nn.Linear(4 * time_width, time_width),
        )  # fmt: skip
        rest = (time_width + known, kernel, groups)
        last = len(channels) - 1
        self.down = nn.ModuleList(
            Level(before, after, *rest, _halved(after) if i < last else nn.Identity())
            for i, (before, after) in enumerate(zip((size, *channels), channels, strict=False))
        )
        self.middle = Level(channels[-1], channels[-1], *rest, nn.Identity())
        self.up = nn.ModuleList(
            Level(2 * channels[i], channels[i - 1], *rest, _doubled(channels[i - 1]))
            for i in range(last, 0, -1)
        )
        self.last = nn.Sequential(
            _layer(channels[0], channels[0], kernel, groups), nn.Conv1d(channels[0], size, 1)
        )

    def forward(self, chunk: Tensor, time: Tensor, known: Tensor) -> Tensor:
        """Return what is said of noised chunks."""
        known = torch.cat((self.time(time), known), dim=-1)
        x = chunk.transpose(1, 2)
        seen = []
        for level in self.down:
            here, x = level(x, known)
            seen.append(here)
        _, x = self.middle(x, known)
        for level in self.up:
            _, x = level(torch.cat((x, seen.pop()), dim=1), known)
        out: Tensor = self.last(x).transpose(1, 2)
        return out


def refuse_odd(horizon: int, channels: Sequence[int], groups: int) -> None:
    """Raise ConfigError unless chunks can be halved, and channels be shared out, often enough."""
    times = 2 ** (len(channels) - 1)
    if horizon % times:
        raise ConfigError(
            f'data.horizon = {horizon}: a U-Net of {len(channels)} levels halves a chunk '
            f'{len(channels) - 1} times; choose a multiple of {times}'
        )
    for one in channels:
        if one % groups:
            raise ConfigError(
                f'{one} channels of a U-Net are no multiple of its {groups} groups; choose one'
            )


def _layer(inputs: int, outputs: int, kernel: int, groups: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2),
        nn.GroupNorm(groups, outputs),
        nn.Mish(),
    )


def _halved(channels: int) -> nn.Conv1d:
    return nn.Conv1d(channels, channels, 3, stride=2, padding=1)


def _doubled(channels: int) -> nn.ConvTranspose1d:
    return nn.ConvTranspose1d(channels, channels, 4, stride=2, padding=1)
