# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a chunk of actions is worth: its rewards, then V of where it ended.

Chunks end early in three ways that must not be confused: the episode ended for good (nothing comes
after), the recording was cut (V of the last state stands for the rest), or the chunk is whole.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from hvd_training.values.config import ValueConfig


class ChunkReturn(NamedTuple):
    """Rewards of a chunk and what V of the state behind it counts: y = total + factor * V."""

    total: Tensor  # (B,)
    factor: Tensor  # (B,), 0 behind a termination


def alive(valid: Tensor, terminated: Tensor) -> Tensor:
    """Return which steps are real and not behind a termination, (B, K+1); the last: bootstrap."""
    ended = torch.cumsum((terminated & valid).to(torch.int64), dim=1) > 0
    first = torch.zeros_like(ended[:, :1])
    before = torch.cat([first, ended], dim=1)  # ended before step j
    real = torch.cat([valid, torch.ones_like(first)], dim=1)
    return real & ~before


def chunk_return(
    rewards: Tensor, valid: Tensor, terminated: Tensor, gamma: float, gamma_chunk: float
) -> ChunkReturn:
    """
    Sum gamma_chunk^j r_j over the steps that count; discount V with gamma^n, n real steps.

    n is not K where the recording ends inside the chunk. What stands in padded steps is not read.
    """
    lives = alive(valid, terminated)
    steps = torch.arange(rewards.shape[1], device=rewards.device)
    powers = torch.pow(torch.as_tensor(gamma_chunk, dtype=rewards.dtype), steps)
    total = torch.where(lives[:, :-1], rewards * powers.to(rewards.device), 0).sum(dim=1)
    taken = valid.sum(dim=1)
    base = torch.as_tensor(gamma, dtype=rewards.dtype, device=rewards.device)
    factor = torch.where(lives[:, -1], torch.pow(base, taken), torch.zeros_like(total))
    return ChunkReturn(total, factor)


def shaped(rewards: Tensor, config: ValueConfig) -> Tensor:
    """Return the rewards that are learned from: scale * (r + shift) - penalty."""
    return config.reward_scale * (rewards + config.reward_shift) - config.step_penalty


def returns_to_go(
    rewards: NDArray[np.floating],
    terminated: NDArray[np.bool_],
    steps_left: NDArray[np.int64],
    config: ValueConfig,
) -> NDArray[np.float64]:
    """
    Return what each chunk was worth in the recording, (N,), by the discounts of the config.

    NaN where the recording was cut before a termination: the rest is not known. All arguments are
    columns over rows of whole episodes, as data/columns.py names them.
    """
    scaled = config.reward_scale * (np.asarray(rewards, np.float64) + config.reward_shift)
    total, factor, taken = _chunks(scaled - config.step_penalty, terminated, steps_left, config)
    worth = np.full(len(total), np.nan)
    worth[factor == 0] = total[factor == 0]
    # One chunk further from the end in each round: everything behind is known already.
    for _ in range(int(steps_left.max(initial=0)) // config.chunk + 1):
        follows = np.isnan(worth) & (taken < steps_left)
        rows = np.flatnonzero(follows)
        worth[rows] = total[rows] + factor[rows] * worth[rows + taken[rows]]
    return worth


def _chunks(
    rewards: NDArray[np.float64],
    terminated: NDArray[np.bool_],
    steps_left: NDArray[np.int64],
    config: ValueConfig,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    taken = np.minimum(steps_left, config.chunk)
    total, done = np.zeros(len(rewards)), np.zeros(len(rewards), dtype=np.bool_)
    for j in range(config.chunk):
        rows = np.flatnonzero((taken > j) & ~done)
        total[rows] += config.inside**j * rewards[rows + j]
        done[rows] |= terminated[rows + j]
    return total, np.where(done, 0.0, config.gamma**taken), taken
