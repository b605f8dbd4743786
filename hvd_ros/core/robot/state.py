# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The state vector that a policy sees, built from what a frame measured.

One function for the converter and for the live policy, so that the two can not disagree about an
order or a sign. Which features it holds is chosen by name; every number of it has a name.
"""

from collections.abc import Sequence

import numpy as np

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.robot.body import Array, Body, Kind
from hvd_ros.core.robot.kinematics import BodyKinematics, quaternion_xyzw

POSITION = 'position'  # every dimension as measured: joints, openings, base velocity
VELOCITY = 'velocity'  # rates of joints; a base dimension is one, of grippers the R1 has none
EE_POSE = 'ee_pose'  # each hand in the base frame: x, y, z [m], unit quaternion x, y, z, w >= 0
STATE_FEATURES = (POSITION, VELOCITY, EE_POSE)
_HANDS = ('left_gripping_point', 'right_gripping_point')
_POSE = ('x', 'y', 'z', 'qx', 'qy', 'qz', 'qw')


class StateLayout:
    """Which numbers a state holds, in which order, for one body."""

    def __init__(self, body: Body, features: Sequence[str] = STATE_FEATURES) -> None:
        check_features(features)
        self.features = tuple(features)
        self._jointed = np.flatnonzero(body.mask(Kind.POSITION))
        self._kinematics = BodyKinematics(body) if EE_POSE in features else None
        self._hands = self._links(body)
        names = {
            POSITION: [f'{name}.position' for name in body.names],
            VELOCITY: [f'{body.names[i]}.velocity' for i in self._jointed],
            EE_POSE: [f'{hand}.{axis}' for hand in _HANDS for axis in _POSE],
        }
        self.names: tuple[str, ...] = tuple(n for f in self.features for n in names[f])

    def state(self, position: Array, velocity: Array) -> Array:
        """Return the state (S,) of measured positions and velocities (D,); NaN passes through."""
        return np.concatenate([self._part(f, position, velocity) for f in self.features])

    def _part(self, feature: str, position: Array, velocity: Array) -> Array:
        if feature == EE_POSE:
            return self._poses(position)
        return position if feature == POSITION else velocity[self._jointed]

    def _links(self, body: Body) -> list[int]:
        if self._kinematics is None:
            return []
        links = self._kinematics.tree.links
        missing = [hand for hand in _HANDS if hand not in links]
        if missing:
            raise ConfigError(
                f"{body.name}: its URDF has no link '{missing[0]}', so '{EE_POSE}' can not be "
                f'part of the state; choose from {POSITION}, {VELOCITY}'
            )
        return [self._kinematics.tree.link(hand) for hand in _HANDS]

    def _poses(self, position: Array) -> Array:
        assert self._kinematics is not None
        if not np.isfinite(position).all():
            return np.full(len(_POSE) * len(_HANDS), np.nan)
        poses = self._kinematics.poses(position)[self._hands]
        return np.concatenate([np.r_[p[:3, 3], quaternion_xyzw(p[:3, :3])] for p in poses])


def check_features(features: Sequence[str]) -> None:
    """Raise ConfigError unless each is known and named once."""
    for feature in features:
        if feature not in STATE_FEATURES:
            raise ConfigError(
                f"state feature '{feature}'; {did_you_mean(feature, STATE_FEATURES)}"
            )
    if not features or len(set(features)) != len(features):
        raise ConfigError(
            f'state features {list(features)}: name at least one, each once; '
            f'valid: {", ".join(STATE_FEATURES)}'
        )
