# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The heads by name."""

from collections.abc import Callable

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_training.policies.heads.ddpm import Ddpm
from hvd_training.policies.heads.flow import NoiseAtOne
from hvd_training.policies.heads.flow_data_at_one import DataAtOne
from hvd_training.policies.heads.head import Head
from hvd_training.policies.heads.mse import Mse

# Each is made of a number of sampling steps and of a spread; most need one of them.
HEADS: dict[str, Callable[[int, float], Head]] = {
    'mse': lambda steps, spread: Mse(spread),
    'flow': lambda steps, spread: NoiseAtOne(clean=False, steps=steps),
    'clean_flow': lambda steps, spread: NoiseAtOne(clean=True, steps=steps),
    'flow_data_at_one': lambda steps, spread: DataAtOne(steps=steps),
    'ddpm': lambda steps, spread: Ddpm(steps=steps),
}
NAMES = tuple(HEADS)


def make(name: str, steps: int, spread: float) -> Head:
    """Make a head, or say which ones exist."""
    if name not in HEADS:
        raise ConfigError(f"no head '{name}'; {did_you_mean(name, HEADS)}")
    return HEADS[name](steps, spread)
