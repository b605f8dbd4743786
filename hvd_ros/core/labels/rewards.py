# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Rewards as the paper gives them: the score at the end of each stage, -0.001 on every other step.

A stage that nobody marked was not reached: it pays nothing, and its steps cost as all others do. A
stage that ended with score 0 pays 0 on that one step, not -0.001.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import LabelError
from hvd_ros.core.labels.labels import Mark

STEP = -0.001


def rewards(marks: Iterable[Mark], frames: int) -> NDArray[np.float64]:
    """
    Return the reward of each frame, (frames,).

    Takes the marks of one author or `Labels.resolved()`; two marks on one stage are a LabelError,
    since its score would be paid twice. Two stages that end in the same frame pay both.
    """
    values = np.full(frames, STEP)
    ends: dict[int, float] = {}
    seen: set[int] = set()
    for mark in marks:
        if not 0 <= mark.frame < frames:
            raise LabelError(
                f'stage {mark.stage} ends at frame {mark.frame}; frames go from 0 to {frames - 1}'
            )
        if mark.stage in seen:
            raise LabelError(f'stage {mark.stage} is marked twice; use Labels.resolved()')
        seen.add(mark.stage)
        ends[mark.frame] = ends.get(mark.frame, 0.0) + mark.score
    for frame, score in ends.items():
        values[frame] = score
    return values


def terminals(frames: int) -> NDArray[np.bool_]:
    """Return (frames,): true on the last frame only, whatever the last stage's score is."""
    values = np.zeros(frames, dtype=np.bool_)
    values[-1:] = True
    return values
