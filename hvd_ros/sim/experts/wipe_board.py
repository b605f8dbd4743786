# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Wipe Board: fetch the eraser, stroke the marks row by row at a steady force, bring it back."""

from collections.abc import Sequence

import numpy as np

from hvd_ros.core.robot.body import Array
from hvd_ros.sim.experts.acts import Act
from hvd_ros.sim.experts.motion import AHEAD, Moves, Operator
from hvd_ros.sim.experts.senses import Look
from hvd_ros.sim.ik import Grip
from hvd_ros.sim.tasks.wipe_board import BOARD_X, ERASER, LIFTED, MARKS, TRAY

SIDE = 'right'
FORCE_N = 8.0
_YIELD_M_N = 0.0006  # deeper per newton that is missing
_STROKE_M = 0.012  # along the board in a control step
_FAR = 0.75  # from the base to the board


def wipe_board(op: Operator) -> Sequence[Act]:
    """Wipe all marks away."""
    return WipeBoard(op).acts()


class WipeBoard:
    """The work at the board, done with the right hand."""

    def __init__(self, op: Operator) -> None:
        self._op = op
        self._middle = float(op.eyes.spots('mark', MARKS)[:, 1].mean())

    def acts(self) -> Sequence[Act]:
        """Return the parts of the work."""
        op = self._op
        return (
            Act('go', self._go, lambda: op.at(*self._stance(op.eyes.look))),
            Act('fetch', self._fetch, self._up, self._let_be),
            Act('wipe', self._wipe, lambda: not self._marks().size),
            Act('bring back', self._bring_back, self._away, self._let_be, back='fetch'),
        )

    def _marks(self) -> Array:
        return self._op.eyes.spots('mark', MARKS)

    def _stance(self, look: Look) -> tuple[float, float, float]:
        board, eraser = look('whiteboard')[0], look('eraser')[0]
        return float(board[0]) - _FAR, float(eraser[1] + self._middle) / 2 + 0.2, 0.0

    def _go(self) -> Moves:
        yield from self._op.drive(*self._stance(self._op.eyes.see))

    def _fetch(self) -> Moves:
        op = self._op
        eraser, _ = op.eyes.see('eraser')
        op.openings[SIDE] = 1.0
        yield from op.reach(_at(eraser, -0.15, 0.05), 22)
        yield from op.reach(_at(eraser, -0.15, 0.012), 8)
        yield from op.close_in(_at(eraser, -0.02, 0.012), 12, near=5e-3)
        yield from op.close(SIDE)
        yield from op.reach(_at(eraser, -0.07, 0.10), 12)

    def _up(self) -> bool:
        return bool(self._op.eyes.look('eraser')[0][2] > TRAY + ERASER[2] + LIFTED)

    def _let_be(self) -> Moves:
        op = self._op
        yield from op.open(SIDE)
        hand = op.eyes.hand(SIDE)
        yield from op.reach({SIDE: Grip(hand.position - [0.12, 0, 0], hand.axes)}, 12)

    def _wipe(self) -> Moves:
        op, marks = self._op, self._marks()
        if not marks.size:
            return
        held = op.eyes.see('eraser')[0] - op.eyes.hand(SIDE).position
        touching = BOARD_X + 0.001 - ERASER[0] - held[0]
        path = _path(marks)
        op.carry(SIDE, to=np.array([touching, *(path[-1] - held[1:])]))
        start = np.array([touching - 0.04, path[0][0] - held[1], path[0][1] - held[2]])
        yield from op.reach({SIDE: Grip(start, AHEAD)}, 20)
        now, depth = path[0], -0.02
        heavy = op.mishaps.heaviness
        for goal in (path[0], path[0], *path):
            for _ in range(60):
                force = op.eyes.press('whiteboard', 'eraser')
                deeper = np.clip(heavy * _YIELD_M_N * (heavy * FORCE_N - force), -0.004, 0.004)
                depth = float(np.clip(depth + deeper, -0.03, 0.04 * heavy))
                left = goal - now
                far = float(np.linalg.norm(left))
                stroke = _STROKE_M / op.mishaps.slowness
                now = now + left * min(1.0, stroke / max(far, 1e-9))
                at = np.array([touching + depth, now[0] - held[1], now[1] - held[2]])
                op.aim({SIDE: Grip(at, AHEAD)}, steps=3)
                yield op.act()
                if far < 0.005 and (force > 4 or depth > 0.03):
                    break
        yield from op.reach({SIDE: Grip(op.eyes.hand(SIDE).position - [0.06, 0, 0], AHEAD)}, 10)

    def _bring_back(self) -> Moves:
        op = self._op
        slot, _ = op.eyes.see('slot')
        held = op.eyes.see('eraser')[0] - op.eyes.hand(SIDE).position
        over = slot + [0, 0, ERASER[2]] - held
        op.carry(SIDE, to=over)
        yield from op.reach(_at(over, -0.03, 0.07), 22)
        yield from op.reach(_at(over, 0.0, 0.04), 10)
        yield from op.reach(_at(over, 0.0, 0.004), 10, near=4e-3)
        yield from op.open(SIDE)
        yield from op.reach(_at(over, -0.15, 0.02), 12)

    def _away(self) -> bool:
        """Look whether it lies in its slot, or where nobody gets it any more."""
        place, axes = self._op.eyes.look('eraser')
        return self._op.eyes.stage(2) == 1.0 or axes[2, 2] < 0.9 or place[2] < TRAY


def _path(marks: Array) -> list[Array]:
    """Return corners of rows from top to bottom, there and back."""
    (y0, z0), (y1, z1) = marks[:, 1:].min(axis=0), marks[:, 1:].max(axis=0)
    rows = np.linspace(z1 - 0.01, z0 + 0.01, 3)
    ends = ((y0 + 0.01, y1 - 0.01), (y1 - 0.01, y0 + 0.01))
    return [np.array([y, z]) for i, z in enumerate(rows) for y in ends[i % 2]]


def _at(place: Array, ahead: float, up: float) -> dict[str, Grip]:
    return {SIDE: Grip(place + [ahead, 0, up], AHEAD)}
