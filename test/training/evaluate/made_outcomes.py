# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Outcomes of episodes that nobody played."""

from hvd_training.evaluate.outcome import Ending, Outcome

SEEDS = range(2_000_000, 2_001_000)


def played(successes, task='pen_insert', setting='usual', stages=1):
    """Return an episode a letter or number: a success where it is true."""
    return [
        Outcome(task, setting, seed, Ending.PLAYED, (float(bool(s)),) * stages, duration_s=1.0)
        for seed, s in zip(SEEDS, successes, strict=False)
    ]


def scored(rows, task='wipe_board', setting='usual'):
    """Return an episode for each tuple of stage scores."""
    return [
        Outcome(task, setting, seed, Ending.PLAYED, tuple(map(float, row)), duration_s=1.0)
        for seed, row in zip(SEEDS, rows, strict=False)
    ]
