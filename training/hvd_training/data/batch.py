# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What one step of training sees; the one form that data, values, policies and objectives share.

Numbers are normalised, images are not. A chunk that runs past the end of a recording is filled
with its last action, and `valid` says which of its K steps are real.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from hvd_training.data.batch_names import CLOUD, PROMPT, RGB, SIM_STATE, STATE

Observed = dict[str, Tensor]

__all__ = ['CLOUD', 'PROMPT', 'RGB', 'SIM_STATE', 'STATE', 'Batch', 'Observed']


@dataclass(frozen=True, eq=False)
class Batch:
    """
    B chunks of K actions of D dimensions, with what was seen before and after.

    Observations hold 'state' (B, S) float32, and where asked for 'sim_state' (B, P), 'cloud'
    (B, N, 6: x, y, z [m], colour 0..1), 'rgb.<camera>' (B, H, W, 3) uint8, 'prompt' (B,) int64.
    With a history of T moments 'state' is (B, T, S) and 'rgb.<camera>' (B, T, H, W, 3), oldest
    first; in front of the first moment of an episode it stands again.
    """

    observation: Observed
    next_observation: Observed  # behind the last real step, or the last frame of the recording
    actions: Tensor  # (B, K, D) float32, normalised
    valid: Tensor  # (B, K) bool, steps that were recorded
    rewards: Tensor  # (B, K) float32, 0 where not valid
    terminated: Tensor  # (B, K) bool, the episode ended here for good; a time limit does not
    expert: Tensor  # (B,) bool, from the demonstrations D_E
    episode: Tensor  # (B,) int64, number over all datasets
    row: Tensor  # (B,) int64, number over all datasets

    @property
    def size(self) -> int:
        """Return B."""
        return len(self.row)

    def to(self, device: torch.device | str) -> 'Batch':
        """Move everything to a device."""
        return self.map(lambda tensor: tensor.to(device, non_blocking=True))

    def select(self, rows: Tensor) -> 'Batch':
        """Keep some of the B, by number or by mask."""
        return self.map(lambda tensor: tensor[rows])

    def map(self, change: Callable[[Tensor], Tensor]) -> 'Batch':
        """Do the same to every tensor."""
        changed: dict[str, Tensor | Observed] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, dict):
                changed[field.name] = {key: change(one) for key, one in value.items()}
            else:
                changed[field.name] = change(value)
        return replace(self, **changed)  # type: ignore[arg-type]
