# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Wipe Board: fetch the eraser, stroke the marks row by row at a steady force, bring it back."""

import numpy as np

from hvd_ros.core.robot.body import Array
from hvd_ros.sim.experts.motion import AHEAD, Moves, Operator
from hvd_ros.sim.ik import Grip
from hvd_ros.sim.tasks.wipe_board import BOARD_X, ERASER, MARKS

SIDE = 'right'
FORCE_N = 8.0
_YIELD_M_N = 0.0006  # deeper per newton that is missing
_STROKE_M = 0.012  # along the board in a control step


def wipe_board(op: Operator) -> Moves:
    """Wipe all marks away."""
    eraser, _ = op.see('eraser')
    marks = op.sites('mark', MARKS)
    yield from op.drive(BOARD_X - 0.75, (eraser[1] + marks[:, 1].mean()) / 2 + 0.2, 0.0)
    yield from _fetch(op)
    yield from _wipe(op, marks)
    yield from _bring_back(op)
    yield from op.wait(5)


def _fetch(op: Operator) -> Moves:
    eraser, _ = op.see('eraser')
    op.openings[SIDE] = 1.0
    yield from op.reach(_at(eraser, -0.15, 0.05), 22)
    yield from op.reach(_at(eraser, -0.15, 0.012), 8)
    yield from op.reach(_at(eraser, -0.02, 0.012), 12, near=5e-3)
    yield from op.grip(SIDE)
    yield from op.reach(_at(eraser, -0.07, 0.10), 12)


def _wipe(op: Operator, marks: Array) -> Moves:
    held = op.see('eraser')[0] - op.hand(SIDE).position
    touching = BOARD_X + 0.001 - ERASER[0] - held[0]
    path = _path(marks)
    start = np.array([touching - 0.04, path[0][0] - held[1], path[0][1] - held[2]])
    yield from op.reach({SIDE: Grip(start, AHEAD)}, 20)
    now, depth = path[0], -0.02
    for goal in (path[0], path[0], *path):
        for _ in range(60):
            force = op.press('whiteboard', 'eraser')
            deeper = np.clip(_YIELD_M_N * (FORCE_N - force), -0.004, 0.004)
            depth = float(np.clip(depth + deeper, -0.03, 0.04))
            left = goal - now
            far = float(np.linalg.norm(left))
            now = now + left * min(1.0, _STROKE_M / max(far, 1e-9))
            at = np.array([touching + depth, now[0] - held[1], now[1] - held[2]])
            op.aim({SIDE: Grip(at, AHEAD)}, steps=3)
            yield op.act()
            if far < 0.005 and (force > 4 or depth > 0.03):
                break
    yield from op.reach({SIDE: Grip(op.hand(SIDE).position - [0.06, 0, 0], AHEAD)}, 10)


def _path(marks: Array) -> list[Array]:
    """Return corners of rows from top to bottom, there and back."""
    (y0, z0), (y1, z1) = marks[:, 1:].min(axis=0), marks[:, 1:].max(axis=0)
    rows = np.linspace(z1 - 0.01, z0 + 0.01, 3)
    ends = ((y0 + 0.01, y1 - 0.01), (y1 - 0.01, y0 + 0.01))
    return [np.array([y, z]) for i, z in enumerate(rows) for y in ends[i % 2]]


def _bring_back(op: Operator) -> Moves:
    slot, _ = op.see('slot')
    held = op.see('eraser')[0] - op.hand(SIDE).position
    over = slot + [0, 0, ERASER[2]] - held
    yield from op.reach(_at(over, -0.03, 0.07), 22)
    yield from op.reach(_at(over, 0.0, 0.04), 10)
    yield from op.reach(_at(over, 0.0, 0.004), 10, near=4e-3)
    yield from op.grip(SIDE, opening=1.0)
    yield from op.reach(_at(over, -0.15, 0.02), 12)


def _at(place: Array, ahead: float, up: float) -> dict[str, Grip]:
    return {SIDE: Grip(place + [ahead, 0, up], AHEAD)}
