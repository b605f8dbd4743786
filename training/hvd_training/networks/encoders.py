# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One vector from whatever is observed: state, if asked for sim_state, a prompt, a cloud, images.

Values and policies share it, so that both see the same. A modality may be absent for some rows of
a batch ('<modality>.present', (B,) bool): its place is then taken by numbers that are learnt.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.data.batch import CLOUD, PROMPT, RGB, SIM_STATE, STATE, Observed
from hvd_training.networks.mlp import ResidualBlock
from hvd_training.networks.pictures import PictureNet, Resize, Size
from hvd_training.networks.pointnet import POINT, PointNet

PRESENT = '.present'  # behind a modality: (B,) bool
REAL = '.real'  # behind the cloud: (B, N) bool, points that exist


@dataclass(frozen=True)
class EncoderSpec:
    """What is observed, and how wide the vector is that comes of it."""

    state: int  # numbers of the state; 0 leaves it out
    sim_state: int = 0  # numbers of the simulator's own state; 0 leaves it out
    prompts: int = 0  # different prompts; 0 leaves them out
    cloud: bool = False  # points (N, 6)
    width: int = 256  # W of the result
    depth: int = 1  # residual blocks behind the first layer
    prompt_width: int = 32
    cloud_width: int = 128
    history: int = 1  # newest moments of state and images that are looked at
    cameras: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # -> height, width
    picture_side: int = 64  # pixels that images are scaled to
    picture_width: int = 128  # of what is read from a camera

    def __post_init__(self) -> None:
        if min(self.state, self.sim_state, self.prompts, self.depth) < 0 or self.width < 1:
            raise ConfigError(f'{self}: sizes start at 0, the width at 1')
        if not self.sizes:
            raise ConfigError(
                'an encoder of nothing: give it a state, a sim_state, prompts, a cloud or a camera'
            )

    @property
    def sizes(self) -> dict[str, int]:
        """Return how many numbers each modality adds to the first layer's input."""
        sizes = {
            STATE: self.state * self.history,
            SIM_STATE: self.sim_state,
            PROMPT: self.prompt_width if self.prompts else 0,
            CLOUD: self.cloud_width if self.cloud else 0,
            **{RGB + camera: self.picture_width * self.history for camera in self.cameras},
        }
        return {key: size for key, size in sizes.items() if size}


class SideBySide(nn.Module):
    """Map an observation dict to everything that is observed side by side, (B, W)."""

    def __init__(
        self, spec: EncoderSpec, picture: Callable[[Size, EncoderSpec], nn.Module] | None = None
    ) -> None:
        """Read images (B, H, W, 3) of a size by what `picture` makes, or by a light network."""
        super().__init__()
        self.spec, self.width = spec, sum(spec.sizes.values())
        self.readers = nn.ModuleDict(_readers(spec, picture or _light))
        self.absent = nn.ParameterDict(
            {plain(key): nn.Parameter(torch.zeros(size)) for key, size in spec.sizes.items()}
        )

    def forward(self, observation: Observed) -> Tensor:
        """Return (B, W)."""
        check(self.spec, observation)
        return torch.cat([self._part(key, observation) for key in self.spec.sizes], dim=-1)

    def _part(self, key: str, observation: Observed) -> Tensor:
        value = observation[key]
        present = observation.get(key + PRESENT)
        if present is None:
            present = torch.ones(len(value), dtype=torch.bool, device=value.device)
        # NaN of what is absent must not reach a gradient either, so it goes before the reader.
        spread = present.reshape(-1, *[1] * (value.ndim - 1))
        value = torch.where(spread, value, torch.zeros_like(value))
        if key == STATE:
            value = recent(value, 2, self.spec.history).flatten(1)
        elif key.startswith(RGB):
            images = recent(value, 4, self.spec.history)
            value = self.readers[plain(key)](images.flatten(0, 1)).reshape(len(value), -1)
        elif key == CLOUD:
            value = self.readers[CLOUD](value, observation.get(CLOUD + REAL))
        elif key == PROMPT:
            value = self.readers[PROMPT](value)
        return torch.where(present[:, None], value, self.absent[plain(key)])


class ObservationEncoder(SideBySide):
    """Map an observation dict to (B, W) by a residual MLP."""

    def __init__(self, spec: EncoderSpec) -> None:
        super().__init__(spec)
        self.first = nn.Linear(self.width, spec.width)
        self.blocks = nn.Sequential(*(ResidualBlock(spec.width) for _ in range(spec.depth)))
        self.width = spec.width

    def forward(self, observation: Observed) -> Tensor:
        """Return (B, W)."""
        out: Tensor = self.blocks(self.first(super().forward(observation)))
        return out


def plain(key: str) -> str:
    """Return the name of a modality as a module may have it."""
    return key.replace('.', '_')


def recent(value: Tensor, axes: int, count: int) -> Tensor:
    """Return the newest moments (B, count, ...) of what has so many axes without a history."""
    if value.ndim == axes:
        value = value[:, None]
    if value.shape[1] < count:
        raise ContractMismatch(
            f'the network looks at {count} moments at once, the observation has '
            f'{value.shape[1]}; read the data with --data.history {count}'
        )
    return value[:, -count:]


def check(spec: EncoderSpec, observation: Mapping[str, Tensor]) -> None:
    """Raise ContractMismatch unless the observation has what the encoder was built for."""
    for key in spec.sizes:
        if key not in observation:
            raise ContractMismatch(
                f"the network was built for '{key}', and the observation has only "
                f'{", ".join(sorted(observation))}; train without it or provide it'
            )
    sizes = {STATE: spec.state, SIM_STATE: spec.sim_state, CLOUD: POINT if spec.cloud else 0}
    for key, size in sizes.items():
        if size and observation[key].shape[-1] != size:
            raise ContractMismatch(
                f"'{key}' has {observation[key].shape[-1]} numbers, the network was built for "
                f'{size}; it belongs to another dataset or another --state'
            )


def _readers(
    spec: EncoderSpec, picture: Callable[[Size, EncoderSpec], nn.Module]
) -> dict[str, nn.Module]:
    readers: dict[str, nn.Module] = {}
    if spec.cloud:
        readers[CLOUD] = PointNet(spec.cloud_width)
    if spec.prompts:
        readers[PROMPT] = nn.Embedding(spec.prompts, spec.prompt_width)
    for camera, size in spec.cameras.items():
        readers[plain(RGB + camera)] = picture(size, spec)
    return readers


def _light(size: Size, spec: EncoderSpec) -> nn.Module:
    side = spec.picture_side
    return nn.Sequential(Resize(size, (side, side)), PictureNet(side, spec.picture_width))
