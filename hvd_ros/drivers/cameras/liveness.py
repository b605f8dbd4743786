# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Whether a shot is a new picture or an old one that is shown again.

A camera that hangs may go on delivering, with new numbers and new stamps. Noise makes two
pictures of a real sensor differ always, so that equal ones are one and the same.
"""

import numpy as np

from hvd_ros.drivers.cameras.camera import Shot

# Every so many pixels are looked at first; nearly every shot is told apart by them.
_COARSE = 16


class Liveness:
    """Judges each shot against the last new one."""

    def __init__(self, *, noisy: bool) -> None:
        """`noisy`: equal pixels are one picture; drawn pictures of a still scene are equal too."""
        self._noisy = noisy
        self._last: Shot | None = None

    def judge(self, shot: Shot) -> str:
        """Return why the shot is not new; empty if it is."""
        last = self._last
        if last is not None:
            if shot.sequence == last.sequence:
                return f'the same image number {shot.sequence} comes again'
            if shot.captured_steady_ns <= last.captured_steady_ns:
                return 'the capture time stands still or goes back'
            if self._noisy and _equal(shot.color, last.color):
                return 'the colour image repeats itself to the last bit'
            if self._noisy and shot.depth_mm.any() and _equal(shot.depth_mm, last.depth_mm):
                return 'the depth image repeats itself to the last bit'
        self._last = shot
        return ''


def blank(shot: Shot) -> bool:
    """Return whether the colour image has one value everywhere: a covered or broken imager."""
    coarse = shot.color[::_COARSE, ::_COARSE]
    if coarse.min() != coarse.max():
        return False
    return bool(shot.color.min() == shot.color.max())


def _equal(one: np.ndarray, other: np.ndarray) -> bool:  # type: ignore[type-arg]
    coarse = (slice(None, None, _COARSE), slice(None, None, _COARSE))
    return np.array_equal(one[coarse], other[coarse]) and np.array_equal(one, other)
