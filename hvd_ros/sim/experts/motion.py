# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The movements that scripted operators are made of; each yields one command a control step.

An operator sees the things' true poses and the robot's own; it drives *or* moves its hands, never
both. The idle hand is held where it is while the torso moves, or it would sweep the table.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from hvd_ros.core.robot.body import Array, Kind
from hvd_ros.sim.ik import Grip, Solver, turn, turned
from hvd_ros.sim.task_env import STEP_S, TaskEnv
from hvd_ros.sim.tasks import facts

Moves = Iterator[Array]
OPEN = 0.9
DOWN = facts.about_y(np.pi / 2)  # the approach points down, the opening along y
AHEAD = np.eye(3)
_SPEED, _TURN_SPEED = 0.28, 0.38
_SHARE = 0.95  # of a joint's speed limit
_PATIENCE = 12  # control steps a hand may be late


class Operator:
    """What a script holds: eyes, a body it commands, and movements."""

    def __init__(self, env: TaskEnv, solver: Solver) -> None:
        self._env, self._solver, self._body = env, solver, env.body
        self._kept = self._body.mask(Kind.POSITION)
        self._bases = self._body.mask(Kind.VELOCITY)
        self._fastest = _SHARE * self._body.limits.velocity[self._kept] * STEP_S
        self.joints: Array = env.command[self._kept]
        self.openings = {s: env.command[self._body.index(f'{s}_gripper')] for s in facts.SIDES}

    # What it sees.

    def see(self, name: str) -> tuple[Array, Array]:
        """Look where a thing is: its place and its axes as columns."""
        return facts.pose(self._env.data, name)

    def sites(self, name: str, count: int) -> Array:
        """Look where numbered spots are (count, 3)."""
        return np.array([self._env.data.site(f'{name}{i}').xpos for i in range(count)])

    def angle(self, joint: str) -> float:
        """Look how far a hinge of the scene is open [rad]."""
        return float(self._env.data.joint(joint).qpos[0])

    def press(self, one: str, two: str) -> float:
        """Feel how hard one thing is pressed on another [N]."""
        return facts.press(self._env.model, self._env.data, one, two)

    @property
    def base(self) -> Array:
        """Where the base is: x, y, yaw."""
        return np.array(self._env.data.qpos[:3])

    def hand(self, side: str) -> Grip:
        """Where a hand really is."""
        return Grip(*facts.pose(self._env.data, f'{side}_gripping_point'))

    # What it does.

    def act(self, twist: Array | tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Array:
        """Return the command that holds the hands and drives."""
        action: Array = np.empty(self._body.size)
        action[self._kept], action[self._bases] = self.joints, twist
        for side, opening in self.openings.items():
            action[self._body.index(f'{side}_gripper')] = opening
        return action

    def wait(self, steps: int) -> Moves:
        """Do nothing for a while."""
        for _ in range(steps):
            yield self.act()

    def grip(self, *sides: str, opening: float = 0.0, steps: int = 8) -> Moves:
        """Open or close hands."""
        for side in sides:
            self.openings[side] = opening
        yield from self.wait(steps)

    def drive(
        self,
        x: float,
        y: float,
        yaw: float,
        near: float = 0.012,
        turned_by: float = 0.015,
        speed: float = _SPEED,
    ) -> Moves:
        """Turn to where it goes or stands, and go: one or the other, as the sticks allow."""
        there = 0
        for _ in range(400):
            now = self.base
            ahead = facts.about_z(-now[2])[:2, :2] @ (np.array([x, y]) - now[:2])
            left = float(facts.wrapped(yaw - now[2]))
            far, askew = float(np.linalg.norm(ahead)) > near, abs(left) > turned_by
            there = 0 if far or askew else there + 1
            if there >= 3:
                break
            # Turning first; a small error that driving brings about is mended at the end.
            if askew and (abs(left) > 0.05 or not far):
                yield self.act((0, 0, float(np.clip(1.5 * left, -_TURN_SPEED, _TURN_SPEED))))
            else:
                way = 1.5 * ahead
                way = way * min(1.0, speed / max(float(np.linalg.norm(way)), 1e-9))
                yield self.act((way[0], way[1], 0.0))
        yield from self.wait(1)

    def reach(
        self,
        goals: Mapping[str, Grip],
        steps: int,
        near: float = 6e-3,
        patience: int = _PATIENCE,
    ) -> Moves:
        """Move hands on straight lines, slow at both ends, until they are there."""
        start = {side: self._solver.grip(self.posture, side) for side in facts.SIDES}
        for i in range(1, steps + patience + 1):
            share = smooth(min(i / steps, 1.0))
            now = {s: between(start[s], goals.get(s, start[s]), share) for s in facts.SIDES}
            self.aim(now)
            yield self.act()
            misses = [self.hand(s).position - goal.position for s, goal in goals.items()]
            if i >= steps and np.linalg.norm(misses, axis=1).max() < near:
                return

    def aim(self, goals: Mapping[str, Grip], steps: int = 4) -> None:
        """Set the joints towards goals, no faster than they may move."""
        wanted = self._solver.solve(self.posture, goals, steps)[3:]
        change = np.clip(wanted - self.joints, -self._fastest, self._fastest)
        self.joints = self.joints + change

    def pose(self, name: str, steps: int) -> Moves:
        """Move all joints to a named pose of the robot."""
        goal, start = self._body.pose(name)[self._kept], self.joints.copy()
        # A minimum-jerk motion is 1.875 times as fast in its middle as on average.
        slowest = 1.875 * float((np.abs(goal - start) / self._fastest).max())
        steps = max(steps, int(np.ceil(slowest)))
        for i in range(1, steps + 1):
            self.joints = start + (goal - start) * smooth(i / steps)
            yield self.act()

    @property
    def posture(self) -> Array:
        """The base where it is and the joints as commanded, as the solver orders them."""
        return np.concatenate((self.base, self.joints))


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
