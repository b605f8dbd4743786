# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The body: which dimensions are commanded, in which order, in which groups, within which limits.

One robot description (config/robots/*.yaml) is the only place that knows the number of dimensions.
Everything else asks the Body that was loaded from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
import hashlib
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hvd_ros.core.errors import ConfigError, did_you_mean

Array = npt.NDArray[np.float64]


class Kind(StrEnum):
    """What a commanded number means."""

    POSITION = 'position'  # joint angle, absolute
    VELOCITY = 'velocity'  # body-frame speed
    OPENING = 'opening'  # gripper, 0 closed .. 1 open


@dataclass(frozen=True)
class Dimension:
    """One commanded number."""

    name: str
    group: str  # level of the hierarchy: base, torso, arm
    part: str  # what is slowed down together: left_arm, base_xy, ...
    kind: Kind
    unit: str
    joint: str  # URDF joint that shows it; empty for a base velocity
    joint_per_unit: float  # joint position = value * joint_per_unit


@dataclass(frozen=True)
class Limits:
    """Bounds per dimension; arrays of shape (D,) that cannot be written to."""

    low: Array  # lowest value [unit]
    high: Array  # highest value [unit]
    velocity: Array  # fastest change [unit/s]; infinite for velocities, which acceleration bounds
    acceleration: Array  # fastest change of that [unit/s^2]; for velocities of the value [unit/s]


@dataclass(frozen=True, eq=False)
class Body:
    """A robot description, checked and frozen."""

    name: str
    groups: tuple[str, ...]  # in hierarchy order, base first
    dimensions: tuple[Dimension, ...]
    limits: Limits
    poses: dict[str, Array]  # named targets of shape (D,)
    base_frame: str
    urdf: Path | None
    spheres: Path | None  # self-collision model, see collision.py

    @property
    def size(self) -> int:
        """Number of commanded dimensions D."""
        return len(self.dimensions)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the dimensions, in order."""
        return tuple(d.name for d in self.dimensions)

    def index(self, name: str) -> int:
        """Return the position of a dimension, or say which ones exist."""
        try:
            return self.names.index(name)
        except ValueError:
            raise ConfigError(
                f"{self.name}: no dimension '{name}'; {did_you_mean(name, self.names)}"
            ) from None

    def indices(self, group: str) -> npt.NDArray[np.intp]:
        """Return the dimensions of one group, in order."""
        if group not in self.groups:
            raise ConfigError(
                f"{self.name}: no group '{group}'; {did_you_mean(group, self.groups)}"
            )
        return np.array(
            [i for i, d in enumerate(self.dimensions) if d.group == group], dtype=np.intp
        )

    @cached_property
    def parts(self) -> dict[str, npt.NDArray[np.intp]]:
        """Dimensions that are slowed down together, by name of the part."""
        found: dict[str, list[int]] = {}
        for i, d in enumerate(self.dimensions):
            found.setdefault(d.part, []).append(i)
        return {part: np.array(ids, dtype=np.intp) for part, ids in found.items()}

    def mask(self, kind: Kind) -> npt.NDArray[np.bool_]:
        """Return which dimensions are of one kind, shape (D,)."""
        return np.array([d.kind is kind for d in self.dimensions])

    def values_of(self, joints: Mapping[str, float]) -> Array:
        """Return what joint positions mean as command values (D,); NaN where none was given."""
        seen = [joints.get(d.joint, np.nan) / d.joint_per_unit for d in self.dimensions]
        return np.array(seen)

    def pose(self, name: str) -> Array:
        """Return a named pose, or say which ones exist."""
        if name not in self.poses:
            raise ConfigError(f"{self.name}: no pose '{name}'; {did_you_mean(name, self.poses)}")
        return self.poses[name]

    @cached_property
    def layout_id(self) -> int:
        """64-bit id of names, order, kinds, units and groups; must match everywhere."""
        layout = [[d.name, str(d.kind), d.unit, d.group] for d in self.dimensions]
        return _digest([list(self.groups), layout])

    @cached_property
    def limits_id(self) -> int:
        """64-bit id of the limits; may differ between robots of one layout."""
        limits = self.limits
        rows = [limits.low, limits.high, limits.velocity, limits.acceleration]
        return _digest([[repr(float(x)) for x in row] for row in rows])


def _digest(value: object) -> int:
    text = json.dumps(value, separators=(',', ':'), ensure_ascii=True)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], 'big')
