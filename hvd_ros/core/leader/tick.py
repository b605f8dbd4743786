# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One tick of the leader, from what its devices said to what is asked of the robot, and why.

Pure: the node only reads devices, calls step() and publishes the answer.
"""

from dataclasses import dataclass

import numpy as np

from hvd_ros.core.leader.buttons import LEFT_BUTTONS, RIGHT_BUTTONS, Action, ButtonTracker, Presses
from hvd_ros.core.leader.engagement import EngageInput, EngageMachine, Engagement
from hvd_ros.core.leader.pose_gate import PoseGate, PoseGateConfig, check_pose
from hvd_ros.core.leader.teleop import Stick, Teleop, TeleopConfig, TeleopInput
from hvd_ros.core.reasons import Reason
from hvd_ros.core.robot.body import Array, Body


@dataclass(frozen=True)
class Pad:
    """One Joy-Con that is heard."""

    pressed: frozenset[str]
    stick: Stick


@dataclass(frozen=True, eq=False)
class LeaderInput:
    """What is known in this tick; None is what is not heard, or too old to act on."""

    now_ns: int  # steady clock
    arms: Array | None  # leader joints (J,) [rad]
    left: Pad | None
    right: Pad | None
    measured: Array | None  # robot (D,) in units of the command, NaN where unknown
    feedback: Reason = Reason.NONE  # why `measured` may not be trusted: NO_/STALE_FEEDBACK
    estop: bool = False  # the mux is stopped
    foreign: bool = False  # another source drives the robot


@dataclass(frozen=True, eq=False)
class LeaderOutput:
    """What the leader asks for."""

    values: Array  # (D,)
    engagement: Engagement
    presses: Presses
    sticks: tuple[float, float, float, float]  # left x, y, right x, y
    gate: PoseGate | None  # None while leader or robot is not heard


class Leader:
    """The whole leader without its devices."""

    def __init__(
        self,
        body: Body,
        joints: tuple[str, ...],
        teleop: TeleopConfig | None = None,
        gate: PoseGateConfig | None = None,
    ) -> None:
        self._teleop = Teleop(body, joints, teleop)
        self._arms = np.array([body.index(name) for name in joints], np.intp)
        self._unknown = np.full(body.size, np.nan)
        self._gate_config = gate or PoseGateConfig()
        self._tracker = ButtonTracker()
        self._machine = EngageMachine()
        self._gate: PoseGate | None = None
        self._before_ns: int | None = None

    def step(self, seen: LeaderInput) -> LeaderOutput:
        """Decide and map; called once per tick."""
        dt_s = 0.0 if self._before_ns is None else (seen.now_ns - self._before_ns) / 1e9
        self._before_ns = seen.now_ns
        presses = self._presses(seen)
        self._gate = self._check(seen)
        verdict = self._machine.step(
            EngageInput(
                fault=_fault(seen, presses),
                toggled=Action.ENGAGE_TOGGLE in presses.events,
                deadman=presses.deadman,
                stuck=presses.stuck,
                gate=self._gate_reason(seen),
            )
        )
        if seen.foreign:
            self._teleop.forget()
        left, right = _stick(seen.left), _stick(seen.right)
        values = self._teleop.step(
            TeleopInput(
                dt_s=dt_s,
                engaged=verdict.engaged,
                arms=seen.arms,
                pressed=presses.pressed,
                events=presses.events,
                left_stick=left,
                right_stick=right,
                measured=self._unknown if seen.measured is None else seen.measured,
            )
        )
        return LeaderOutput(values, verdict, presses, (*left, *right), self._gate)

    def _presses(self, seen: LeaderInput) -> Presses:
        unknown: frozenset[str] = frozenset()
        pressed: frozenset[str] = frozenset()
        for pad, names in ((seen.left, LEFT_BUTTONS), (seen.right, RIGHT_BUTTONS)):
            if pad is None:
                unknown |= frozenset(names)
            else:
                pressed |= pad.pressed
        return self._tracker.step(seen.now_ns, pressed, unknown)

    def _check(self, seen: LeaderInput) -> PoseGate | None:
        if seen.arms is None or seen.measured is None:
            return None
        was_ok = self._gate is not None and self._gate.ok
        return check_pose(seen.arms, seen.measured[self._arms], was_ok, self._gate_config)

    def _gate_reason(self, seen: LeaderInput) -> Reason:
        if seen.feedback:
            return seen.feedback
        if self._gate is None:
            return Reason.NO_FEEDBACK
        return Reason.NONE if self._gate.ok else Reason.POSE_MISMATCH


def _fault(seen: LeaderInput, presses: Presses) -> Reason:
    if Action.ESTOP in presses.events:
        return Reason.ESTOP_BUTTON
    if seen.estop:
        return Reason.ESTOP_LATCHED
    if seen.arms is None:
        return Reason.LEADER_FAULT
    if seen.left is None or seen.right is None:
        return Reason.STALE_BUTTONS
    return Reason.NONE


def _stick(pad: Pad | None) -> Stick:
    return (0.0, 0.0) if pad is None else pad.stick
