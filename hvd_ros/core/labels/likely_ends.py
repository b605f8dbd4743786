# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Where a stage has probably ended: a gripper that closed or opened, a base that came to rest.

The labeller jumps between these, so that most of an episode need not be watched frame by frame.
They are hints for a person and never labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.robot.body import Body, Kind

_HALF_OPEN = 0.5
# A gripper that holds something stops early: half way counts, jitter about half way does not.
_DEAD_BAND = 0.1
_RESTING = 0.02  # m/s, rad/s
_MOVING = 0.04
# Arms that swing shake the base for less than this; shorter rests are pauses in between.
_MOVE_FRAMES = 5
_REST_FRAMES = 5
_APART_FRAMES = 5

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Event:
    """Something that happened at a frame, in a few words."""

    frame: int
    what: str


def likely_ends(position: Array, body: Body) -> list[Event]:
    """
    Find the events in measured positions, (T, D) in the order of the body.

    Always ends with the last frame: an attempt that failed often just stops there.
    """
    found: list[Event] = []
    for index, dimension in enumerate(body.dimensions):
        if dimension.kind is Kind.OPENING:
            found += gripper_turns(position[:, index], dimension.name.replace('_', ' '))
    base = [i for i, d in enumerate(body.dimensions) if d.kind is Kind.VELOCITY]
    if base:
        found += base_stops(np.abs(position[:, base]).max(axis=1))
    if len(position):
        found.append(Event(len(position) - 1, 'end'))
    return _merged(found)


def gripper_turns(opening: Array, name: str) -> list[Event]:
    """Return the frames at which an opening (0 closed, 1 open) has come past half way."""
    events: list[Event] = []
    state: bool | None = None
    for frame, value in enumerate(opening):
        if np.isnan(value) or abs(value - _HALF_OPEN) < _DEAD_BAND:
            continue
        is_open = bool(value > _HALF_OPEN)
        if state is not None and is_open is not state:
            events.append(Event(frame, f'{name} {"opens" if is_open else "closes"}'))
        state = is_open
    return events


def base_stops(speed: Array) -> list[Event]:
    """Return the frames at which a base that moved came to rest and stayed there for a while."""
    events: list[Event] = []
    moved, moving = False, 0
    for frame, value in enumerate(speed):
        moving = moving + 1 if value > _MOVING else 0
        moved = moved or moving >= _MOVE_FRAMES
        rest = speed[frame : frame + _REST_FRAMES]
        if moved and bool(np.all(rest < _RESTING)):
            events.append(Event(frame, 'base stops'))
            moved = False
    return events


def _merged(events: Sequence[Event]) -> list[Event]:
    """Join events that are so near that one look serves both; the later frame stays."""
    merged: list[Event] = []
    for event in sorted(events, key=lambda event: event.frame):
        if merged and event.frame - merged[-1].frame < _APART_FRAMES:
            words = dict.fromkeys([*merged[-1].what.split(', '), event.what])
            merged[-1] = Event(event.frame, ', '.join(words))
        else:
            merged.append(event)
    return merged
