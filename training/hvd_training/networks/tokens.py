# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Everything that is observed as tokens: one for each modality of each moment, the oldest first.

What has no history belongs to the newest moment. A modality that is absent from some rows of a
batch is a token that is learnt.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hvd_training.data.batch import CLOUD, PROMPT, RGB, SIM_STATE, STATE, Observed
from hvd_training.networks.camera import Camera, CameraSpec
from hvd_training.networks.encoders import PRESENT, REAL, EncoderSpec, check, plain, recent
from hvd_training.networks.plain_mlp import plain_mlp
from hvd_training.networks.pointnet import PointNet

_AXES = {STATE: 2, SIM_STATE: 2, PROMPT: 1, CLOUD: 3}  # of a batch without a history


@dataclass(frozen=True)
class TokenSpec:
    """What is observed, and how it is read."""

    seen: EncoderSpec
    width: int  # W of a token
    state_hidden: int = 256
    state_depth: int = 3
    state_width: int = 256
    cloud_hidden: int = 256
    cloud_depth: int = 2
    cloud_width: int = 256
    camera: CameraSpec = CameraSpec()


class Tokens(nn.Module):
    """Map an observation dict to tokens (B, L, W), and say of which moment each is (L,)."""

    def __init__(self, spec: TokenSpec) -> None:
        super().__init__()
        self.spec = spec
        self.readers = nn.ModuleDict({plain(k): _reader(spec, k) for k in spec.seen.sizes})
        self.absent = nn.ParameterDict(
            {plain(key): nn.Parameter(torch.zeros(spec.width)) for key in spec.seen.sizes}
        )

    def forward(self, observation: Observed) -> tuple[Tensor, Tensor]:
        """Return tokens and moments."""
        check(self.spec.seen, observation)
        read = {key: self._read(key, observation) for key in self.spec.seen.sizes}
        count = self.spec.seen.history
        found, moments = [], []
        for moment in range(count):
            for tokens in read.values():
                at = moment - count + tokens.shape[1]
                if at >= 0:
                    found.append(tokens[:, at])
                    moments.append(moment)
        tokens = torch.stack(found, dim=1)
        return tokens, torch.tensor(moments, device=tokens.device)

    def _read(self, key: str, observation: Observed) -> Tensor:
        """Return the tokens (B, t, W) of a modality, t = 1 where it has no history."""
        value = observation[key]
        present = observation.get(key + PRESENT)
        if present is None:
            present = torch.ones(len(value), dtype=torch.bool, device=value.device)
        # NaN of what is absent must not reach a gradient either.
        spread = present.reshape(-1, *[1] * (value.ndim - 1))
        value = torch.where(spread, value, torch.zeros_like(value))
        axes = _AXES.get(key, 4)
        history = key == STATE or key.startswith(RGB) or value.ndim > axes
        value = recent(value, axes, self.spec.seen.history if history else 1)
        real = observation.get(key + REAL)  # points that exist
        rows = value.flatten(0, 1)
        reader = self.readers[plain(key)]
        out = reader(rows) if real is None else reader(rows, real)
        out = out.reshape(*value.shape[:2], -1)
        return torch.where(present[:, None, None], out, self.absent[plain(key)])


class CloudReader(nn.Module):
    """Map clouds (B, N, 6) to tokens (B, W)."""

    def __init__(self, spec: TokenSpec) -> None:
        super().__init__()
        self.points = PointNet.plain(spec.cloud_width, spec.cloud_hidden, spec.cloud_depth)
        self.widened = _widened(spec.cloud_width, spec.width)

    def forward(self, cloud: Tensor, real: Tensor | None = None) -> Tensor:
        """Return tokens; `real` (B, N) says which points exist."""
        out: Tensor = self.widened(self.points(cloud, real))
        return out


def _reader(spec: TokenSpec, key: str) -> nn.Module:
    seen = spec.seen
    if key == PROMPT:
        return nn.Embedding(seen.prompts, spec.width)
    if key == CLOUD:
        return CloudReader(spec)
    if key in (STATE, SIM_STATE):
        inputs = seen.state if key == STATE else seen.sim_state
        mlp = plain_mlp(inputs, spec.state_hidden, spec.state_depth, spec.state_width, nn.ReLU)
        return nn.Sequential(mlp, nn.ReLU(), _widened(spec.state_width, spec.width))
    size = seen.cameras[key.removeprefix(RGB)]
    return nn.Sequential(Camera(size, spec.camera), _widened(spec.camera.width, spec.width))


def _widened(inputs: int, width: int) -> nn.Module:
    return nn.Identity() if inputs == width else nn.Linear(inputs, width)
