# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The settings that a task is played in: as usual, or with one of the paper's perturbations.

Background changes what is seen, region where the things lie, pose where and how the robot stands.
A perturbed place is never one that the usual setting could have drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.robot.body import Array

_BEYOND = 0.3  # how far outside of the usual range, as a share of its half width


@dataclass(frozen=True)
class Setting:
    """Which of the three perturbations hold."""

    name: str
    background: bool = False
    region: bool = False
    pose: bool = False


SETTINGS = {
    s.name: s
    for s in (
        Setting('usual'),
        Setting('background', background=True),
        Setting('region', region=True),
        Setting('pose', pose=True),
    )
}


def load_setting(name: str) -> Setting:
    """Return a setting by name."""
    if name not in SETTINGS:
        raise ConfigError(f"setting '{name}': {did_you_mean(name, SETTINGS)}")
    return SETTINGS[name]


def draw(
    rng: np.random.Generator,
    low: Sequence[float] | Array,
    high: Sequence[float] | Array,
    beyond: bool = False,
) -> Array:
    """Draw from a box; `beyond` draws from the rim around it instead."""
    lowest, highest = np.array(low, dtype=np.float64), np.array(high, dtype=np.float64)
    middle, half = (lowest + highest) / 2, (highest - lowest) / 2
    at: Array = rng.uniform(-1, 1, middle.shape)
    if beyond:
        # One coordinate outside is enough, and all of them would be hard to reach.
        side, way = rng.integers(middle.size), rng.choice([-1.0, 1.0])
        at[side] = way * (1 + _BEYOND * rng.uniform())
    return middle + half * at


def draw_apart(
    rng: np.random.Generator, low: Sequence[float], high: Sequence[float], other: Array, far: float
) -> Array:
    """Draw a place from a box that keeps a distance from another place."""
    for _ in range(100):
        at = draw(rng, low, high)
        if np.linalg.norm(at - other) >= far:
            return at
    raise ConfigError(
        f'no place from {low} to {high} was {far} m away from {other.tolist()} in 100 tries; '
        'widen the box or allow them nearer'
    )
