# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How alike two episodes of one task are: the same way, gone a little faster or slower.

Sequences are aligned by dynamic time warping, so that a hand that waits for half a second longer
is not counted as being elsewhere.
"""

from dataclasses import dataclass

import numpy as np

BASE_WEIGHT = 3.0  # of a metre against a radian, while aligning


@dataclass(frozen=True)
class Likeness:
    """What is left after alignment."""

    joints_rms_rad: float
    joints_max_rad: float
    base_max_m: float
    yaw_max_rad: float
    lag_max_s: float  # of one against the other
    longer_s: float

    @property
    def text(self):
        return ', '.join(f'{name} {value:.3f}' for name, value in vars(self).items())


def aligned(one, two):
    """Return the pairs of rows (P, 2) of the cheapest monotone path through both sequences."""
    cost = np.linalg.norm(one[:, None] - two[None], axis=-1)
    total = np.full((len(one) + 1, len(two) + 1), np.inf)
    total[0, 0] = 0.0
    for i in range(1, len(one) + 1):
        for j in range(1, len(two) + 1):
            before = min(total[i - 1, j - 1], total[i - 1, j], total[i, j - 1])
            total[i, j] = cost[i - 1, j - 1] + before
    i, j, pairs = len(one), len(two), []
    while i and j:
        pairs.append((i - 1, j - 1))
        i, j = min(((i - 1, j - 1), (i - 1, j), (i, j - 1)), key=lambda at: total[at])
    return np.array(pairs[::-1])


def likeness(model, one, two, period_s=0.1):
    """Compare two sequences of qpos (N, nq), sampled with one period, of the robot's joints."""
    names = [model.joint(i).name for i in range(model.njnt)]
    ids = [model.joint(n).qposadr[0] for n in names if '_arm_joint' in n or n.startswith('torso')]
    weight = np.r_[np.full(2, BASE_WEIGHT), 1.0, np.ones(len(ids))]
    rows = [np.c_[q[:, :3], q[:, ids]] * weight for q in (one, two)]
    pairs = aligned(*rows)
    apart = (rows[0][pairs[:, 0]] - rows[1][pairs[:, 1]]) / weight
    return Likeness(
        joints_rms_rad=float(np.sqrt((apart[:, 3:] ** 2).mean())),
        joints_max_rad=float(np.abs(apart[:, 3:]).max()),
        base_max_m=float(np.linalg.norm(apart[:, :2], axis=1).max()),
        yaw_max_rad=float(np.abs(apart[:, 2]).max()),
        lag_max_s=float(np.abs(pairs[:, 0] - pairs[:, 1]).max() * period_s),
        longer_s=(len(two) - len(one)) * period_s,
    )
