# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
From the buttons of the Joy-Cons to what they ask of the recorder, once per press.

A pad that drops out shows its buttons as up. One that comes back with A still held has not been
pressed again, so a press counts only after the button was up for a while.
"""

from hvd_ros.core.leader.buttons import Action, ButtonTracker, held
from hvd_ros.core.recorder.session import ACTIONS

UP_NS = 500_000_000  # longer than a hiccup of the radio, shorter than two wishes apart


class RecorderPresses:
    """Keeps which buttons were down when."""

    def __init__(self) -> None:
        self._tracker = ButtonTracker()
        self._down_ns: dict[Action, int] = {}

    def step(self, now_ns: int, pressed: frozenset[str]) -> tuple[Action, ...]:
        """Take the levels of one message (steady clock); return the wishes that began in it."""
        events = self._tracker.step(now_ns, pressed).events
        wishes = tuple(
            action
            for action in ACTIONS
            if action in events and now_ns - self._down_ns.get(action, -UP_NS) >= UP_NS
        )
        self._down_ns |= {action: now_ns for action in ACTIONS if held(pressed, action)}
        return wishes
