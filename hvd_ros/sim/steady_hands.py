# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Hands that stay where they are meant to be while the torso is not yet, or never quite, there.

A button squats at one speed only, and the mux lets a torso gather speed slowly. Whoever holds a
leader looks at the hands, and makes up for that with the arms. What the robot is told counts, not
where it is measured: behind its command it lags with arms and torso alike.
"""

import numpy as np

from hvd_ros.core.robot.body import Array, Body, Kind
from hvd_ros.sim.ik import Solver
from hvd_ros.sim.tasks.facts import SIDES

_MOST_RAD = 0.2  # of a joint; a torso that is further off is not a matter of patience
_STEPS = 2
_THERE_RAD = 1e-4


class SteadyHands:
    """Corrects the arms of a wanted command by what the torso is told."""

    def __init__(self, body: Body, solver: Solver) -> None:
        self._solver = solver
        kept = np.flatnonzero(body.mask(Kind.POSITION))
        self._kept = kept
        self._torso = np.isin(kept, body.parts['torso'])
        self._most = np.concatenate((np.zeros(3), np.where(self._torso, 0.0, _MOST_RAD)))

    def correct(self, wanted: Array, told: Array) -> Array:
        """Return a command (D,) that brings the hands to where `wanted` has them."""
        joints = wanted[self._kept]
        torso = told[self._kept][self._torso]
        if np.abs(torso - joints[self._torso]).max() < _THERE_RAD:
            return wanted
        meant = np.concatenate((np.zeros(3), joints))
        goals = {side: self._solver.grip(meant, side) for side in SIDES}
        now = meant.copy()
        now[3:][self._torso] = torso
        solved = self._solver.solve(now, goals, _STEPS, most=self._most)
        change = np.clip(solved - meant, -_MOST_RAD, _MOST_RAD)[3:]
        found = wanted.copy()
        found[self._kept[~self._torso]] += change[~self._torso]
        return found
