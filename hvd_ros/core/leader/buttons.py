# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The one table of the Joy-Con buttons, and the presses that it gives a meaning to.

The leader node, the mux and the recorder all read the same Joy message through this file, so that
no button can mean two things.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hvd_ros.core.errors import ContractMismatch

LEFT_BUTTONS = (
    *('Minus', 'Capture', 'LStick', 'L', 'ZL', 'LSL', 'LSR'),
    *('Up', 'Down', 'Left', 'Right'),
)
RIGHT_BUTTONS = ('Plus', 'Home', 'RStick', 'R', 'ZR', 'RSL', 'RSR', 'A', 'B', 'X', 'Y')
# The order of sensor_msgs/Joy.buttons and .axes on `joylo/buttons` and `sim_joylo/pads`.
BUTTONS = LEFT_BUTTONS + RIGHT_BUTTONS
AXES = ('left_x', 'left_y', 'right_x', 'right_y')  # -1..1, right and up are positive

DOUBLE_TAP_NS = 600_000_000  # longest time between the two presses of Home
STUCK_NS = 300_000_000_000  # a dead-man held longer without an edge is taped down or broken


class Action(StrEnum):
    """What a press asks for; levels last as long as the button is held."""

    DEADMAN = 'deadman'
    ENGAGE_TOGGLE = 'engage_toggle'
    ESTOP = 'estop'
    RECORD_TOGGLE = 'record_toggle'
    PAUSE = 'pause'
    SAVE = 'save'
    DISCARD = 'discard'
    STAGE_FAIL = 'stage_fail'
    STAGE_PARTIAL = 'stage_partial'
    STAGE_SUCCESS = 'stage_success'
    STAND = 'stand'
    SQUAT = 'squat'
    GRIP_LEFT = 'grip_left'
    GRIP_RIGHT = 'grip_right'
    TURN = 'turn'


class Press(StrEnum):
    """How a button must be pressed."""

    HELD = 'held'
    ONCE = 'once'
    TWICE = 'twice'


@dataclass(frozen=True)
class Binding:
    """One row of the table: these buttons together, pressed so, mean that."""

    action: Action
    chord: frozenset[str]
    press: Press
    text: str


def _rows(action: Action, press: Press, text: str, *chords: str) -> list[Binding]:
    return [Binding(action, frozenset(c.split('+')), press, text) for c in chords]


# fmt: off
TABLE: tuple[Binding, ...] = (
    *_rows(Action.DEADMAN, Press.HELD, 'dead-man: the robot moves only while held', 'L', 'R'),
    *_rows(Action.ENGAGE_TOGGLE, Press.ONCE, 'arm the leader, take over; again: disarm', 'Plus'),
    *_rows(Action.ESTOP, Press.ONCE, 'emergency stop', 'Minus+Plus'),
    *_rows(Action.ESTOP, Press.TWICE, 'emergency stop', 'Home'),
    *_rows(Action.RECORD_TOGGLE, Press.ONCE, 'start or stop an episode', 'A'),
    *_rows(Action.PAUSE, Press.ONCE, 'pause or go on', 'B'),
    *_rows(Action.SAVE, Press.ONCE, 'keep the stopped episode', 'Y'),
    *_rows(Action.DISCARD, Press.ONCE, 'throw the stopped episode away', 'X'),
    *_rows(Action.STAGE_FAIL, Press.ONCE, 'stage ends with score 0', 'Left'),
    *_rows(Action.STAGE_PARTIAL, Press.ONCE, 'stage ends with score 0.5', 'LSL', 'LSR', 'RSL', 'RSR'),  # noqa: E501
    *_rows(Action.STAGE_SUCCESS, Press.ONCE, 'stage ends with score 1', 'Right'),
    *_rows(Action.STAND, Press.HELD, 'rise with a level trunk', 'Up'),
    *_rows(Action.SQUAT, Press.HELD, 'squat with a level trunk', 'Down'),
    *_rows(Action.GRIP_LEFT, Press.HELD, 'left gripper', 'ZL'),
    *_rows(Action.GRIP_RIGHT, Press.HELD, 'right gripper', 'ZR'),
    *_rows(Action.TURN, Press.HELD, 'left stick turns instead of driving', 'LStick'),
)
# fmt: on

_DEADMAN = frozenset(n for row in TABLE if row.action is Action.DEADMAN for n in row.chord)
STAGE_SCORES = {Action.STAGE_FAIL: 0.0, Action.STAGE_PARTIAL: 0.5, Action.STAGE_SUCCESS: 1.0}


def collisions(table: Iterable[Binding]) -> list[str]:
    """Name every chord that two different actions claim, and every unknown button."""
    found: list[str] = []
    owners: dict[frozenset[str], Action] = {}
    for row in table:
        found += [f"unknown button '{name}'" for name in sorted(row.chord - set(BUTTONS))]
        # How a chord is pressed makes no difference: each way begins with the same first press.
        other = owners.setdefault(row.chord, row.action)
        if other is not row.action:
            found.append(f'{"+".join(sorted(row.chord))}: {other} and {row.action}')
    return found


def to_levels(pressed: Iterable[str]) -> list[int]:
    """Return the buttons of a Joy message."""
    down = frozenset(pressed)
    return [int(name in down) for name in BUTTONS]


def from_levels(levels: Sequence[int]) -> frozenset[str]:
    """Return the names of the pressed buttons of a Joy message, or refuse a foreign one."""
    if len(levels) != len(BUTTONS):
        raise ContractMismatch(
            f'a Joy message with {len(levels)} buttons is not from our Joy-Cons '
            f'({len(BUTTONS)}); remap the other gamepad away from joylo/buttons'
        )
    return frozenset(name for name, level in zip(BUTTONS, levels, strict=True) if level)


def held(pressed: frozenset[str], action: Action) -> bool:
    """Tell whether a held action is down."""
    return any(row.action is action and row.chord <= pressed for row in TABLE)


@dataclass(frozen=True)
class Presses:
    """What one step of the tracker saw."""

    events: frozenset[Action]  # actions of which a press began (or the second press of two)
    pressed: frozenset[str]
    deadman: bool  # L or R is held, and not stuck
    stuck: bool  # L or R is held for longer than a person would


class ButtonTracker:
    """
    Turns levels into events, once per press.

    Buttons of a pad that is not heard are `unknown`. A button that comes back pressed from there
    makes no event, because nobody saw the press; only the e-stop still fires.
    """

    def __init__(self, stuck_ns: int = STUCK_NS) -> None:
        self._stuck_ns = stuck_ns
        self._pressed: frozenset[str] = frozenset()
        self._unknown: frozenset[str] = frozenset()
        self._since: dict[str, int] = {}  # when a dead-man button went down
        self._tap_ns: dict[frozenset[str], int] = {}  # first press of two

    def step(
        self, now_ns: int, pressed: frozenset[str], unknown: frozenset[str] = frozenset()
    ) -> Presses:
        """Take the levels of one tick (steady clock) and return what began in it."""
        pressed = pressed - unknown
        events = frozenset(row.action for row in TABLE if self._began(now_ns, row, pressed))
        if Action.ESTOP in events:
            # Plus is part of the e-stop chord and must not arm the leader in the same tick.
            events -= {Action.ENGAGE_TOGGLE}
        self._pressed, self._unknown = pressed, unknown
        stuck = self._stuck(now_ns, pressed)
        return Presses(events, pressed, bool((pressed & _DEADMAN) - stuck), bool(stuck))

    def _began(self, now_ns: int, row: Binding, pressed: frozenset[str]) -> bool:
        if not row.chord <= pressed or row.chord <= self._pressed:
            return False
        if row.action is not Action.ESTOP and row.chord & self._unknown:
            return False
        if row.press is not Press.TWICE:
            return True
        first = self._tap_ns.pop(row.chord, None)
        if first is not None and now_ns - first <= DOUBLE_TAP_NS:
            return True
        self._tap_ns[row.chord] = now_ns
        return False

    def _stuck(self, now_ns: int, pressed: frozenset[str]) -> frozenset[str]:
        self._since = {n: self._since.get(n, now_ns) for n in pressed & _DEADMAN}
        return frozenset(n for n, since in self._since.items() if now_ns - since > self._stuck_ns)
