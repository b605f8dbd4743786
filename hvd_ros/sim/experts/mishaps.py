# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What goes wrong in one episode: the dials of a manner, made into metres, steps and directions.

An operator asks here at every point where something can go wrong. Without a fault every answer is
nothing, so that an expert and a bungler are the same code.
"""

import numpy as np

from hvd_ros.core.robot.body import Array
from hvd_ros.sim.experts.manner import EXPERT, Fault, FaultKind, Manner
from hvd_ros.sim.tasks import facts

# What the dial stands for when it is turned up all the way.
_BLIND_M, _BLIND_RAD = 0.045, 0.5  # standard deviation of where a thing seems to be
_LEANING = np.array([-0.03, -0.05, 0.0])  # systematic: nearer, and towards the middle [m]
_LEANING_RAD = 0.35
_HINGE_RAD = 0.03  # of a lid's angle
_BESIDE_M, _SHORT_M = 0.05, 0.08  # of a misgrasp: across the opening, along the approach
_EARLY_M = 0.30  # before the goal
_LATE_STEPS = 30
_STRAY_M, _STRAY_BASE_M, _STRAY_S = 0.12, 0.15, 20.0  # a drift has come this far by then
_SINK_M, _SINK_S = 0.18, 4.0  # so far an arm has sunk under a load by then
_SINKING = {'left': np.array([0.0, 0.0, -1.0]), 'right': np.array([0.0, 0.0, -0.3])}
_SLOWER, _PAUSES, _PAUSE_STEPS = 0.4, 0.02, 25  # a pause in so many steps, at most so long
_OVERSHOOT, _OVERSHOOT_M = 0.35, 0.08  # of the way, at most
_HEAVY = 6.0  # times the force that is meant
_AMISS = 0.5  # chance per part of the work


class Mishaps:
    """One episode of a manner; what is left open is drawn from rng."""

    def __init__(self, manner: Manner = EXPERT, rng: np.random.Generator | None = None) -> None:
        self._faults = {fault.kind: fault for fault in manner.faults}
        self.notices = manner.kind != 'imperfect'
        self._rng = np.random.default_rng(0) if rng is None else rng
        self._seem: dict[str, tuple[Array, float]] = {}
        self._ways = {name: self._way() for name in ('left', 'right', 'base')}
        if FaultKind.DRIFT in self._faults and self._faults[FaultKind.DRIFT].systematic:
            self._ways['base'] = _LEANING / np.linalg.norm(_LEANING)
        self._share = float(self._rng.uniform(0.5, 1.0))  # of the dial, for what happens once

    def strength(self, kind: FaultKind) -> float:
        """Return how far a dial is turned up."""
        fault = self._faults.get(kind)
        return 0.0 if fault is None else fault.strength

    def mend(self) -> None:
        """Go on without faults: what went wrong was noticed."""
        self._faults = {}

    # What seems to be.

    def seen(self, name: str, place: Array, axes: Array) -> tuple[Array, Array]:
        """Return where a thing seems to be, which is the same at every look."""
        fault = self._faults.get(FaultKind.POSE_ERROR)
        if fault is None:
            return place, axes
        if name not in self._seem:
            self._seem[name] = self._seeming(fault, float(np.mean(place[..., 1])))
        offset, turned = self._seem[name]
        return place + offset, facts.about_z(turned) @ axes

    def _seeming(self, fault: Fault, aside: float) -> tuple[Array, float]:
        if fault.systematic:
            inwards = np.array([1.0, np.sign(aside), 1.0])
            return fault.strength * _LEANING * inwards, fault.strength * _LEANING_RAD
        offset = self._rng.normal(0, _BLIND_M, 3) * [1, 1, 0.15]
        return fault.strength * offset, fault.strength * float(self._rng.normal(0, _BLIND_RAD))

    def felt(self, angle: float) -> float:
        """Return how far a hinge seems to be open."""
        fault = self._faults.get(FaultKind.POSE_ERROR)
        if fault is None:
            return angle
        lean = -1.0 if fault.systematic else self._ways['base'][0]
        return angle + fault.strength * _HINGE_RAD * lean

    # Where hands and base go.

    def beside(self) -> Array:
        """Return by how much a hand misses what it is about to grasp, in its own axes [m]."""
        fault = self._faults.get(FaultKind.MISGRASP)
        if fault is None or self._rng.uniform() > 0.4 + 0.6 * fault.strength:
            return np.zeros(3)
        if fault.systematic:
            return np.array([-fault.strength * _SHORT_M, 0.0, 0.0])
        across, along, out = self._rng.uniform(-1, 1, 3)
        ways = np.array([-0.5 * _SHORT_M * abs(along), _BESIDE_M * np.sign(across), 0.02 * out])
        return fault.strength * ways

    def strayed(self, name: str, time_s: float, laden_s: float = 0.0) -> Array:
        """
        Return how far a hand or the base has drifted from where it is meant to be [m].

        Each drifts its own way; systematic is that arms sink under a load, the left one sooner.
        """
        fault = self._faults.get(FaultKind.DRIFT)
        if fault is None:
            return np.zeros(3)
        if fault.systematic and name != 'base':
            way, far, share = _SINKING[name], _SINK_M, laden_s / _SINK_S
        else:
            far = _STRAY_BASE_M if name == 'base' else _STRAY_M
            way, share = self._ways[name], time_s / _STRAY_S
        found: Array = fault.strength * far * min(share, 1.0) * way
        return found

    def _way(self) -> Array:
        way = self._rng.normal(0, 1, 3)
        found: Array = way / max(float(np.linalg.norm(way)), 1e-9)
        return found

    def overshoots(self, way: Array) -> list[Array]:
        """Return where else a movement goes, from its goal, before it rests there [m]."""
        strength = self.strength(FaultKind.OVER_CORRECTION)
        if not strength:
            return []
        far = float(np.linalg.norm(way))
        beyond = strength * min(_OVERSHOOT, _OVERSHOOT_M / max(far, 1e-9)) * way
        return [beyond, -0.6 * beyond]

    @property
    def heaviness(self) -> float:
        """How many times too hard it presses."""
        return 1.0 + _HEAVY * self.strength(FaultKind.OVER_CORRECTION)

    # When.

    @property
    def slowness(self) -> float:
        """How many times as long a movement takes."""
        return 1.0 + _SLOWER * self.strength(FaultKind.HESITATION)

    def pause(self) -> int:
        """Return for how many steps it does nothing now."""
        strength = self.strength(FaultKind.HESITATION)
        if not strength or self._rng.uniform() > _PAUSES * strength:
            return 0
        return int(self._rng.integers(1, 2 + round(_PAUSE_STEPS * strength)))

    def opens_early(self, left_m: float) -> bool:
        """Tell whether a hand opens now, so far before its goal."""
        return left_m < self._share * _EARLY_M * self.strength(FaultKind.EARLY_RELEASE)

    @property
    def late_steps(self) -> int:
        """How many steps too late a hand opens."""
        return round(self._share * _LATE_STEPS * self.strength(FaultKind.LATE_RELEASE))

    # In what order, and how long.

    def order(self, parts: int) -> list[int]:
        """Return the order in which the parts of the work are done; some are left out."""
        order = list(range(parts))
        strength = self.strength(FaultKind.WRONG_ORDER)
        for i in range(parts - 1):
            if self._rng.uniform() < _AMISS * strength:
                order[i], order[i + 1] = order[i + 1], order[i]
        return [i for i in order if not self._rng.uniform() < _AMISS * strength / 2]

    def stops_at(self, parts: int) -> tuple[int, int] | None:
        """Return in which part, and how many steps into it, it gives up."""
        strength = self.strength(FaultKind.GIVING_UP)
        if not strength:
            return None
        done = parts * (1.0 - strength * self._rng.uniform())
        return min(int(done), parts - 1), int(self._rng.integers(5, 60))
