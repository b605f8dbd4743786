# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Left and right exchanged: twice the data wherever room and task look alike from both sides.

Which joint answers which, and with which sign, follows from the robot description; a number of a
state is known by its name. It is wrong for a task with a side, as a table that stands to the left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
import re

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.body import Array, Body, Kind
from hvd_ros.core.robot.kinematics import Kinematics
from hvd_ros.core.robot.urdf import Joint, read_urdf

_BASE_SIGNS = (1.0, -1.0, -1.0)  # forwards, to the left, turning left
# Last part of a name: y of a place or an axis, x and z of a quaternion, sine of a yaw.
_ODD = ('y', 'xy', 'zy', 'qx', 'qz', 'sin')
_NEAR = 1e-6  # of two axes of the URDF


@dataclass(frozen=True, eq=False)
class Swap:
    """Numbers in another order and sign: mirrored = values[source] * scale + shift."""

    source: NDArray[np.intp]  # (n,)
    scale: Array  # (n,)
    shift: Array  # (n,)

    def values(self, values: Array) -> Array:
        """Mirror numbers (..., n)."""
        return np.asarray(values[..., self.source] * self.scale + self.shift)

    def tensor(self, values: Tensor) -> Tensor:
        """Mirror numbers (..., n)."""
        source, scale, shift = (part.to(values.device) for part in self._tensors)
        return values[..., source] * scale.to(values.dtype) + shift.to(values.dtype)

    def normalised(self, centre: Array, width: Array) -> 'Swap':
        """Return the same for (value - centre) / width; left and right may differ in both."""
        scale = self.scale * width[self.source] / width
        shift = (self.scale * centre[self.source] + self.shift - centre) / width
        return Swap(self.source, scale, shift)

    @cached_property
    def _tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        return torch.from_numpy(self.source), torch.tensor(self.scale), torch.tensor(self.shift)


def swap_of(names: Sequence[str], body: Body) -> Swap:
    """Return the swap of numbers with these names: of an action, a state or a sim_state."""
    signs = joint_signs(body)
    found = [_counterpart(name, signs) for name in names]
    places = {name: place for place, name in enumerate(names)}
    for (partner, _), name in zip(found, names, strict=True):
        if partner not in places:
            raise ConfigError(
                f"'{name}' can not be mirrored: there is no '{partner}' beside it; use both sides "
                'or switch mirroring off'
            )
    source = np.array([places[partner] for partner, _ in found], dtype=np.intp)
    return Swap(source, np.array([sign for _, sign in found]), np.zeros(len(names)))


def joint_signs(body: Body) -> dict[str, float]:
    """Return by dimension: what a value becomes on the other side."""
    bases = iter(_BASE_SIGNS)
    moved = _axis_signs(body)
    signs = {}
    for d in body.dimensions:
        if d.kind is Kind.VELOCITY:
            signs[d.name] = next(bases)
        else:
            signs[d.name] = 1.0 if d.kind is Kind.OPENING else moved[d.joint]
    return signs


def other_side(name: str) -> str:
    """Return a name with left and right exchanged."""
    swapped = {'left': 'right', 'right': 'left'}
    return re.sub('left|right', lambda found: swapped[found.group()], name)


def _counterpart(name: str, signs: dict[str, float]) -> tuple[str, float]:
    dimension, _, what = name.partition('.')
    if dimension in signs and what in ('', 'position', 'velocity'):
        return other_side(name), signs[dimension]
    return other_side(name), -1.0 if name.rpartition('.')[2] in _ODD else 1.0


def _axis_signs(body: Body) -> dict[str, float]:
    if body.urdf is None:
        raise ConfigError(
            f'{body.name}: the robot description names no URDF, so its joints can not be mirrored'
        )
    joints = {joint.name: joint for joint in read_urdf(body.urdf).joints}
    tree = Kinematics(body.urdf)
    at_zero = tree.poses(np.zeros(len(tree.joints)))
    axes = {n: at_zero[tree.link(j.child)][:3, :3] @ j.axis for n, j in joints.items()}
    return {
        d.joint: _sign(joints[d.joint], axes[d.joint], axes.get(other_side(d.joint)))
        for d in body.dimensions
        if d.kind is Kind.POSITION
    }


def _sign(joint: Joint, axis: Array, partner: Array | None) -> float:
    # A reflection M turns a rotation about w by q into one about M w by -q, and leaves a slide
    # along w one along M w.
    turns = -1.0 if joint.kind in ('revolute', 'continuous') else 1.0
    reflected = axis * (1.0, -1.0, 1.0)
    for sign in (1.0, -1.0):
        if partner is not None and np.linalg.norm(reflected - sign * partner) < _NEAR:
            return sign * turns
    raise ConfigError(
        f"joint '{joint.name}' has no mirror image: its axis {axis.round(4)} and that of "
        f"'{other_side(joint.name)}' do not match; switch mirroring off for this robot"
    )
