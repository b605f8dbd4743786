# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Whatever is observed as tokens of one transformer; the last token has looked at all the others.

PaliGemma's weights fit no network of the paper's width, so layers of its kind learn from nothing.
Any part may be left out when it is built, and be absent from any row later ('<modality>.present'):
its tokens are then masked, and whatever stands in their place is never looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.data.batch import CLOUD, PROMPT, RGB, SIM_STATE, STATE, Observed
from hvd_training.networks.encoders import PRESENT, REAL, plain, recent
from hvd_training.networks.multimodal.config import EncoderConfig
from hvd_training.networks.multimodal.eyes import Frozen, FrozenEyes, LightEyes
from hvd_training.networks.multimodal.words import Words
from hvd_training.networks.pi0.layer import Layer
from hvd_training.networks.pi0.norm import RmsNorm
from hvd_training.networks.pi0.rotary import turn
from hvd_training.networks.pi0.sizes import Gemma
from hvd_training.networks.pointnet import POINT, PointNet

_SMALL = 0.02  # deviation of what is learnt from nothing


@dataclass(frozen=True)
class Seen:
    """What a dataset shows."""

    state: int = 0  # numbers of the state; 0 leaves it out
    sim_state: int = 0
    prompts: tuple[str, ...] = ()
    cloud: bool = False
    cameras: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # height, width

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the modalities in the order of their tokens."""
        there = {CLOUD: self.cloud, PROMPT: self.prompts, STATE: self.state,
                 SIM_STATE: self.sim_state}  # fmt: skip
        named = tuple(RGB + camera for camera in self.cameras)
        return named + tuple(key for key, one in there.items() if one)


class TokenEncoder(nn.Module):
    """Map an observation dict to (B, width)."""

    def __init__(self, config: EncoderConfig, seen: Seen, tower: Frozen | None = None) -> None:
        """Look through `tower` where the config asks for frozen eyes."""
        super().__init__()
        if not seen.keys:
            raise ConfigError('a network that sees nothing; observe a state, images or a cloud')
        self.seen, self.width = seen, config.width
        self.readers = nn.ModuleDict(
            {plain(key): _reader(key, config, seen, tower) for key in seen.keys}
        )
        lengths = {key: _length(self.readers[plain(key)]) for key in seen.keys}
        # Says what a token is: a modality, and of images the place in the picture.
        self.names = nn.ParameterDict(
            {
                plain(key): nn.Parameter(_SMALL * torch.randn(length, config.width))
                for key, length in lengths.items()
            }
        )
        self.answer = nn.Parameter(_SMALL * torch.randn(config.width))
        self.size = Gemma(
            config.width, config.mlp, config.depth, config.heads, config.kv_heads, config.head_dim
        )
        self.layers = nn.ModuleList(Layer(self.size) for _ in range(config.depth))
        self.norm = RmsNorm(config.width)

    def forward(self, observation: Observed) -> Tensor:
        """Return (B, width)."""
        self._check(observation)
        parts = [self._tokens(key, observation) for key in self.seen.keys]
        rows = len(parts[0][0])
        answer = self.answer.expand(rows, 1, -1)
        x = torch.cat([*(tokens for tokens, _ in parts), answer], dim=1)
        own = torch.ones(rows, 1, dtype=torch.bool, device=x.device)
        there = torch.cat([*(mask for _, mask in parts), own], dim=1)
        # A place means the same whether or not others are absent.
        places = torch.arange(x.shape[1], device=x.device)[None]
        by = turn(places, self.size.head_width)
        for layer in self.layers:
            x, _ = layer(x, by, None, there[:, None, None])
        out: Tensor = self.norm(x[:, -1], None)[0]
        return out

    def _tokens(self, key: str, observation: Observed) -> tuple[Tensor, Tensor]:
        """Return tokens (B, L, width) of a modality and which of them are there (B, L)."""
        value, reader = observation[key], self.readers[plain(key)]
        present = observation.get(key + PRESENT)
        if present is None:
            present = torch.ones(len(value), dtype=torch.bool, device=value.device)
        # NaN of what is absent must not reach a gradient either, so it goes before the reader.
        spread = present.reshape(-1, *[1] * (value.ndim - 1))
        value = torch.where(spread, value, torch.zeros_like(value))
        real = present[:, None]
        if key == PROMPT:
            tokens, words = reader(value)
            real = real & words
        elif key == CLOUD:
            tokens = reader(value, observation.get(CLOUD + REAL))[:, None]
        elif key.startswith(RGB):
            tokens = reader(recent(value, 4 if value.dtype == torch.uint8 else 3, 1)[:, 0])
        else:
            tokens = reader(recent(value, 2, 1))
        tokens = tokens + self.names[plain(key)]
        return tokens, real.expand(tokens.shape[:2])

    def _check(self, observation: Observed) -> None:
        """Raise ContractMismatch unless everything is there that it was built for."""
        for key in self.seen.keys:
            if key not in observation:
                raise ContractMismatch(
                    f"the network was built for '{key}', and the observation has only "
                    f'{", ".join(sorted(observation))}; train without it or provide it, absent '
                    f"rows marked by '{key}{PRESENT}'"
                )
        sizes = {STATE: self.seen.state, SIM_STATE: self.seen.sim_state, CLOUD: POINT}
        for key, size in sizes.items():
            if key in self.seen.keys and observation[key].shape[-1] != size:
                raise ContractMismatch(
                    f"'{key}' has {observation[key].shape[-1]} numbers, the network was built for "
                    f'{size}; it belongs to another dataset or another --state'
                )


def _reader(key: str, config: EncoderConfig, seen: Seen, tower: Frozen | None) -> nn.Module:
    if key.startswith(RGB):
        size = seen.cameras[key.removeprefix(RGB)]
        if config.eyes == 'light':
            return LightEyes(size, config.side, config.width)
        if tower is None:
            raise ConfigError('encoder.eyes = siglip, and no network to look through was given')
        return FrozenEyes(size, tower, config.width)
    if key == CLOUD:
        return PointNet(config.width)
    if key == PROMPT:
        return Words(seen.prompts, config.width)
    return nn.Linear(seen.state if key == STATE else seen.sim_state, config.width)


def _length(reader: nn.Module) -> int:
    """Return how many tokens need a name of their own; words have their place in attention."""
    return reader.places if isinstance(reader, LightEyes | FrozenEyes) else 1
