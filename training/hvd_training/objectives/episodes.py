# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which episodes an objective learns from, as plain masks over facts about them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ConfigError

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Episodes:
    """What is known of every episode; arrays (E,)."""

    expert: Mask  # from the demonstrations D_E
    success: Mask  # every stage done
    returns: NDArray[np.float64]  # sum of the recorded rewards


def everything(episodes: Episodes) -> Mask:
    """Keep all."""
    return np.ones(len(episodes.expert), dtype=bool)


def required(mask: Mask, what: str, instead: str) -> Mask:
    """Return the mask, or say that it leaves nothing to learn from."""
    if not mask.any():
        raise ConfigError(f'none of {len(mask)} episodes {what}; {instead}')
    return mask
