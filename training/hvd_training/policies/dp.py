# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Diffusion Policy (Chi et al. 2023): a ResNet-18 for each camera, a U-Net that takes noise away.

Whatever is observed stands side by side, for every moment of the history, and scales and shifts
the blocks of the U-Net. The defaults are Table 7 of the HVD paper; any body, any cameras,
and numbers, clouds and prompts beside them.
"""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from hvd_ros.core.config import check, param
from hvd_ros.core.errors import ConfigError
from hvd_training.networks.camera import POOLS, Camera, CameraSpec
from hvd_training.networks.encoders import EncoderSpec, SideBySide
from hvd_training.networks.pretrained import read_weights, take_over
from hvd_training.networks.resnet import NORMS
from hvd_training.networks.unet1d import Unet1d, refuse_odd
from hvd_training.policies.heads.ddpm import Ddpm
from hvd_training.policies.policy import ChunkPolicy
from hvd_training.policies.small import Shapes

SAMPLERS = ('ddpm', 'ddim')


@dataclass(frozen=True)
class DpConfig:
    """How large the networks are, and how chunks are drawn."""

    channels: tuple[int, ...] = param((256, 1024, 4096), 'Of each level of the U-Net.')
    groups: int = param(8, 'Of channels that are normalised together.', low=1, high=512)
    kernel: int = param(5, 'Steps that a convolution spans; odd.', low=1, high=31)
    time_width: int = param(128, 'Numbers that tell the time of the noise.', low=4, high=4096)
    picture_height: int = param(
        240, 'Pixels that higher images are scaled to, in their shape.', low=32, high=2048
    )
    image_norm: str = param(
        'group', 'Of the ResNet: learnt in groups, or known with pretrained weights.',
        choices=NORMS,
    )  # fmt: skip
    image_weights: str = param(
        '', 'Safetensors file with a ResNet-18 to begin with; needs image_norm batch.'
    )
    image_channels: int = param(
        64, 'Of the first layer of the ResNet; 64 is its own.', low=16, high=256
    )
    pool: str = param('keypoints', 'What is kept of a picture.', choices=POOLS)
    keypoints: int = param(32, 'Places that are kept of a picture.', low=1, high=512)
    cloud_width: int = param(128, 'Width of what is read from a cloud.', low=8, high=1024)
    diffusion_steps: int = param(20, 'Times of the noise that are learnt.', low=1, high=1000)
    sampler: str = param('ddpm', 'How chunks are drawn.', choices=SAMPLERS)
    sampling_steps: int = param(
        0, 'Steps from noise to a chunk; 0: all times, as ddpm does.', low=0, high=1000
    )
    clip: float = param(
        3.0, 'Bound of a chunk while it is drawn, in normalised units.', low=0.1, high=1e6
    )

    def __post_init__(self) -> None:
        check(self)
        if not self.channels or min(self.channels) < 1 or self.kernel % 2 == 0:
            raise ConfigError(f'{self}: needs levels with channels, and a kernel that is odd')

    @property
    def camera(self) -> CameraSpec:
        """Return how pictures are read."""
        return CameraSpec(
            self.picture_height, self.image_norm, self.image_channels, self.pool, self.keypoints
        )

    def head(self) -> Ddpm:
        """Return how chunks are noised and drawn; raises ConfigError where that can not be."""
        steps = self.sampling_steps or self.diffusion_steps
        return Ddpm(self.diffusion_steps, steps, self.sampler == 'ddpm', self.clip)


class Denoiser(nn.Module):
    """A U-Net as heads see it: times come as (t + 1) / T."""

    def __init__(self, unet: Unet1d, times: int) -> None:
        super().__init__()
        self.unet, self.times = unet, times

    def forward(self, known: Tensor, noised: Tensor, time: Tensor) -> Tensor:
        """Return what is said of noised chunks (B, K, D)."""
        out: Tensor = self.unet(noised, (time * self.times).round() - 1, known)
        return out


def build(config: DpConfig, shapes: Shapes) -> ChunkPolicy:
    """Make a diffusion policy; raises ConfigError for a chunk that can not be halved."""
    refuse_odd(shapes.horizon, config.channels, config.groups)
    encoder = SideBySide(
        EncoderSpec(
            state=shapes.state,
            sim_state=shapes.sim_state,
            prompts=shapes.prompts,
            cloud=shapes.cloud,
            cloud_width=config.cloud_width,
            history=shapes.history,
            cameras=shapes.cameras,
            picture_width=config.camera.width,
        ),
        lambda size, spec: Camera(size, config.camera),
    )
    unet = Unet1d(
        shapes.size, encoder.width, config.channels, config.time_width, config.kernel,
        config.groups,
    )  # fmt: skip
    return ChunkPolicy(
        encoder, Denoiser(unet, config.diffusion_steps), config.head(), shapes.horizon,
        shapes.size, shapes.unused,
    )  # fmt: skip


def begin(config: DpConfig, policy: ChunkPolicy) -> list[str]:
    """Put pretrained weights into the ResNets of a new policy; return what to say of it."""
    if not config.image_weights:
        return []
    if config.image_norm != 'batch':
        raise ConfigError(
            'policy.image_weights were learnt with batch norm and are worth nothing with '
            f"'{config.image_norm}'; set --policy.image_norm batch"
        )
    found = read_weights(Path(config.image_weights))
    cameras = {name: one for name, one in policy.named_modules() if isinstance(one, Camera)}
    if not cameras:
        raise ConfigError(
            'policy.image_weights, but no camera is looked through; observe one: --data.observe '
            'state,rgb.CAMERA'
        )
    return [
        f'{config.image_weights} for {name}: {take_over(one.resnet, found, config.image_weights)}'
        for name, one in cameras.items()
    ]
