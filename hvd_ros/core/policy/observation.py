# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a policy is shown at one moment, by name of the modality.

The live policy node, the evaluation in simulation and the training data all fill the same record,
so a policy can not tell where it runs, unless it asks for what only a simulation knows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.robot.body import Array

Picture = NDArray[np.uint8]  # (H, W, 3) RGB
Depth = NDArray[np.uint16]  # (H, W) millimetres along the optical axis, 0 unknown
PointCloud = tuple[NDArray[np.float32], NDArray[np.uint8]]  # (N, 3) in base_link [m], (N, 3) RGB


class Modality(StrEnum):
    """One kind of thing that a policy may ask to see."""

    STATE = 'state'
    RGB = 'rgb'
    DEPTH = 'depth'
    CLOUD = 'cloud'
    SIM_STATE = 'sim_state'  # where everything truly is: privileged, no robot can tell


@dataclass(frozen=True, eq=False)
class Observation:
    """What is known at a time; what nobody asked for is empty or None."""

    stamp_ns: int  # t_obs: row j of the answer is reached at t_obs + (j + 1) * 0.1 s
    state: Array  # (S,) as core/robot/state.py names them
    images: Mapping[str, Picture] = field(default_factory=lambda: MappingProxyType({}))
    depth_mm: Mapping[str, Depth] = field(default_factory=lambda: MappingProxyType({}))
    cloud: PointCloud | None = None
    sim_state: Array | None = None  # (P,) as the task in simulation names them
    prompt: str = ''


def modalities(names: Iterable[str]) -> frozenset[Modality]:
    """Return the modalities of these names; raises ConfigError with the closest spelling."""
    valid = [str(m) for m in Modality]
    found = set()
    for name in names:
        if name not in valid:
            raise ConfigError(f"modality '{name}': {did_you_mean(name, valid)}")
        found.add(Modality(name))
    return frozenset(found)
