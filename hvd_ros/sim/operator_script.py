# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a scripted operator does with hands and thumbs, as a function of time.

A script acts on the leader, never on the robot: whatever it makes the robot do went through the
same devices, mapping and guards as a person's hands.
"""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from hvd_ros.core.robot.body import Array, Body

Sticks = tuple[float, float, float, float]  # left x, y, right x, y
REST: Sticks = (0.0, 0.0, 0.0, 0.0)
HOLD = frozenset({'L'})  # the dead-man
REACH_S = 4.5  # from hanging arms to raised ones


@dataclass(frozen=True, eq=False)
class Segment:
    """One act: go to a hand pose (None: stay) while holding buttons and sticks."""

    text: str
    seconds: float
    pressed: frozenset[str] = HOLD
    sticks: Sticks = REST
    hand: Array | None = None  # leader joints (J,) [rad] at the end of the act


@dataclass(frozen=True, eq=False)
class Act:
    """What hands and thumbs do in one moment."""

    text: str
    pressed: frozenset[str]
    sticks: Sticks
    hand: Array


class Script:
    """Segments one after the other, from a hand pose."""

    def __init__(self, start: Array, segments: list[Segment]) -> None:
        self._segments = segments
        self._ends = list(accumulate(segment.seconds for segment in segments))
        self._from = [start]
        for segment in segments:
            self._from.append(self._from[-1] if segment.hand is None else segment.hand)

    @property
    def duration_s(self) -> float:
        """Time until the last act is over."""
        return self._ends[-1] if self._ends else 0.0

    def at(self, time_s: float) -> Act | None:
        """Return what is done at a time since the start; None once the script is over."""
        i = bisect_right(self._ends, max(0.0, time_s))
        if i >= len(self._segments):
            return None
        segment, begin, end = self._segments[i], self._from[i], self._from[i + 1]
        share = 1.0 - (self._ends[i] - max(0.0, time_s)) / segment.seconds
        # Minimum jerk: a hand starts and ends at rest.
        smooth = share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
        hand = begin + smooth * (end - begin)
        return Act(segment.text, segment.pressed, segment.sticks, hand)


def approach(start: Array, goal: Array, speed_rad_s: float = 1.2) -> Script:
    """Bring the leader to where the robot stands, with empty thumbs."""
    far = float(np.abs(goal - start).max())
    # The peak of a minimum-jerk move is 1.875 times its mean.
    seconds = max(0.5, 1.875 * far / speed_rad_s)
    empty: frozenset[str] = frozenset()
    return Script(
        start, [Segment("moves the leader to the robot's pose", seconds, empty, hand=goal)]
    )


def engage(hand: Array) -> Script:
    """Hold the dead-man, then tap Plus."""
    return Script(
        hand,
        [
            Segment('holds L', 0.4),
            Segment('presses Plus', 0.15, HOLD | {'Plus'}),
            Segment('waits for the robot to follow', 0.6),
        ],
    )


def release(hand: Array) -> Script:
    """Disarm, then let go of everything."""
    return Script(
        hand,
        [
            Segment('presses Plus', 0.15, HOLD | {'Plus'}),
            Segment('lets go', 0.4, frozenset()),
        ],
    )


def tour(body: Body, joints: tuple[str, ...], hand: Array) -> Script:
    """Show everything that a JoyLo can do, and come back to where it began."""
    home = body.pose('home')[[body.index(name) for name in joints]]
    return Script(
        hand,
        [
            Segment('raises the arms', REACH_S, hand=home),
            *_wave(joints, home),
            *_grippers(),
            *_torso(),
            *_drive(1.2),
            Segment('lowers the arms', REACH_S, hand=hand),
            Segment('rests', 0.5),
        ],
    )


def drive(body: Body, joints: tuple[str, ...], hand: Array) -> Script:
    """Drive to every side and turn, with the arms where they are."""
    return Script(hand, [*_drive(1.0), Segment('rests', 0.5)])


SCRIPTS = {'tour': tour, 'drive': drive}
# What sim/experts can do, and how well; named here so that nobody needs physics to know it.
TASK_SCRIPTS = ('pen_insert', 'cup_upright', 'wipe_board', 'basket_carry', 'trash_dispose')
MANNERS = ('expert', 'imperfect', 'correction')


def _wave(joints: tuple[str, ...], home: Array) -> list[Segment]:
    out = home.copy()
    out[joints.index('right_arm_joint4')] += 0.4
    out[joints.index('right_arm_joint6')] -= 0.4
    back = home.copy()
    back[joints.index('right_arm_joint4')] -= 0.3
    back[joints.index('right_arm_joint6')] += 0.3
    return [Segment('waves', 0.9, hand=pose) for pose in (out, back, out, home)]


def _grippers() -> list[Segment]:
    acts = []
    for text in ('turns the grippers over', 'turns them back'):
        for button in ('ZL', 'ZR'):
            acts += [Segment(text, 0.2, HOLD | {button}), Segment(text, 0.6)]
    return acts


def _torso() -> list[Segment]:
    return [
        Segment('squats', 2.0, HOLD | {'Down'}),
        Segment('leans forward', 0.8, sticks=(0.0, 0.0, 0.0, 1.0)),
        Segment('leans back', 0.8, sticks=(0.0, 0.0, 0.0, -1.0)),
        Segment('looks left', 1.0, sticks=(0.0, 0.0, -1.0, 0.0)),
        Segment('looks right', 2.0, sticks=(0.0, 0.0, 1.0, 0.0)),
        Segment('looks ahead', 1.0, sticks=(0.0, 0.0, -1.0, 0.0)),
        Segment('stands up', 2.0, HOLD | {'Up'}),
    ]


def _drive(seconds: float) -> list[Segment]:
    ways = [
        ('drives forward', (0.0, 1.0), HOLD),
        ('drives back', (0.0, -1.0), HOLD),
        ('drives left', (-1.0, 0.0), HOLD),
        ('drives right', (1.0, 0.0), HOLD),
        ('turns left', (-1.0, 0.0), HOLD | {'LStick'}),
        ('turns right', (1.0, 0.0), HOLD | {'LStick'}),
    ]
    acts = []
    for text, (x, y), pressed in ways:
        acts += [
            Segment(text, seconds, pressed, (x, y, 0.0, 0.0)),
            Segment('stops', 0.4),
        ]
    return acts
