# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
In which order policies are tried where a person lays out the scene and gives the scores.

At every placement each policy has its turn once, so that policies are compared in pairs. Over so
many placements as there are policies, each comes once at every turn: a battery that runs down or a
judge who grows strict then falls on all of them alike. Which one is where nobody can tell.
"""

from collections.abc import Sequence
from random import Random


def turns(policies: Sequence[str], scene: str, placement: int, key: str) -> tuple[str, ...]:
    """
    Return the policies in the order of their turns at the n-th placement of a scene.

    The same key gives the same order whatever was asked before, and however the policies are
    sorted: what is interrupted goes on, and more placements change none that is done.
    """
    count = len(policies)
    square, row = divmod(placement, count)
    # A text seeds Random by its SHA-512: the same in every process and version of Python.
    dice = Random(f'{key}/{scene}/{square}')  # noqa: S311 - an order is no secret
    names, columns, rows = sorted(policies), list(range(count)), list(range(count))
    for shuffled in (names, columns, rows):
        dice.shuffle(shuffled)
    # Rows and columns of a Latin square in any order are one again.
    return tuple(names[(rows[row] + column) % count] for column in columns)
