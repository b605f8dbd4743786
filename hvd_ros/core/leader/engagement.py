# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Is an operator engaged? The rules of docs/architecture.md, "Who may move the robot", as a machine.

Plus arms, the dead-man engages, and only at that moment must leader and robot stand close. Every
fault and every e-stop disarms: nothing starts to move because a cable was plugged in again.
"""

from dataclasses import dataclass
from enum import StrEnum

from hvd_ros.core.reasons import Reason


class Change(StrEnum):
    """What just happened, for the rumble and the log."""

    NONE = ''
    ARMED = 'armed'
    DISARMED = 'disarmed'
    ENGAGED = 'engaged'
    RELEASED = 'released'
    REFUSED = 'refused'
    LOST = 'lost'


@dataclass(frozen=True)
class EngageInput:
    """What is true in this tick."""

    fault: Reason  # LEADER_FAULT, STALE_BUTTONS, an e-stop, ...; NONE if the leader is well
    toggled: bool  # Plus went down
    deadman: bool  # L or R is held and not stuck
    stuck: bool  # L or R is held for too long
    gate: Reason  # NONE if leader and robot stand close, otherwise why that is not known or true


@dataclass(frozen=True)
class Engagement:
    """The verdict of one tick."""

    armed: bool = False
    engaged: bool = False
    reason: Reason = Reason.DISENGAGED  # why not engaged
    change: Change = Change.NONE
    refused: bool = False  # armed and held, but not close when that became true


class EngageMachine:
    """Steps from one verdict to the next."""

    def __init__(self) -> None:
        self._now = Engagement()

    def step(self, seen: EngageInput) -> Engagement:
        """Return whether the operator is engaged in this tick, and why not."""
        self._now = self._next(self._now, seen)
        return self._now

    def _next(self, was: Engagement, seen: EngageInput) -> Engagement:
        if seen.fault:
            change = Change.LOST if was.armed else Change.NONE
            return Engagement(False, False, seen.fault, change)
        armed = was.armed != seen.toggled
        if not armed:
            change = Change.DISARMED if was.armed else Change.NONE
            return Engagement(False, False, Reason.DISENGAGED, change)
        if not seen.deadman:
            reason = Reason.STUCK_BUTTON if seen.stuck else Reason.DEADMAN_RELEASED
            return Engagement(True, False, reason, self._released(was))
        if was.engaged:
            return Engagement(True, True, Reason.NONE)
        if was.refused:
            # The dead-man must be let go first, so that a leader which drifts into the robot's
            # pose does not take over by itself.
            return Engagement(True, False, seen.gate or Reason.DISENGAGED, refused=True)
        if seen.gate:
            return Engagement(True, False, seen.gate, Change.REFUSED, refused=True)
        return Engagement(True, True, Reason.NONE, Change.ENGAGED)

    @staticmethod
    def _released(was: Engagement) -> Change:
        if was.engaged:
            return Change.RELEASED
        return Change.NONE if was.armed else Change.ARMED
