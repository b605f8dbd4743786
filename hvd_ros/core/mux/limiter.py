# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
From a wish to a number that may be sent: position, speed and acceleration limits.

Limits count against the last *sent* command, so a slow robot or a late tick never makes a jump.
The dimensions of one part are scaled together, which keeps the direction; braking is not scaled.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hvd_ros.core.mux.command import Clip
from hvd_ros.core.robot.body import Array, Body, Kind

Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
_ROUNDING = 1e-12  # [unit] nearer than this is there


@dataclass(frozen=True, eq=False)
class Motion:
    """What was sent last and how fast it moves."""

    values: Array  # (D,)
    rate: Array  # (D,) change of positions and openings [unit/s]; zero for velocities


class Limiter:
    """The limits of one body at one tick period, ready for use in every tick."""

    def __init__(self, body: Body, period_s: float) -> None:
        is_velocity = body.mask(Kind.VELOCITY)
        self.size = body.size
        self._period_s = period_s
        self._joints = _Block(body, np.flatnonzero(~is_velocity), period_s)
        self._speeds = _Block(body, np.flatnonzero(is_velocity), period_s)

    def step(
        self,
        last: Motion,
        target: Array,
        stop: Bools,
        joint_scale: float = 1.0,
        pace: Array | None = None,
    ) -> tuple[Motion, Bytes]:
        """
        Move one tick from the last command towards a finite target of shape (D,).

        Where stop is set the dimension comes to rest at its acceleration limit and the target is
        not looked at. joint_scale in [0, 1] lowers the speed limit of the joints. A joint is ready
        to stop at its target; where `pace` (D,) says how fast the target moves, ready to go along
        with it, and does not trail behind. Returns the new command and the Clip bits per
        dimension.
        """
        values, rate = last.values.copy(), np.zeros(self.size)
        clip = np.zeros(self.size, dtype=np.uint8)
        self._step_joints(last, target, stop, joint_scale, pace, values, rate, clip)
        self._step_speeds(last, target, stop, values, clip)
        return Motion(values, rate), clip

    def rest(self, motion: Motion) -> Array:
        """Return where the command comes to rest if every dimension brakes from now on, (D,)."""
        b = self._joints
        if not b.ids.size:
            return motion.values
        rate = motion.rate[b.ids]
        ticks = np.maximum(np.abs(rate) / b.step - 1.0, 0.0)  # the next tick is one step slower
        whole = np.floor(ticks)
        steps = (whole + 1.0) * ticks - whole * (whole + 1.0) / 2.0
        values = motion.values.copy()
        values[b.ids] += np.sign(rate) * steps * b.step * self._period_s
        return np.clip(values, b.all_low, b.all_high)

    def _step_joints(
        self,
        last: Motion,
        target: Array,
        stop: Bools,
        scale: float,
        pace: Array | None,
        values: Array,
        rate: Array,
        clip: Bytes,
    ) -> None:
        b, dt = self._joints, self._period_s
        if not b.ids.size:
            return
        now, old, halt = last.values[b.ids], last.rate[b.ids], stop[b.ids]
        asked = np.where(halt, now, target[b.ids])
        goal = np.minimum(np.maximum(asked, b.low), b.high)
        fastest = b.velocity * scale
        going = np.zeros_like(now) if pace is None else self._going(pace, asked == goal, fastest)
        going[halt] = 0.0
        # Distances are those to a target that has not gone on yet.
        error = goal - going * dt - now
        distance = np.abs(error)
        reach = np.minimum(fastest, self._braking(distance)) * dt
        share = np.divide(reach, distance, out=np.ones_like(reach), where=distance > reach)
        wish = going + b.together(share) * error / dt
        if pace is not None:
            wish = self._possible(wish, now, fastest)
        change = wish - old
        size = np.abs(change)
        brakes = (np.abs(wish) < np.abs(old)) | (wish * old < 0.0)
        free = np.divide(b.step, size, out=np.ones_like(size), where=(size > b.step) & ~brakes)
        # Braking counts for itself: nobody else's limit may lengthen a stopping distance.
        braked = np.minimum(np.maximum(change, -b.step), b.step)
        new = now + (old + np.where(brakes, braked, b.together(free) * change)) * dt
        new = np.minimum(np.maximum(new, b.low), b.high)
        values[b.ids] = new
        rate[b.ids] = (new - now) / dt
        late = (np.abs(new - goal) > _ROUNDING) & ~halt
        slow = b.together(np.where(distance > fastest * dt, 0.0, 1.0)) < 1.0
        # Whatever the speed limit does not explain, the acceleration limit does.
        heavy = late & ((np.abs(new - now) < fastest * dt * (1.0 - 1e-9)) | ~slow)
        clip[b.ids] = (
            (asked != goal) * np.uint8(Clip.POSITION)
            + (late & slow) * np.uint8(Clip.VELOCITY)
            + heavy * np.uint8(Clip.ACCELERATION)
        )

    def _going(self, pace: Array, is_free: Bools, fastest: Array) -> Array:
        """Return how fast joints may go along; a target behind a limit stands still at it."""
        b = self._joints
        return np.where(is_free, np.clip(pace[b.ids], -fastest, fastest), 0.0)

    def _possible(self, wish: Array, now: Array, fastest: Array) -> Array:
        """Return rates no faster than allowed, and from which a stop before the limits is."""
        b = self._joints
        size = np.abs(wish)
        share = np.divide(fastest, size, out=np.ones_like(size), where=size > fastest)
        room = np.where(wish > 0.0, b.high - now, now - b.low)
        brakes = self._braking(np.maximum(room, 0.0))
        slowed = b.together(share) * wish
        return np.minimum(np.maximum(slowed, -brakes), brakes)

    def _braking(self, distance: Array) -> Array:
        """
        Return the highest rate [unit/s] from which a stop within the distance is possible.

        Exact for a rate that falls by one step (acceleration * period) per tick, the present tick
        included: n ticks of n, n-1, ... steps; the continuous sqrt(2 a d) would overshoot.
        """
        b = self._joints
        steps = distance / (b.step * self._period_s)
        whole = np.floor((np.sqrt(1.0 + 8.0 * steps) - 1.0) / 2.0)
        found: Array = (steps + whole * (whole + 1.0) / 2.0) / (whole + 1.0) * b.step
        return found

    def _step_speeds(
        self, last: Motion, target: Array, stop: Bools, values: Array, clip: Bytes
    ) -> None:
        b = self._speeds
        if not b.ids.size:
            return
        now = last.values[b.ids]
        asked = np.where(stop[b.ids], 0.0, target[b.ids])
        bound = np.where(asked > 0.0, b.high, -b.low)
        size = np.abs(asked)
        share = b.together(np.divide(bound, size, out=np.ones_like(size), where=size > bound))
        change = share * asked - now
        size = np.abs(change)
        part = b.together(np.divide(b.step, size, out=np.ones_like(size), where=size > b.step))
        values[b.ids] = np.minimum(np.maximum(now + part * change, b.low), b.high)
        clip[b.ids] = (share < 1.0) * np.uint8(Clip.VELOCITY) + (part < 1.0) * np.uint8(
            Clip.ACCELERATION
        )


class _Block:
    """The dimensions of one sort, with their limits and the parts that they belong to."""

    def __init__(self, body: Body, ids: npt.NDArray[np.intp], period_s: float) -> None:
        limits = body.limits
        self.ids = ids
        self.all_low, self.all_high = limits.low, limits.high
        self.low, self.high = limits.low[ids], limits.high[ids]
        self.velocity = limits.velocity[ids]
        self.step = limits.acceleration[ids] * period_s  # largest change of rate in a tick
        names = [body.dimensions[i].part for i in ids]
        parts = sorted(set(names))
        self._part = np.array([parts.index(name) for name in names], dtype=np.intp)
        self._order = np.argsort(self._part, kind='stable')
        self._starts = np.searchsorted(self._part[self._order], np.arange(len(parts)))

    def together(self, share: Array) -> Array:
        """Give every dimension the smallest share of its part."""
        least: Array = np.minimum.reduceat(share[self._order], self._starts)[self._part]
        return least
