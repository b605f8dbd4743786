# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The small policy: numbers, a small cloud or small images in; a chunk out; learnt on a CPU.

A residual MLP over the encoded observation, and for the heads that need it the noised chunk and
its time. It is the reference on which every objective is proved.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from hvd_ros.core.config import check, param
from hvd_training.groups import Groups
from hvd_training.networks.encoders import EncoderSpec, ObservationEncoder
from hvd_training.networks.mlp import ResidualBlock
from hvd_training.networks.time_embedding import TimeEmbedding
from hvd_training.policies.heads import registry
from hvd_training.policies.policy import ChunkPolicy

_TIME_WIDTH = 64


@dataclass(frozen=True)
class SmallConfig:
    """How large the small policy is, and how it draws."""

    head: str = param('clean_flow', 'What the network is taught.', choices=registry.NAMES)
    width: int = param(384, 'Width of the network.', low=8, high=4096)
    depth: int = param(3, 'Residual blocks of the network.', low=1, high=32)
    cloud_width: int = param(128, 'Width of what is read from a cloud.', low=8, high=1024)
    picture_side: int = param(64, 'Pixels that images are scaled to.', low=16, high=512)
    picture_width: int = param(128, 'Width of what is read from a camera.', low=8, high=1024)
    sampling_steps: int = param(10, 'Steps from noise to a chunk.', low=1, high=1000)
    spread: float = param(0.1, 'Deviation of draws of the mse head.', low=0.0, high=10.0)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Shapes:
    """What a dataset and a task ask of a policy."""

    horizon: int  # K actions in a chunk
    size: int  # D numbers in an action
    state: int  # numbers of the state
    sim_state: int = 0  # 0: not used
    prompts: int = 0  # 0: one task only
    texts: tuple[str, ...] = ()  # the prompts as they are said
    cloud: bool = False
    unused: tuple[int, ...] = ()  # dimensions of the action that this data does not have
    history: int = 1  # moments of state and images that are seen at once
    cloud_points: int = 0  # N of the clouds
    cameras: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # -> height, width
    groups: Groups | None = None  # of the body, in its order; None: nobody knows


class ChunkMlp(nn.Module):
    """Say a chunk (B, K, D) of features (B, W), for most heads with a noised one and a time."""

    def __init__(self, width: int, depth: int, horizon: int, size: int, noised: bool) -> None:
        super().__init__()
        self.horizon, self.size = horizon, size
        if noised:
            self.read_chunk = nn.Linear(horizon * size, width)
            self.read_time = nn.Sequential(
                TimeEmbedding(_TIME_WIDTH), nn.Linear(_TIME_WIDTH, width), nn.SiLU(),
                nn.Linear(width, width),
            )  # fmt: skip
        self.blocks = nn.Sequential(*(ResidualBlock(width) for _ in range(depth)))
        self.norm, self.last = nn.LayerNorm(width), nn.Linear(width, horizon * size)

    def forward(self, features: Tensor, noised: Tensor | None, time: Tensor | None) -> Tensor:
        """Return what the head asked for."""
        x = features
        if noised is not None:
            x = x + self.read_chunk(noised.flatten(1)) + self.read_time(time)
        out: Tensor = self.last(self.norm(self.blocks(x)))
        return out.reshape(-1, self.horizon, self.size)


def build(config: SmallConfig, shapes: Shapes) -> ChunkPolicy:
    """Make a small policy."""
    head = registry.make(config.head, config.sampling_steps, config.spread)
    encoder = ObservationEncoder(
        EncoderSpec(
            state=shapes.state,
            sim_state=shapes.sim_state,
            prompts=shapes.prompts,
            cloud=shapes.cloud,
            cloud_width=config.cloud_width,
            history=shapes.history,
            cameras=shapes.cameras,
            picture_side=config.picture_side,
            picture_width=config.picture_width,
            width=config.width,
            depth=0,  # the network itself is deep, and runs once per sampling step
        )
    )
    network = ChunkMlp(config.width, config.depth, shapes.horizon, shapes.size, head.noised)
    return ChunkPolicy(encoder, network, head, shapes.horizon, shapes.size, shapes.unused)
