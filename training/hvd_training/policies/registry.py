# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The policies by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_training.policies import dp, pi0, small, wbvima
from hvd_training.policies.policy import ChunkPolicy


@dataclass(frozen=True)
class Entry:
    """A config class, and what makes a policy of such a config and of shapes."""

    config: type[Any]
    build: Callable[[Any, small.Shapes], ChunkPolicy]
    # Puts weights that others have learnt into a new policy; returns what to say of it.
    begin: Callable[[Any, ChunkPolicy], list[str]] = lambda config, policy: []


POLICIES: dict[str, Entry] = {
    'small': Entry(small.SmallConfig, small.build),
    'dp': Entry(dp.DpConfig, dp.build, dp.begin),
    'wbvima': Entry(wbvima.WbVimaConfig, wbvima.build),
    'pi0': Entry(pi0.Pi0Config, pi0.build, pi0.begin),
}


def entry(name: str) -> Entry:
    """Find a policy, or say which ones exist."""
    if name not in POLICIES:
        raise ConfigError(f"no policy '{name}'; {did_you_mean(name, POLICIES)}")
    return POLICIES[name]
