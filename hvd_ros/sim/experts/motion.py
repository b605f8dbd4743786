# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The movements that scripted operators are made of; each yields one command a control step.

An operator sees the things' poses and the robot's own; it drives *or* moves its hands, never both,
and moves the rest as the thumbs on a JoyLo can. The idle hand is held where it is while the torso
moves, or it would sweep the table. At each turn something may go wrong: see mishaps.py.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from hvd_ros.core.robot.body import Array, Kind
from hvd_ros.sim.experts.eyes import Eyes
from hvd_ros.sim.experts.mishaps import Mishaps
from hvd_ros.sim.experts.senses import Senses
from hvd_ros.sim.experts.thumbs import Thumbs
from hvd_ros.sim.ik import Grip, Solver, turn, turned
from hvd_ros.sim.task_env import STEP_S
from hvd_ros.sim.tasks import facts

Moves = Iterator[Array]
DOWN = facts.about_y(np.pi / 2)  # the approach points down, the opening along y
AHEAD = np.eye(3)
_SPEED, _TURN_SPEED = 0.28, 0.38
_SHARE = 0.95  # of an arm joint's speed limit
_PATIENCE = 12  # control steps a hand may be late


class Operator:
    """What a script holds: eyes, a body it commands, and movements."""

    def __init__(self, env: Eyes, solver: Solver, mishaps: Mishaps | None = None) -> None:
        self._env, self._solver, self._body = env, solver, env.body
        self.mishaps = Mishaps() if mishaps is None else mishaps
        self.eyes = Senses(env, self.mishaps)
        self._kept = self._body.mask(Kind.POSITION)
        self._bases = self._body.mask(Kind.VELOCITY)
        self._thumbs = Thumbs(self._body)
        torso = self._body.parts['torso']
        self._torso = np.flatnonzero(np.isin(np.flatnonzero(self._kept), torso))
        self._fastest = _SHARE * self._body.limits.velocity[self._kept] * STEP_S
        if not solver.free_torso:
            self._fastest[self._torso] = self._thumbs.fastest
        self._most = np.concatenate((np.zeros(3), self._fastest))
        self.joints: Array = env.command[self._kept]
        self._twist: Array = np.zeros(3)
        # A trigger toggles: what is more open than not is opened.
        at = {s: env.command[self._body.index(f'{s}_gripper')] for s in facts.SIDES}
        self.openings = {side: float(opening > 0.5) for side, opening in at.items()}
        self._late: dict[str, int] = {}  # steps until a hand opens that should have by now
        self._laden: dict[str, float] = {}  # since when a hand has been closed [s]
        self._load: tuple[tuple[str, ...], Array] | None = None

    def act(self, twist: Array | tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Array:
        """Return the command that holds the hands and drives."""
        self._slip()
        self._twist = self._thumbs.drive(self._twist, np.asarray(twist, dtype=np.float64))
        action: Array = np.empty(self._body.size)
        action[self._kept], action[self._bases] = self.joints, self._twist
        for side, opening in self.openings.items():
            action[self._body.index(f'{side}_gripper')] = opening
        return action

    def _slip(self) -> None:
        for side in [s for s, steps in self._late.items() if steps <= 0]:
            self.openings[side] = 1.0
            del self._late[side]
        self._late = {side: steps - 1 for side, steps in self._late.items()}
        if self._load is None:
            return
        sides, to = self._load
        if self.mishaps.opens_early(min(_far(self.eyes.hand(s).position, to) for s in sides)):
            self.openings.update(dict.fromkeys(sides, 1.0))
            self._load = None

    def wait(self, steps: int) -> Moves:
        """Do nothing for a while."""
        for _ in range(steps):
            yield self.act()

    def close(self, *sides: str, steps: int = 8) -> Moves:
        """Close hands."""
        for side in sides:
            self.openings[side] = 0.0
            self._laden[side] = self._env.time_s
            self._late.pop(side, None)
        yield from self.wait(steps)

    def open(self, *sides: str, steps: int = 8) -> Moves:
        """Open hands, and let go of what they carry."""
        self._load = None
        late = self.mishaps.late_steps
        for side in sides:
            self._laden.pop(side, None)
            if late and self.openings[side] == 0.0:
                self._late[side] = late
            else:
                self.openings[side] = 1.0
        yield from self.wait(steps)

    def carry(self, *sides: str, to: Array) -> None:
        """Have in hand what belongs to a place of the hands, until they open."""
        self._load = sides, to

    def drive(
        self,
        x: float,
        y: float,
        yaw: float,
        near: float = 0.012,
        turned_by: float = 0.015,
        speed: float = _SPEED,
    ) -> Moves:
        """Go where it means to, by way of where else it gets to."""
        goal = np.array([x, y]) + self.mishaps.strayed('base', self._env.time_s)[:2]
        way = np.array([*(goal - self.eyes.base[:2]), 0.0])
        for beyond in self.mishaps.overshoots(way):
            yield from self._go(goal + beyond[:2], yaw, 0.03, 0.1, speed)
        yield from self._go(goal, yaw, near, turned_by, speed)
        yield from self.wait(1)

    def _go(self, goal: Array, yaw: float, near: float, turned_by: float, speed: float) -> Moves:
        """Turn to where it goes or stands, and go: one or the other, as the sticks allow."""
        slowness = self.mishaps.slowness
        there = 0
        for _ in range(400):
            now = self.eyes.base
            ahead = facts.about_z(-now[2])[:2, :2] @ (goal - now[:2])
            left = float(facts.wrapped(yaw - now[2]))
            far, askew = float(np.linalg.norm(ahead)) > near, abs(left) > turned_by
            there = 0 if far or askew else there + 1
            if there >= 3:
                break
            # Turning first; a small error that driving brings about is mended at the end.
            if askew and (abs(left) > 0.05 or not far):
                most = _TURN_SPEED / slowness
                yield self.act((0, 0, float(np.clip(1.5 * left, -most, most))))
            else:
                way = 1.5 * ahead
                way = way * min(1.0, speed / slowness / max(float(np.linalg.norm(way)), 1e-9))
                yield self.act((way[0], way[1], 0.0))

    def at(self, x: float, y: float, yaw: float, near: float = 0.05, turned: float = 0.06) -> bool:
        """Tell whether the base is where it should be."""
        now = self.eyes.base
        askew = abs(float(facts.wrapped(yaw - now[2])))
        return _far(now[:2], np.array([x, y])) < near and askew < turned

    def reach(
        self,
        goals: Mapping[str, Grip],
        steps: int,
        near: float = 6e-3,
        patience: int = _PATIENCE,
    ) -> Moves:
        """Move hands to where it means to, by way of where else they get to."""
        ways = {s: goal.position - self.eyes.hand(s).position for s, goal in goals.items()}
        farthest = max(ways.values(), key=lambda way: float(np.linalg.norm(way)))
        slow = round(self.mishaps.slowness * steps)
        swings = self.mishaps.overshoots(farthest)
        for beyond in swings:
            shifted = {s: Grip(g.position + beyond, g.axes) for s, g in goals.items()}
            yield from self._move(shifted, slow if beyond is swings[0] else 4, near, 1)
        yield from self._move(goals, 4 if swings else slow, near, patience)

    def close_in(self, goals: Mapping[str, Grip], steps: int, near: float = 6e-3) -> Moves:
        """Reach for what is grasped next, or beside it."""
        missed = {
            s: Grip(g.position + g.axes @ self.mishaps.beside(), g.axes) for s, g in goals.items()
        }
        yield from self.reach(missed, steps, near)

    def _move(
        self, goals: Mapping[str, Grip], steps: int, near: float, patience: int = _PATIENCE
    ) -> Moves:
        """Move hands on straight lines, slow at both ends, until they are there."""
        meant = self._meant(goals)
        start = {side: self._solver.grip(self.posture, side) for side in facts.SIDES}
        for i in range(1, steps + patience + 1):
            share = smooth(min(i / steps, 1.0))
            now = {s: between(start[s], meant.get(s, start[s]), share) for s in facts.SIDES}
            self._aim(now)
            yield self.act()
            misses = [_far(self.eyes.hand(s).position, goal.position) for s, goal in meant.items()]
            if i >= steps and max(misses) < near:
                return

    def aim(self, goals: Mapping[str, Grip], steps: int = 4) -> None:
        """Set the joints towards goals, no faster than they may move."""
        self._aim(self._meant(goals), steps)

    def _aim(self, goals: Mapping[str, Grip], steps: int = 4) -> None:
        wanted = self._solver.solve(self.posture, goals, steps, most=self._most)[3:]
        before = self.joints
        if not self._solver.free_torso:
            self._pose_torso(wanted)
            # Thumbs are coarse; arms make up for what the torso did not do.
            wanted[self._torso] = self.joints[self._torso]
            held = self._most.copy()
            held[3 + self._torso] = 0.0
            posture = np.concatenate((self.eyes.base, wanted))
            wanted = self._solver.solve(posture, goals, 1, most=held)[3:]
        change = np.clip(wanted - before, -self._fastest, self._fastest)
        self.joints = before + change
        self.joints[self._torso] = wanted[self._torso]

    def _meant(self, goals: Mapping[str, Grip]) -> dict[str, Grip]:
        now = self._env.time_s
        far = {s: self.mishaps.strayed(s, now, now - self._laden.get(s, now)) for s in goals}
        return {s: Grip(goal.position + far[s], goal.axes) for s, goal in goals.items()}

    def _pose_torso(self, wanted: Array) -> None:
        before, measured = self.joints, self._env.position[self._kept]
        self.joints = before.copy()
        self.joints[self._torso] = self._thumbs.pose_torso(
            before[self._torso], wanted[self._torso], measured[self._torso]
        )

    def pose(self, name: str, steps: int) -> Moves:
        """Move all joints to a named pose of the robot, or as near as the thumbs can."""
        goal, start = self._body.pose(name)[self._kept], self.joints.copy()
        # A minimum-jerk motion is 1.875 times as fast in its middle as on average.
        slowest = 1.875 * float((np.abs(goal - start) / self._fastest).max())
        steps = max(round(self.mishaps.slowness * steps), int(np.ceil(slowest)))
        for i in range(1, steps + 1):
            wanted = start + (goal - start) * smooth(i / steps)
            if not self._solver.free_torso:
                self._pose_torso(wanted)
                wanted[self._torso] = self.joints[self._torso]
            self.joints = wanted
            yield self.act()

    @property
    def posture(self) -> Array:
        """The base where it is and the joints as commanded, as the solver orders them."""
        return np.concatenate((self.eyes.base, self.joints))


def smooth(share: float) -> float:
    """Return the minimum-jerk way from 0 to 1."""
    return share**3 * (10 - 15 * share + 6 * share**2)


def between(one: Grip, two: Grip, share: float) -> Grip:
    """Return a grip on the straight way between two."""
    if one is two:
        return one
    way = turn(share * turned(two.axes @ one.axes.T))
    return Grip(one.position + share * (two.position - one.position), way @ one.axes)


def above(place: Array, height: float) -> Array:
    """Return a place higher up."""
    return np.array([place[0], place[1], place[2] + height])


def _far(one: Array, two: Array) -> float:
    return float(np.linalg.norm(one - two))
