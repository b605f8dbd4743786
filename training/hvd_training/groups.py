# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which numbers of an action belong together, and in which order the value looks at them.

A robot description gives them for a body; any other action space is a few lists of indices.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.robot.body import Body


@dataclass(frozen=True)
class Groups:
    """Groups in hierarchy order; every dimension of the action is in exactly one."""

    names: tuple[str, ...]
    indices: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if len(self.names) != len(self.indices) or not self.names:
            raise ConfigError(
                f'{len(self.names)} names for {len(self.indices)} groups of dimensions; '
                'give each group one name and at least one group'
            )
        if len(set(self.names)) != len(self.names):
            raise ConfigError(f'groups {", ".join(self.names)}: a name occurs twice')
        for name, own in zip(self.names, self.indices, strict=True):
            if not own:
                raise ConfigError(f"group '{name}' has no dimension; leave it out")
        every = sorted(i for own in self.indices for i in own)
        if every != list(range(len(every))):
            raise ConfigError(f'{self._faults(every)}; each of 0..{len(every) - 1} exactly once')

    def _faults(self, every: Sequence[int]) -> str:
        twice = sorted({i for i in every if every.count(i) > 1})
        missing = sorted(set(range(len(every))) - set(every))
        parts = [f'dimension {i} is in two groups' for i in twice]
        parts += [f'dimension {i} is in no group' for i in missing]
        return f'groups {", ".join(self.names)}: {", ".join(parts)}'

    @property
    def size(self) -> int:
        """Return D, the number of dimensions."""
        return sum(self.sizes)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return the number of dimensions of each group."""
        return tuple(len(own) for own in self.indices)

    @cached_property
    def of_dimension(self) -> NDArray[np.int64]:
        """Return the number of the group of each dimension, (D,); it can not be written to."""
        found = np.empty(self.size, dtype=np.int64)
        for number, own in enumerate(self.indices):
            found[list(own)] = number
        found.flags.writeable = False
        return found

    def reordered(self, order: Sequence[str]) -> 'Groups':
        """Return the same groups in another hierarchy order."""
        for name in order:
            if name not in self.names:
                raise ConfigError(f"no group '{name}'; {did_you_mean(name, self.names)}")
        if sorted(order) != sorted(self.names):
            raise ConfigError(
                f'order {", ".join(order)} must name each of {", ".join(self.names)} once'
            )
        return Groups(tuple(order), tuple(self.indices[self.names.index(n)] for n in order))

    def randomised(self, seed: int) -> 'Groups':
        """Return groups of the same names and sizes with dimensions drawn at random: a control."""
        return random_partition(self.sizes, seed, self.names)

    def as_json(self) -> dict[str, list[int]]:
        """Return what from_lists reads."""
        return {n: list(own) for n, own in zip(self.names, self.indices, strict=True)}


def from_body(body: Body) -> Groups:
    """Return the groups of a robot description, in its hierarchy order."""
    return Groups(body.groups, tuple(tuple(body.indices(g).tolist()) for g in body.groups))


def from_lists(lists: Mapping[str, Sequence[int]]) -> Groups:
    """Return groups from plain lists: {'xyz': [0, 1, 2], 'yaw': [3], 'gripper': [4]}."""
    return Groups(tuple(lists), tuple(tuple(int(i) for i in own) for own in lists.values()))


def random_partition(
    sizes: Sequence[int], seed: int, names: Sequence[str] | None = None
) -> Groups:
    """Return groups of given sizes with dimensions drawn at random."""
    shuffled = np.random.default_rng(seed).permutation(sum(sizes))
    parts = np.split(shuffled, np.cumsum(sizes)[:-1])
    called = names or [f'random_{number}' for number in range(len(sizes))]
    return Groups(tuple(called), tuple(tuple(sorted(part.tolist())) for part in parts))


def behavior_1k() -> Groups:
    """Return the groups of BEHAVIOR-1K's 23 numbers (the paper's Table 11)."""
    ends = {'base': range(3), 'torso': range(3, 7), 'arm': range(7, 23)}
    return from_lists({name: list(own) for name, own in ends.items()})


def ogbench_manipulation() -> Groups:
    """Return groups of OGBench's arm: relative x, y, z; yaw; gripper."""
    return from_lists({'xyz': [0, 1, 2], 'yaw': [3], 'gripper': [4]})
